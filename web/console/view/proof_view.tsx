// SPDX-License-Identifier: Apache-2.0
// What was checked, one line each, beside the picture of the path.

import type { ComponentChildren } from "preact";
import { toHex } from "../../shared/bytes";
import type { EntryProof } from "../../shared/entry_verifier";
import type { Accepted, AlarmKind } from "../../shared/verifier";
import type { LogView, Row } from "../log_view";
import { entryHash } from "../address";
import { useModel, useNow, useText, whyStatus } from "./context";
import * as Icon from "./icons";
import { PathPicture } from "./path_picture";
import { Hash, shortHex, StateMark } from "./values";

type CheckState = "verified" | "refuted" | "unproven" | "waiting";

export function ProofView({ row, view }: { row: Row; view: LogView }) {
  const model = useModel();
  const text = useText();
  const { capability } = model;
  if (capability !== undefined && capability !== "ready") {
    return (
      <p class="problem">
        <Icon.Warning />
        {text.t(`capability.${capability}`)}
      </p>
    );
  }
  if (model.trust === undefined) {
    return <p class="empty">{text.t("proof.noKey")}</p>;
  }
  const { proof } = row;
  if (proof === undefined) {
    return <p class="empty">{text.t("proof.wait")}</p>;
  }
  return (
    <div class="proof" data-proof={row.state}>
      <div class="proof-checks">
        <ul class="checks">
          <Checks row={row} proof={proof} />
        </ul>
        {row.state === "unproven" && (
          <button type="button" class="button" onClick={() => view.urgent(row)}>
            <Icon.Again />
            {text.t("proof.again")}
          </button>
        )}
      </div>
      <PathPicture index={row.index} proof={proof} />
    </div>
  );
}

function Check({
  name,
  state,
  children,
}: {
  name: string;
  state: CheckState;
  children: ComponentChildren;
}) {
  return (
    <li class={`check check-${state}`} data-check={state}>
      <StateMark state={state} />
      <div>
        <strong>{name}</strong>
        <p>{children}</p>
      </div>
    </li>
  );
}

/** Which line a refutation belongs to. */
function lineOf(kind: AlarmKind): "path" | "checkpoint" | "history" {
  if (/_(forked|inconsistent|rolled_back)$/.test(kind)) return "history";
  return kind.startsWith("checkpoint_") ? "checkpoint" : "path";
}

function Checks({ row, proof }: { row: Row; proof: EntryProof }) {
  const text = useText();
  const { inclusion } = proof;
  const skipped = text.t("proof.skipped");
  const because = (status: number) =>
    text.t("proof.unproven", { why: whyStatus(text, status) });

  if (inclusion.state === "unproven") {
    return (
      <>
        <Check name={text.t("proof.path")} state="unproven">
          {because(inclusion.status)}
        </Check>
        {(["checkpoint", "history", "batch", "source"] as const).map((line) => (
          <Check key={line} name={text.t(`proof.${line}`)} state="waiting">
            {skipped}
          </Check>
        ))}
      </>
    );
  }
  const bad = inclusion.state === "refuted" ? inclusion : undefined;
  const line = bad && lineOf(bad.kind);
  const { leaf, accepted } = inclusion;
  const badPath =
    bad?.kind === "entry_altered"
      ? text.t("proof.path.failed")
      : bad?.kind === "proof_malformed"
        ? text.t("proof.path.bad")
        : bad && text.word("alarm", bad.kind);
  return (
    <>
      <Check name={text.t("proof.leaf")} state="verified">
        {text.t("proof.leaf.ok", { n: row.bytes.length })} <Hash bytes={leaf} />
      </Check>
      <Check
        name={text.t("proof.path")}
        state={
          bad === undefined
            ? "verified"
            : line === "path"
              ? "refuted"
              : "waiting"
        }
      >
        {bad === undefined
          ? text.t("proof.path.ok", { n: inclusion.steps?.length ?? 0 })
          : line === "path"
            ? badPath
            : skipped}
      </Check>
      <CheckpointChecks
        accepted={accepted}
        kind={line === "path" ? undefined : bad?.kind}
      />
      <BatchChecks proof={proof} />
    </>
  );
}

function CheckpointChecks({
  accepted,
  kind,
}: {
  accepted: Accepted | undefined;
  kind: AlarmKind | undefined;
}) {
  const text = useText();
  const now = useNow();
  const line = kind && lineOf(kind);
  const skipped = text.t("proof.skipped");
  const before = accepted?.before;
  const history =
    accepted === undefined
      ? skipped
      : before === undefined
        ? text.t("proof.history.first")
        : before.size === accepted.checkpoint.size
          ? text.t("proof.history.same")
          : text.t("proof.history.ok", {
              from: before.size,
              age: text.duration(now - before.at),
            });
  return (
    <>
      <Check
        name={text.t("proof.checkpoint")}
        state={
          accepted ? "verified" : line === "checkpoint" ? "refuted" : "waiting"
        }
      >
        {accepted
          ? text.t("proof.checkpoint.ok", {
              n: accepted.checkpoint.size,
              id: accepted.key.id,
            })
          : line === "checkpoint" && kind
            ? text.word("alarm", kind)
            : skipped}
      </Check>
      <Check
        name={text.t("proof.history")}
        state={
          accepted ? "verified" : line === "history" ? "refuted" : "waiting"
        }
      >
        {line === "history" && kind ? text.word("alarm", kind) : history}
      </Check>
    </>
  );
}

function BatchChecks({ proof }: { proof: EntryProof }) {
  const model = useModel();
  const text = useText();
  const { batch } = proof;
  const names = [text.t("proof.batch"), text.t("proof.source")] as const;
  if (batch === undefined || batch.state === "unproven") {
    const state = batch === undefined ? "waiting" : "unproven";
    const words =
      batch === undefined
        ? text.t("proof.skipped")
        : text.t("proof.unproven", { why: whyStatus(text, batch.status) });
    return (
      <>
        {names.map((name) => (
          <Check key={name} name={name} state={state}>
            {words}
          </Check>
        ))}
      </>
    );
  }
  if (batch.state === "refuted") {
    const aboutKey = /^(key|registry)_/.test(batch.kind);
    const words = text.word("alarm", batch.kind);
    return (
      <>
        <Check name={names[0]} state={aboutKey ? "waiting" : "refuted"}>
          {aboutKey ? text.t("proof.skipped") : words}
        </Check>
        <Check name={names[1]} state={aboutKey ? "refuted" : "waiting"}>
          {aboutKey ? words : text.t("proof.skipped")}
        </Check>
      </>
    );
  }
  const [before, after] = text
    .t("proof.source.ok", {
      source: batch.key.source,
      key: shortHex(toHex(batch.key.key)),
      index: "\u0000",
    })
    .split("\u0000");
  const where = model.view?.origin ?? "";
  return (
    <>
      <Check name={names[0]} state="verified">
        {text.t("proof.batch.ok", { n: batch.batch.events.length })}{" "}
        <a href={entryHash(where, batch.headerIndex)}>
          {text.t("entry.index", { index: batch.headerIndex })}
        </a>
      </Check>
      <Check name={names[1]} state="verified">
        {before}
        <a href={entryHash(batch.registryOrigin, batch.key.since)}>
          {text.integer(batch.key.since)}
        </a>
        {after}
      </Check>
    </>
  );
}
