// SPDX-License-Identifier: Apache-2.0
// What differs stays red until a person has read what it means.

import { useState } from "preact/hooks";
import type { Alarm } from "../../shared/memory";
import { parseOrigin } from "../../shared/verify/checkpoint";
import { entryHash } from "../model";
import { useModel, useText } from "./context";
import * as Icon from "./icons";
import { LogName } from "./log_name";
import { saveFile } from "./values";

const aboutKeys = new Set([
  "checkpoint_other_key",
  "checkpoint_other_ledger",
]);

function advice(kind: string) {
  if (aboutKeys.has(kind)) return "alarm.do.key" as const;
  return kind.startsWith("key_")
    ? ("alarm.do.source" as const)
    : ("alarm.do.keep" as const);
}

export function Alarms() {
  const { alarms } = useModel();
  const text = useText();
  const open = alarms.filter((alarm) => alarm.readAt === undefined);
  return (
    <section
      class="alarms"
      aria-live="assertive"
      aria-relevant="additions"
      aria-label={text.t("alarm.region")}
    >
      {open.length > 1 && (
        <p class="alarms-count">{text.t("alarm.count", { n: open.length })}</p>
      )}
      {open.map((alarm) => (
        <AlarmCard key={alarm.id} alarm={alarm} />
      ))}
    </section>
  );
}

function AlarmCard({ alarm }: { alarm: Alarm }) {
  const model = useModel();
  const text = useText();
  const [reading, setReading] = useState(false);
  const { kind, origin, index, at } = alarm;
  return (
    <article class="alarm" data-alarm={kind}>
      <Icon.Refuted />
      <div class="alarm-body">
        <h2>{text.word("alarm", kind)}</h2>
        <p class="alarm-where">
          <LogName origin={origin} />
          {index !== undefined && (
            <a href={entryHash(origin, BigInt(index))}>
              {text.t("entry.index", { index })}
            </a>
          )}
          <time>{text.exactTime(BigInt(at) * 1000n).replace(/\.\d+/, "")}</time>
        </p>
        {reading && <Meaning alarm={alarm} />}
      </div>
      <div class="alarm-actions">
        {reading ? (
          <button
            type="button"
            class="button"
            onClick={() => model.markRead(alarm)}
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

function Meaning({ alarm }: { alarm: Alarm }) {
  const text = useText();
  return (
    <div class="meaning">
      <p>{text.word("alarm", `${alarm.kind}.means`)}</p>
      <h3>{text.t("alarm.do")}</h3>
      <p>{text.t(advice(alarm.kind))}</p>
      {alarm.evidence.length > 0 && (
        <>
          <h3>{text.t("alarm.evidence")}</h3>
          {alarm.evidence.map((piece, at) => (
            <pre key={at} tabIndex={0}>
              {piece}
            </pre>
          ))}
          <button
            type="button"
            class="button"
            onClick={() => saveEvidence(alarm)}
          >
            <Icon.Save />
            {text.t("alarm.save")}
          </button>
        </>
      )}
    </div>
  );
}

function saveEvidence(alarm: Alarm): void {
  const name = parseOrigin(alarm.origin);
  const log = name && [name.site, name.stream, name.generation].join("-");
  const content = JSON.stringify(
    { ...alarm, at: new Date(alarm.at).toISOString() },
    null,
    2,
  );
  saveFile(`${alarm.kind}-${log ?? ""}.json`, content, "application/json");
}

/** Those that were put away: not gone, only quiet. */
export function PastAlarms() {
  const { alarms } = useModel();
  const text = useText();
  const past = alarms.filter((alarm) => alarm.readAt !== undefined);
  if (past.length === 0) return null;
  return (
    <details class="past-alarms">
      <summary>
        {text.t("alarm.past")} ({past.length})
      </summary>
      {past.map((alarm) => (
        <details key={alarm.id} class="past-alarm">
          <summary>
            {text.word("alarm", alarm.kind)}{" "}
            <span class="minor">
              <LogName origin={alarm.origin} />{" "}
              {text.exactTime(BigInt(alarm.at) * 1000n).replace(/\.\d+/, "")}
            </span>
          </summary>
          <Meaning alarm={alarm} />
        </details>
      ))}
    </details>
  );
}
