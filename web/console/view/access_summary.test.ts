// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AccessReason,
  DecidedBy,
  Direction,
  EventSchema,
  LeafChange,
  OrderKind,
  OrderOutcome,
  PanelChange,
} from "../../generated/event_pb";
import { Translator } from "../../shared/i18n";
import { accessSummary } from "./access_summary";

type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;

function said(body: Body, language: "en" | "zh" = "en"): string {
  return accessSummary(
    new Translator(language),
    create(EventSchema, { body }).body,
  );
}

test("a decision says where, who and why, and who decided", () => {
  const value = {
    leaf: "vault-door",
    person: "p-1",
    reason: AccessReason.GRANT,
    decidedBy: DecidedBy.AGENT,
  };
  assert.equal(
    said({ case: "accessGranted", value }),
    "vault-door · p-1 · standing right",
  );
  assert.equal(
    said({ case: "accessGranted", value: { ...value, secondPerson: "p-2" } }),
    "vault-door · p-1 and p-2 · standing right",
  );
  assert.equal(
    said({
      case: "accessDenied",
      value: {
        leaf: "vault-door",
        reason: AccessReason.UNKNOWN_CREDENTIAL,
        decidedBy: DecidedBy.PANEL,
      },
    }),
    "vault-door · unknown badge · unknown credential · by the panel alone",
  );
});

test("a badge that nobody knows is named so", () => {
  const value = { leaf: "vault-door", reader: "outside" };
  assert.equal(
    said({ case: "badgeRead", value: { ...value, direction: Direction.IN } }),
    "vault-door · outside · in · unknown badge",
  );
  assert.equal(
    said({ case: "badgeRead", value: { reader: "outside", credential: "c" } }),
    "outside · c",
  );
});

test("what doors, panels and orders did", () => {
  assert.equal(
    said({
      case: "leafChanged",
      value: { leaf: "vault-door", change: LeafChange.FORCED },
    }),
    "vault-door · forced open",
  );
  assert.equal(
    said(
      {
        case: "leafChanged",
        value: { leaf: "vault-door", change: LeafChange.HELD },
      },
      "zh",
    ),
    "vault-door · 开门超时",
  );
  const origin = { panel: "door-1" };
  assert.equal(
    said({
      case: "panelChanged",
      value: { origin, change: PanelChange.TAMPER },
    }),
    "door-1 · tamper",
  );
  assert.equal(
    said({
      case: "panelChanged",
      value: { origin, change: PanelChange.CLOCK_STEPPED, value: -12n },
    }),
    "door-1 · clock stepped · -12",
  );
  assert.equal(
    said({
      case: "orderEnded",
      value: {
        panel: "door-1",
        leaf: "vault-door",
        kind: OrderKind.UNLOCK,
        outcome: OrderOutcome.EXPIRED,
      },
    }),
    "door-1 · vault-door · unlock · expired, not executed",
  );
  assert.equal(
    said({
      case: "orderEnded",
      value: {
        panel: "door-1",
        kind: OrderKind.LOCKDOWN,
        outcome: OrderOutcome.DONE,
      },
    }),
    "door-1 · lockdown · done",
  );
});

test("what is missing is said exactly, or that nobody knows", () => {
  const value = { panel: "door-1", fromSeq: 12, toSeq: 40 };
  assert.equal(said({ case: "panelEventsLost", value }), "door-1: 12–40");
  assert.equal(
    said({ case: "panelEventsLost", value: { ...value, isUnknown: true } }),
    "door-1: unknown since 12",
  );
});
