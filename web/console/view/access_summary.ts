// SPDX-License-Identifier: Apache-2.0
// What happened at a door, in one line.

import {
  type AccessDecision,
  AccessReason,
  type BadgeRead,
  DecidedBy,
  Direction,
  type Event,
  LeafChange,
  OrderKind,
  OrderOutcome,
  PanelChange,
  type PanelEventsLost,
} from "../../generated/event_pb";
import type { Translator } from "../../shared/i18n";
import { enumName } from "./enum_name";

export function accessSummary(text: Translator, body: Event["body"]): string {
  const word = (
    values: Record<number, string>,
    prefix: string,
    value: number,
  ): string => text.word("enum", enumName(values, prefix, value));
  switch (body.case) {
    case "badgeRead":
      return badgeSummary(text, body.value);
    case "accessGranted":
    case "accessDenied":
      return decisionSummary(text, body.value);
    case "leafChanged":
      return text.t("summary.leafChanged", {
        leaf: body.value.leaf,
        change: word(LeafChange, "LEAF_CHANGE", body.value.change),
      });
    case "panelChanged": {
      const { origin, change, value } = body.value;
      const line = {
        panel: origin?.panel ?? "",
        change: word(PanelChange, "PANEL_CHANGE", change),
      };
      return value === 0n
        ? text.t("summary.panelChanged", line)
        : text.t("summary.panelChangedValue", { ...line, value });
    }
    case "panelEventsLost":
      return lostSummary(text, body.value);
    case "panelDescribed": {
      const { panel, board, firmware } = body.value;
      return text.t("summary.panelDescribed", { panel, board, firmware });
    }
    case "orderEnded": {
      const { panel, leaf, kind, outcome } = body.value;
      return joined([
        panel,
        leaf,
        word(OrderKind, "ORDER_KIND", kind),
        word(OrderOutcome, "ORDER_OUTCOME", outcome),
      ]);
    }
    default:
      return "";
  }
}

function badgeSummary(text: Translator, read: BadgeRead): string {
  const direction =
    read.direction === Direction.UNSPECIFIED
      ? ""
      : text.word("enum", enumName(Direction, "DIRECTION", read.direction));
  return joined([
    read.leaf,
    read.reader,
    direction,
    read.credential === "" ? text.t("summary.unknownBadge") : read.credential,
  ]);
}

function decisionSummary(text: Translator, decision: AccessDecision): string {
  const { leaf, person, secondPerson, reason, decidedBy } = decision;
  const first = person === "" ? text.t("summary.nobody") : person;
  return joined([
    leaf,
    secondPerson === ""
      ? first
      : text.t("summary.withSecond", { first, second: secondPerson }),
    text.word("enum", enumName(AccessReason, "ACCESS_REASON", reason)),
    decidedBy === DecidedBy.PANEL ? text.t("summary.byPanel") : "",
  ]);
}

function lostSummary(text: Translator, lost: PanelEventsLost): string {
  return lost.isUnknown
    ? text.t("summary.panelLostUnknown", {
        panel: lost.panel,
        from: lost.fromSeq,
      })
    : text.t("summary.panelLost", {
        panel: lost.panel,
        from: lost.fromSeq,
        to: lost.toSeq,
      });
}

function joined(parts: string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}
