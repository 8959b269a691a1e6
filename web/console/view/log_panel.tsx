// SPDX-License-Identifier: Apache-2.0
// The right side: one log, its state, its entries as they stream in.

import { useEffect, useRef, useState } from "preact/hooks";
import type { LogView, Row, RowState } from "../log_view";
import { entryHash } from "../address";
import type { LogState } from "../model";
import { useModel, useNow, useText, why, whyStatus } from "./context";
import { EntryDetail } from "./entry_detail";
import * as Icon from "./icons";
import { LogName } from "./log_name";
import { kindOf, summaryOf, timeOf } from "./summary";
import { Hash, StateMark } from "./values";

export function logState(log: LogState, hasKey: boolean): RowState {
  if (!hasKey) return "nokey";
  if (log.verdict === undefined) return log.checking ? "checking" : "waiting";
  return log.verdict.state === "ok" ? "verified" : log.verdict.state;
}

export function LogPanel() {
  const model = useModel();
  const text = useText();
  const { view, tabs } = model;
  return (
    <section class="log" id="log" aria-labelledby="log-title">
      <div class="section-head">
        <h2 id="log-title">{text.t("log.title")}</h2>
      </div>
      {tabs.length > 0 && <Tabs tabs={tabs} />}
      {model.logsTrouble !== undefined && tabs.length === 0 && (
        <p class="problem">
          <Icon.Warning />
          {text.t("log.failed", { why: why(text, model.logsTrouble) })}
          <button
            type="button"
            class="button"
            onClick={() => void model.refresh()}
          >
            {text.t("log.retry")}
          </button>
        </p>
      )}
      {model.logsLoaded && tabs.length === 0 && (
        <p class="empty">{text.t("log.none")}</p>
      )}
      {view !== undefined && <OneLog key={view.origin} view={view} />}
    </section>
  );
}

function Tabs({ tabs }: { tabs: LogState[] }) {
  const model = useModel();
  const text = useText();
  return (
    <nav class="tabs" aria-label={text.t("log.title")}>
      {tabs.map((log) => {
        const { origin } = log.info;
        const state = logState(log, model.trust !== undefined);
        return (
          <a
            key={origin}
            href={entryHash(origin)}
            class="tab"
            data-origin={origin}
            aria-current={model.view?.origin === origin ? "page" : undefined}
          >
            <StateMark state={state} />
            <LogName origin={origin} />
            <span class="minor number">{text.integer(log.info.size)}</span>
          </a>
        );
      })}
    </nav>
  );
}

function OneLog({ view }: { view: LogView }) {
  const model = useModel();
  const log = model.logs.get(view.origin);
  return (
    <div class="card log-card">
      {log !== undefined && <Integrity log={log} />}
      {log !== undefined && <Generations log={log} />}
      <Toolbar view={view} />
      <Entries view={view} />
    </div>
  );
}

/** One line on whether this log is what it was and what was signed. */
function Integrity({ log }: { log: LogState }) {
  const model = useModel();
  const text = useText();
  const now = useNow();
  const state = logState(log, model.trust !== undefined);
  const { verdict } = log;
  return (
    <div class={`integrity integrity-${state}`} data-state={state}>
      <StateMark state={state} words />
      <p>
        {state === "nokey" && text.t("state.nokey.long")}
        {state === "refuted" && text.t("state.refuted.long")}
        {verdict?.state === "unproven" &&
          text.t("state.unproven.long", {
            why: whyStatus(text, verdict.status),
          })}
        {verdict?.state === "ok" && (
          <>
            <WithHash
              sentence={text.t("state.verified.long", {
                n: verdict.checkpoint.size,
                root: "\u0000",
              })}
              bytes={verdict.checkpoint.root}
            />{" "}
            {verdict.before === undefined
              ? text.t("state.seenFirst")
              : verdict.before.size === verdict.checkpoint.size
                ? text.t("state.seenSame")
                : text.t("state.seenBefore", {
                    age: text.duration(now - verdict.before.at),
                    n: verdict.before.size,
                  })}
          </>
        )}
      </p>
    </div>
  );
}

/** Where the log comes from and goes on, and what of it is gone. */
function Generations({ log }: { log: LogState }) {
  const model = useModel();
  const text = useText();
  const { info } = log;
  const before = [...model.logs.values()].find(
    (other) => other.info.successor === info.origin,
  );
  return (
    <>
      {info.frozen !== undefined && (
        <p class="problem" data-log="frozen">
          <Icon.Warning />
          {text.t("log.frozen", { why: info.frozen })}
        </p>
      )}
      {info.closedAt !== undefined && info.successor !== undefined && (
        <p class="notice" data-log="closed">
          <a href={entryHash(info.successor)}>
            {text.t("log.closed", {
              n: info.closedAt,
              successor: info.successor,
            })}
          </a>
        </p>
      )}
      {before !== undefined && (
        <p class="notice" data-log="succeeds">
          <a href={entryHash(before.info.origin)}>
            {text.t("log.succeeds", { predecessor: before.info.origin })}
          </a>
        </p>
      )}
      {info.prunedTo !== undefined && info.prunedTo > 0n && (
        <p class="notice" data-log="pruned">
          {text.t("log.pruned", { index: text.integer(info.prunedTo) })}
        </p>
      )}
    </>
  );
}

function WithHash({
  sentence,
  bytes,
}: {
  sentence: string;
  bytes: Uint8Array;
}) {
  const [before, after] = sentence.split("\u0000");
  return (
    <>
      {before}
      <Hash bytes={bytes} />
      {after}
    </>
  );
}

function Toolbar({ view }: { view: LogView }) {
  const text = useText();
  const [wanted, setWanted] = useState("");
  const { pending, paused, hovered, following } = view;
  const go = (event: Event) => {
    event.preventDefault();
    const index = wanted.replace(/[^0-9]/g, "");
    if (index !== "") location.hash = entryHash(view.origin, BigInt(index));
  };
  return (
    <div class="toolbar">
      <button
        type="button"
        class="button"
        aria-pressed={paused}
        onClick={() => view.setPaused(!paused)}
      >
        {paused ? <Icon.Play /> : <Icon.Pause />}
        {text.t(paused ? "log.resume" : "log.pause")}
      </button>
      <span class="toolbar-note" role="status">
        {paused
          ? text.t("log.paused")
          : hovered && pending > 0n
            ? text.t("log.pausedHover")
            : ""}
      </span>
      {(pending > 0n || !following) && (
        <button
          type="button"
          class="button"
          data-action="newest"
          onClick={() => {
            history.replaceState(null, "", entryHash(view.origin));
            view.newest();
          }}
        >
          {pending > 0n
            ? `${text.t("log.pending", { n: pending })} · ${text.t("log.newest")}`
            : text.t("log.newest")}
        </button>
      )}
      <span class="spring" />
      <form class="goto" onSubmit={go}>
        <label for="goto">{text.t("log.goto")}</label>
        <input
          id="goto"
          inputMode="numeric"
          autocomplete="off"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <button type="submit" class="button">
          {text.t("log.gotoAction")}
        </button>
      </form>
    </div>
  );
}

function Entries({ view }: { view: LogView }) {
  const text = useText();
  const { rows, loading, trouble, missing } = view;
  const oldest = rows.at(-1)?.index;
  return (
    <div
      class="entries"
      onPointerEnter={(event) =>
        event.pointerType === "mouse" && view.setHovered(true)
      }
      onPointerLeave={() => view.setHovered(false)}
    >
      {missing !== undefined && (
        <p class="problem">
          <Icon.Warning />
          {text.t("log.gotoMissing", { index: missing.toString() })}
        </p>
      )}
      {trouble !== undefined && (
        <p class="problem">
          <Icon.Warning />
          {text.t("log.failed", { why: why(text, trouble) })}
          <button type="button" class="button" onClick={() => view.newest()}>
            {text.t("log.retry")}
          </button>
        </p>
      )}
      {loading && rows.length === 0 && (
        <p class="empty">{text.t("log.loading")}</p>
      )}
      {!loading && rows.length === 0 && trouble === undefined && (
        <p class="empty">{text.t("log.empty")}</p>
      )}
      <ol
        class="rows"
        aria-label={text.t("log.list")}
        style={{ "--index-width": text.integer(rows[0]?.index ?? 0n).length }}
      >
        {rows.map((row) => (
          <EntryRow
            key={row.index.toString()}
            row={row}
            state={row.state}
            view={view}
            open={view.open === row.index}
          />
        ))}
      </ol>
      {rows.length > 0 && (
        <div class="list-end">
          {oldest === 0n ? (
            <span class="minor">{text.t("log.start")}</span>
          ) : oldest !== undefined && oldest <= view.prunedTo ? (
            <span class="minor">
              {text.t("log.pruned", { index: text.integer(view.prunedTo) })}
            </span>
          ) : (
            <button
              type="button"
              class="button"
              disabled={view.loadingOlder}
              onClick={() => void view.older()}
            >
              {text.t("log.older")}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function EntryRow({
  row,
  state,
  view,
  open,
}: {
  row: Row;
  state: RowState;
  view: LogView;
  open: boolean;
}) {
  const text = useText();
  const line = useRef<HTMLLIElement>(null);
  useEffect(() => {
    // An entry that was linked to is brought into view.
    if (open && line.current !== null) {
      const { top, bottom } = line.current.getBoundingClientRect();
      if (top < 0 || Math.min(bottom, top + 200) > innerHeight) {
        line.current.scrollIntoView({ block: "start" });
      }
    }
  }, [open]);
  const toggle = () => {
    const hash = entryHash(view.origin, open ? undefined : row.index);
    history.replaceState(null, "", hash);
    if (open) view.fold();
    else void view.show(row.index);
  };
  const time = timeOf(row.entry);
  const id = `entry-${row.index}`;
  const { source } = sourceOf(row);
  return (
    <li
      ref={line}
      class={[
        "row",
        `row-${state}`,
        row.entry?.type === "header" ? "row-batch" : "",
        open ? "row-open" : "",
      ].join(" ")}
      data-index={row.index.toString()}
      data-state={state}
    >
      <button
        type="button"
        class="row-head"
        aria-expanded={open}
        aria-controls={id}
        onClick={toggle}
      >
        <StateMark state={state} />
        <span class="row-index number">{text.integer(row.index)}</span>
        <span class="row-time number">
          {time === undefined ? "" : text.shortTime(time)}
        </span>
        <span class="row-what">
          <span class="row-kind">{kindOf(text, row.entry)}</span>
          <span class="row-summary">{summaryOf(text, row.entry)}</span>
        </span>
        <span class="row-source">{source}</span>
        <Icon.Chevron />
      </button>
      {open && (
        <div id={id} class="detail">
          <EntryDetail row={row} view={view} />
        </div>
      )}
    </li>
  );
}

function sourceOf(row: Row): { source: string } {
  if (row.entry?.type === "event") return row.entry.event;
  return row.entry?.header ?? { source: "" };
}
