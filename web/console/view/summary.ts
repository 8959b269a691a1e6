// SPDX-License-Identifier: Apache-2.0
// An entry in one line.

import { type Event, Stream } from "../../generated/event_pb";
import type { Translator } from "../../shared/i18n";
import type { Entry } from "../../shared/verify/entry";
import { enumName } from "./enum_name";
import {
  FindingKind,
  EpochReason,
  RevocationReason,
} from "../../generated/event_pb";
import { accessSummary } from "./access_summary";

export function kindOf(text: Translator, entry: Entry | undefined): string {
  if (entry === undefined) return text.t("entry.malformed");
  if (entry.type === "header") return text.t("entry.header");
  const { case: body } = entry.event.body;
  return body === undefined
    ? text.t("entry.unknownBody")
    : text.word("body", body);
}

export function timeOf(entry: Entry | undefined): bigint | undefined {
  return entry?.type === "event" ? entry.event.occurredUs : undefined;
}

export function summaryOf(text: Translator, entry: Entry | undefined): string {
  if (entry === undefined) return "";
  if (entry.type === "header") {
    const { stream, firstSeq, count } = entry.header;
    return text.t(count === 1 ? "entry.headerOne" : "entry.headerSummary", {
      stream: text.word("enum", enumName(Stream, "STREAM", stream)),
      first: firstSeq,
      last: firstSeq + BigInt(count) - 1n,
      n: count,
    });
  }
  return eventSummary(text, entry.event);
}

function eventSummary(text: Translator, { body }: Event): string {
  switch (body.case) {
    case "windows": {
      const { device, durationMs, good, missed } = body.value;
      const lost = missed.reduce((sum, count) => sum + count, 0);
      const line = text.t("summary.windows", {
        device,
        duration: text.duration(durationMs),
        n: good.length,
      });
      return lost === 0
        ? line
        : `${line} · ${text.t("summary.windowsMissed", { n: lost })}`;
    }
    case "deviceDescribed": {
      const { device, profile, pointCount } = body.value;
      return text.t("summary.deviceDescribed", {
        device,
        profile,
        n: pointCount,
      });
    }
    case "statesDescribed": {
      const { device, point, stateCount } = body.value;
      return text.t("summary.statesDescribed", {
        device,
        point,
        n: stateCount,
      });
    }
    case "deviceIdentified": {
      const { device, name, text: says, previous } = body.value;
      return previous === ""
        ? text.t("summary.deviceIdentified", { device, name, text: says })
        : text.t("summary.deviceIdentifiedOther", {
            device,
            name,
            text: says,
            previous,
          });
    }
    case "sourceEnrolled":
    case "keyRotated":
      return body.value.source;
    case "keyRevoked":
      return text.t("summary.keyRevoked", {
        source: body.value.source,
        reason: text.word(
          "enum",
          enumName(RevocationReason, "REVOCATION_REASON", body.value.reason),
        ),
      });
    case "finding":
      return text.t("summary.finding", {
        kind: text.word(
          "enum",
          enumName(FindingKind, "FINDING_KIND", body.value.kind),
        ),
        subject: body.value.subject,
      });
    case "epochOpened":
      return text.word(
        "enum",
        enumName(EpochReason, "EPOCH_REASON", body.value.reason),
      );
    case "boot":
      return text.t("summary.boot", { version: body.value.version });
    case "telemetryLost":
      return text.t("summary.telemetryLost", {
        from: body.value.fromSeq,
        to: body.value.toSeq,
      });
    default:
      return accessSummary(text, body);
  }
}
