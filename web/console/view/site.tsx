// SPDX-License-Identifier: Apache-2.0
// The left side: live values, sources, findings, as the ledger tells them.
// Grey while all is well.

import type {
  Device,
  FindingInfo,
  LiveValue,
  SourceStatus,
} from "../../shared/api";
import { entryHash } from "../address";
import { deviceKey, type Loaded } from "../model";
import { useModel, useNow, useText, why } from "./context";
import * as Icon from "./icons";
import { Age, StateValue, Value } from "./values";
import { PastAlarms } from "./alarms";

/** A device that has said nothing for so long is not up to date. */
const oldAfterMs = 90_000;

function Trouble({ of }: { of: Loaded<unknown> }) {
  const text = useText();
  if (of.trouble === undefined) {
    return of.value === undefined ? (
      <p class="minor">{text.t("log.loading")}</p>
    ) : null;
  }
  return (
    <p class="problem">
      <Icon.Warning />
      {text.t("log.failed", { why: why(text, of.trouble) })}
    </p>
  );
}

export function Live() {
  const { live, connection } = useModel();
  const text = useText();
  const devices = [...(live.value?.values() ?? [])].sort((a, b) =>
    deviceKey(a) < deviceKey(b) ? -1 : 1,
  );
  const values = devices.flatMap((device) => device.values);
  const bad = values.filter(({ quality }) => quality !== "good").length;
  const stale = connection.state === "lost";
  return (
    <section class={`live ${stale ? "is-stale" : ""}`} aria-labelledby="live">
      <div class="section-head">
        <h2 id="live">{text.t("live.title")}</h2>
        {values.length > 0 && (
          <p class={bad > 0 ? "tag tag-warn" : "minor"}>
            {bad > 0 && <Icon.Warning />}
            {bad > 0
              ? text.t("live.abnormal", { n: values.length, bad })
              : text.t("live.allGood", { n: values.length })}
          </p>
        )}
      </div>
      <Trouble of={live} />
      {live.value !== undefined && devices.length === 0 && (
        <p class="empty">{text.t("live.empty")}</p>
      )}
      <div class="devices">
        {devices.map((device) => (
          <DeviceCard key={deviceKey(device)} device={device} stale={stale} />
        ))}
      </div>
    </section>
  );
}

function DeviceCard({ device, stale }: { device: Device; stale: boolean }) {
  const text = useText();
  const now = useNow();
  const { atUs } = device;
  const old =
    atUs !== undefined && now - Number(atUs / 1000n) > oldAfterMs && !stale;
  return (
    <article class="card device" data-device={device.device}>
      <header>
        <h3>{device.device}</h3>
        <span class="minor">{device.source}</span>
        <span class="device-age">
          {stale ? (
            <span class="tag tag-warn">
              <Icon.Lost />
              {text.t("live.stale")}
            </span>
          ) : old ? (
            <span class="tag tag-warn">
              <Icon.Warning />
              {text.t("live.old")} · <Age us={atUs} />
            </span>
          ) : atUs === undefined ? (
            <span class="age">{text.t("age.never")}</span>
          ) : (
            <Age us={atUs} />
          )}
        </span>
      </header>
      <Identity device={device} />
      <dl class="points">
        {device.values.map((value) => (
          <Point key={value.name} value={value} />
        ))}
      </dl>
    </article>
  );
}

/** Who the device says it is. */
function Identity({ device: { identity } }: { device: Device }) {
  const text = useText();
  if (identity.length === 0) return null;
  return (
    <p class="minor identity">
      {identity.map(([name, says]) => (
        <span key={name} data-identity={name}>
          {text.word("identity", name)} <span class="says">{says}</span>
        </span>
      ))}
    </p>
  );
}

function Point({ value }: { value: LiveValue }) {
  const text = useText();
  const { name, quality, mantissa, exponent, unit, atUs, state } = value;
  const good = quality === "good";
  return (
    <div class={`point ${good ? "" : "point-warn"}`} data-quality={quality}>
      <dt title={name}>{text.word("point", name)}</dt>
      <dd>
        {mantissa === undefined ? (
          <span class="no-value">{text.t("live.noValue")}</span>
        ) : state !== undefined ? (
          <StateValue code={mantissa} name={state} />
        ) : (
          <Value mantissa={mantissa} exponent={exponent} unit={unit} />
        )}
        {!good && (
          <span class="tag tag-warn">
            <Icon.Warning />
            {text.t(`quality.${quality}`)}
            {quality === "stale" && atUs !== undefined && (
              <>
                {" · "}
                <Age us={atUs} />
              </>
            )}
          </span>
        )}
      </dd>
    </div>
  );
}

export function SourceTable() {
  const { sources } = useModel();
  const text = useText();
  const list = sources.value?.sources ?? [];
  const unknown = sources.value?.unknownSource ?? 0n;
  return (
    <section aria-labelledby="sources">
      <div class="section-head">
        <h2 id="sources">{text.t("sources.title")}</h2>
      </div>
      <Trouble of={sources} />
      {sources.value !== undefined && list.length === 0 && (
        <p class="empty">{text.t("sources.empty")}</p>
      )}
      {list.length > 0 && (
        <div class="card table-card">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{text.t("sources.source")}</th>
                <th scope="col">{text.t("sources.state")}</th>
                <th scope="col" class="numeric">
                  {text.t("sources.backlog")}
                </th>
                <th scope="col" class="numeric">
                  {text.t("sources.refusals")}
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((source) => (
                <SourceRow key={source.source} source={source} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {unknown > 0n && (
        <p class="tag tag-warn">
          <Icon.Warning />
          {text.t("sources.unknownSource", { n: unknown })}
        </p>
      )}
    </section>
  );
}

function SourceRow({ source }: { source: SourceStatus }) {
  const text = useText();
  const now = useNow();
  const own = source.kind === "console";
  const told = source.streams.some((stream) => stream.backlog !== undefined);
  const backlog = source.streams.reduce(
    (sum, stream) => sum + (stream.backlog ?? 0n),
    0n,
  );
  const oldest = source.streams
    .flatMap(({ oldestUs }) => (oldestUs ? [Number(oldestUs / 1000n)] : []))
    .sort((a, b) => a - b)[0];
  return (
    <tr data-source={source.source}>
      <th scope="row">
        {source.source}
        {source.version !== undefined && (
          <span class="minor second-line">{source.version}</span>
        )}
      </th>
      <td>
        <SourceState source={source} own={own} />
      </td>
      <td class="numeric">
        {own || !told ? (
          <span class="minor">–</span>
        ) : backlog === 0n ? (
          text.integer(0)
        ) : (
          <>
            {text.integer(backlog)}
            {oldest !== undefined && (
              <span class="minor second-line">
                {text.t("sources.oldest", { age: text.duration(now - oldest) })}
              </span>
            )}
          </>
        )}
      </td>
      <td class="numeric">
        {source.refusals.length === 0 ? (
          <span class="minor">{text.integer(0)}</span>
        ) : (
          source.refusals.map(([reason, count]) => (
            <span key={reason} class="tag tag-warn refusal">
              {text.word("enum", `REFUSAL_REASON_${reason.toUpperCase()}`)}{" "}
              {text.integer(count)}
            </span>
          ))
        )}
      </td>
    </tr>
  );
}

function SourceState({ source, own }: { source: SourceStatus; own: boolean }) {
  const text = useText();
  if (own) return <span class="minor">{text.t("sources.own")}</span>;
  const { online, reportedUs, clock } = source;
  const poorClock = clock === "coarse" || clock === "unknown";
  return (
    <>
      {online === true && text.t("sources.online")}
      {online === undefined && (
        <span class="minor">{text.t("sources.unknown")}</span>
      )}
      {online === false && (
        <span class="tag tag-warn">
          <Icon.Lost />
          {text.t("sources.offline")}
        </span>
      )}
      {online !== true && reportedUs !== undefined && (
        <span class="minor second-line">
          <Age us={reportedUs} />
        </span>
      )}
      {poorClock && (
        <span class="minor second-line">
          {text.t("sources.clock", { quality: text.word("clock", clock) })}
        </span>
      )}
    </>
  );
}

/** Whether a person has looked at a new epoch. */
function Confirmed({ of }: { of: FindingInfo }) {
  const text = useText();
  const now = useNow();
  const { confirmed, subject, epoch } = of;
  return (
    <span
      class="minor second-line"
      data-confirmed={confirmed === undefined ? "no" : "yes"}
    >
      {confirmed === undefined
        ? text.t("findings.unconfirmed", {
            source: subject,
            epoch: epoch?.toString() ?? "",
          })
        : text.t("findings.confirmed", {
            who: confirmed.by,
            age: text.duration(now - Number((confirmed.atUs ?? 0n) / 1000n)),
          })}
    </span>
  );
}

/** How far everything that is stored was read again. */
function ScrubLine() {
  const { scrub } = useModel();
  const text = useText();
  const now = useNow();
  if (scrub === undefined) return null;
  const percent =
    scrub.size === 0n ? 100n : (scrub.index * 100n) / scrub.size;
  return (
    <p class="minor" data-scrub={scrub.origin}>
      {text.t("scrub.running", {
        log: scrub.origin,
        percent: percent.toString(),
      })}{" "}
      {scrub.roundDoneUs === undefined
        ? text.t("scrub.never")
        : text.t("scrub.done", {
            age: text.duration(now - Number(scrub.roundDoneUs / 1000n)),
          })}
    </p>
  );
}

export function Findings() {
  const { findings } = useModel();
  const text = useText();
  const list = findings.value ?? [];
  return (
    <section aria-labelledby="findings">
      <div class="section-head">
        <h2 id="findings">{text.t("findings.title")}</h2>
      </div>
      <Trouble of={findings} />
      {findings.value !== undefined && list.length === 0 && (
        <p class="empty">{text.t("findings.empty")}</p>
      )}
      {list.length > 0 && (
        <ul class="card findings">
          {list.map((finding) => (
            <li key={`${finding.origin} ${finding.index}`}>
              <a href={entryHash(finding.origin, finding.index)}>
                <Icon.Warning />
                <span class="finding-what">
                  {text.word(
                    "enum",
                    `FINDING_KIND_${finding.kind.toUpperCase()}`,
                  )}
                  {finding.reason !== undefined &&
                    ` · ${text.word(
                      "enum",
                      `REFUSAL_REASON_${finding.reason.toUpperCase()}`,
                    )}`}
                </span>
                <span class="minor">
                  {finding.subject}
                  {finding.count > 1n &&
                    ` · ${text.t("findings.count", { n: finding.count })}`}
                  {finding.atUs !== undefined && (
                    <>
                      {" · "}
                      <Age us={finding.atUs} />
                    </>
                  )}
                </span>
                {finding.kind === "new_epoch" && <Confirmed of={finding} />}
              </a>
            </li>
          ))}
        </ul>
      )}
      <ScrubLine />
      <PastAlarms />
    </section>
  );
}
