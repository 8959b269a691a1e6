// SPDX-License-Identifier: Apache-2.0
// What differs stays red until a person has read what it means.

import { useState } from "preact/hooks";
import type { Alarm } from "../../shared/memory";
import { entryHash } from "../address";
import { useModel, useText } from "./context";
import * as Icon from "./icons";
import { LogName } from "./log_name";
import { saveFile } from "./values";

const aboutKeys = new Set(["checkpoint_other_key", "checkpoint_other_ledger"]);

function advice(kind: string) {
  if (aboutKeys.has(kind)) return "alarm.do.key" as const;
  return kind.startsWith("key_")
    ? ("alarm.do.source" as const)
    : ("alarm.do.keep" as const);
}

/** Alarms of one kind are one matter, in however many places: newest first. */
export function groupAlarms(alarms: Alarm[]): Alarm[][] {
  const groups = new Map<string, Alarm[]>();
  for (const alarm of alarms) {
    const group = groups.get(alarm.kind) ?? [];
    group.push(alarm);
    groups.set(alarm.kind, group);
  }
  return [...groups.values()];
}

export function Alarms() {
  const { alarms } = useModel();
  const text = useText();
  const groups = groupAlarms(
    alarms.filter((alarm) => alarm.readAt === undefined),
  );
  return (
    <section
      class="alarms"
      aria-live="assertive"
      aria-relevant="additions"
      aria-label={text.t("alarm.region")}
    >
      {groups.length > 1 && (
        <p class="alarms-count">
          {text.t("alarm.count", { n: groups.length })}
        </p>
      )}
      {groups.map((group) => (
        <AlarmCard key={group[0]?.kind} group={group} />
      ))}
    </section>
  );
}

const shownPlaces = 6;

function AlarmCard({ group }: { group: Alarm[] }) {
  const model = useModel();
  const text = useText();
  const [reading, setReading] = useState(false);
  const kind = group[0]?.kind ?? "";
  return (
    <article class="alarm" data-alarm={kind}>
      <Icon.Refuted />
      <div class="alarm-body">
        <h2>{text.word("alarm", kind)}</h2>
        <ul class="alarm-where">
          {group.slice(0, shownPlaces).map((alarm) => (
            <li key={alarm.id}>
              <Place alarm={alarm} />
            </li>
          ))}
          {group.length > shownPlaces && (
            <li>{text.t("alarm.places", { n: group.length })}</li>
          )}
        </ul>
        {reading && <Meaning group={group} />}
      </div>
      <div class="alarm-actions">
        {reading ? (
          <button
            type="button"
            class="button"
            onClick={() => model.markRead(group)}
          >
            {text.t("alarm.dismiss")}
          </button>
        ) : (
          <button
            type="button"
            class="button"
            aria-expanded={false}
            onClick={() => setReading(true)}
          >
            {text.t("alarm.read")}
          </button>
        )}
      </div>
    </article>
  );
}

function Place({ alarm: { origin, index, at } }: { alarm: Alarm }) {
  const text = useText();
  return (
    <>
      <LogName origin={origin} />{" "}
      {index !== undefined && (
        <a href={entryHash(origin, BigInt(index))}>
          {text.t("entry.index", { index })}
        </a>
      )}{" "}
      <time class="minor" title={text.exactTime(BigInt(at) * 1000n)}>
        {text.time(BigInt(at) * 1000n)}
      </time>
    </>
  );
}

function Meaning({ group }: { group: Alarm[] }) {
  const text = useText();
  const [first] = group;
  if (first === undefined) return null;
  return (
    <div class="meaning">
      <p>{text.word("alarm", `${first.kind}.means`)}</p>
      <h3>{text.t("alarm.do")}</h3>
      <p>{text.t(advice(first.kind))}</p>
      {first.evidence.length > 0 && (
        <>
          <h3>{text.t("alarm.evidence")}</h3>
          {first.evidence.map((piece, at) => (
            <pre key={at} tabIndex={0}>
              {piece}
            </pre>
          ))}
          {group.length > 1 && (
            <p class="minor">
              {text.t("alarm.evidenceMore", { n: group.length - 1 })}
            </p>
          )}
          <button
            type="button"
            class="button"
            onClick={() => saveEvidence(group)}
          >
            <Icon.Save />
            {text.t("alarm.save")}
          </button>
        </>
      )}
    </div>
  );
}

function saveEvidence(group: Alarm[]): void {
  const content = group.map(({ id: _, at, ...alarm }) => ({
    ...alarm,
    at: new Date(at).toISOString(),
  }));
  const name = `${group[0]?.kind ?? "alarm"}.json`;
  saveFile(name, JSON.stringify(content, null, 2), "application/json");
}

/** Those that were put away: not gone, only quiet. */
export function PastAlarms() {
  const { alarms } = useModel();
  const text = useText();
  const past = groupAlarms(
    alarms.filter((alarm) => alarm.readAt !== undefined),
  );
  if (past.length === 0) return null;
  return (
    <details class="past-alarms">
      <summary>
        {text.t("alarm.past")} ({past.length})
      </summary>
      {past.map((group) => (
        <details key={group[0]?.kind} class="past-alarm">
          <summary>{text.word("alarm", group[0]?.kind ?? "")}</summary>
          {group.slice(0, shownPlaces).map((alarm) => (
            <p key={alarm.id}>
              <Place alarm={alarm} />
            </p>
          ))}
          <Meaning group={group} />
        </details>
      ))}
    </details>
  );
}
