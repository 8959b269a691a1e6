// SPDX-License-Identifier: Apache-2.0
// Asks a ledger for proofs and believes none of its words: everything is
// recomputed from raw bytes against the loaded key and against the last
// checkpoint that this browser has seen.
//
// Three outcomes, kept apart everywhere: *verified*; *refuted* (the ledger
// showed something that cannot be: an alarm, with the evidence); *unproven*
// (it did not answer: nobody is accused, nothing is believed).

import { type Api, ApiError } from "./api";
import { type Bytes, equal, FormatError, toHex } from "./bytes";
import type { Alarm, Memory, Seen } from "./memory";
import {
  type Checkpoint,
  openCheckpoint,
  type Trust,
} from "./verify/checkpoint";
import {
  leafHash,
  type PathStep,
  verifyConsistency,
  walkInclusion,
} from "./verify/merkle";
import type { NoteKey } from "./verify/note";
import { parseTlogProof, type TlogProof } from "./verify/tlog_proof";

export type AlarmKind =
  | "checkpoint_malformed"
  | "checkpoint_other_log"
  | "checkpoint_other_ledger"
  | "checkpoint_other_key"
  | "checkpoint_signature"
  | "checkpoint_forked"
  | "checkpoint_inconsistent"
  | "checkpoint_rolled_back"
  | "proof_malformed"
  | "proof_other_entry"
  | "entry_altered"
  | "entry_malformed"
  | "batch_missing"
  | "batch_malformed"
  | "batch_format"
  | "batch_count"
  | "batch_chain"
  | "batch_root"
  | "batch_other_log"
  | "key_unknown_source"
  | "key_signature"
  | "key_revoked"
  | "registry_altered";

export interface Refuted {
  state: "refuted";
  kind: AlarmKind;
  evidence: string[];
}

export interface Unproven {
  state: "unproven";
  /** HTTP status; 0 when there was no answer at all. */
  status: number;
}

export interface Accepted {
  state: "ok";
  checkpoint: Checkpoint;
  note: string;
  key: NoteKey;
  /** The checkpoint of the last visit that this one was held against. */
  before?: { size: bigint; firstAt: number; at: number } | undefined;
}

export type CheckpointVerdict = Accepted | Refuted | Unproven;

export interface Included {
  state: "ok";
  leaf: Bytes;
  steps: PathStep[];
  accepted: Accepted;
}

/** A path that leads elsewhere is shown beside what it should lead to. */
export interface NotIncluded extends Refuted {
  leaf: Bytes;
  steps?: PathStep[] | undefined;
  accepted?: Accepted | undefined;
}

export type InclusionVerdict = Included | NotIncluded | Unproven;

export const refuted = (kind: AlarmKind, ...evidence: string[]): Refuted => ({
  state: "refuted",
  kind,
  evidence,
});

/** What a failed question means: no answer, or an answer that is none. */
export function failure(error: unknown, kind: AlarmKind): Refuted | Unproven {
  if (error instanceof ApiError) {
    return { state: "unproven", status: error.status };
  }
  if (error instanceof FormatError) return refuted(kind, error.message);
  throw error;
}

interface Held {
  checkpoint: Checkpoint;
  seen: Seen;
}

const maxKnown = 256;

export class Verifier {
  /** Checkpoints that were found to belong to the held history. */
  readonly #known = new Map<string, Accepted>();
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(
    readonly api: Api,
    readonly memory: Memory,
    readonly trust: Trust,
    readonly onAlarm: (alarm: Alarm) => void = () => {},
    readonly now: () => number = Date.now,
    readonly pause = () => new Promise((done) => setTimeout(done, 1000)),
  ) {}

  /** Asks for the newest checkpoint of a log and judges it. One that is
   * smaller than what was held before asking is asked for once more: an answer
   * may be late, a log that was rolled back stays so. */
  async newest(origin: string): Promise<CheckpointVerdict> {
    const floor = await this.#held(origin);
    for (let last = false; ; last = true) {
      let note: string;
      try {
        note = await this.api.checkpoint(origin);
      } catch (error) {
        return this.raise(origin, failure(error, "checkpoint_malformed"));
      }
      if (floor === undefined || !(await this.#isBelow(origin, note, floor))) {
        return this.#accept(origin, note);
      }
      if (last) {
        const verdict = refuted(
          "checkpoint_rolled_back",
          floor.seen.note,
          note,
        );
        return this.raise(origin, verdict, undefined, floor.checkpoint);
      }
      await this.pause();
    }
  }

  /** Judges a checkpoint that came by itself. One that is smaller than what is
   * held may just be late: then the newest is asked for. */
  async pushed(origin: string, note: string): Promise<CheckpointVerdict> {
    const held = await this.#held(origin);
    return held !== undefined && (await this.#isBelow(origin, note, held))
      ? this.newest(origin)
      : this.#accept(origin, note);
  }

  /** Asks for the proof of an entry and recomputes it from the entry's bytes. */
  async include(
    origin: string,
    index: bigint,
    entry: Uint8Array,
  ): Promise<InclusionVerdict> {
    const leaf = await leafHash(entry);
    const no = (verdict: Refuted, more: Partial<NotIncluded> = {}) =>
      this.raise(origin, { ...verdict, leaf, ...more }, index);
    let text: string;
    let proof: TlogProof;
    try {
      text = await this.api.proof(origin, index);
      proof = parseTlogProof(text);
    } catch (error) {
      const verdict = failure(error, "proof_malformed");
      return verdict.state === "refuted" ? no(verdict) : verdict;
    }
    if (proof.index !== index) return no(refuted("proof_other_entry", text));
    let accepted = await this.#accept(origin, proof.checkpoint);
    if (accepted.state === "unproven") {
      // A log that was rolled back cannot prove itself consistent with what
      // was seen of it; whether it was is told by its newest checkpoint.
      const newest = await this.newest(origin);
      if (newest.state === "refuted") accepted = newest;
    }
    if (accepted.state === "refuted") return { ...accepted, leaf };
    if (accepted.state === "unproven") return accepted;
    const { size, root } = accepted.checkpoint;
    const steps = await walkInclusion(index, size, leaf, proof.path);
    if (steps === undefined) {
      return no(refuted("proof_malformed", text), { accepted });
    }
    const reached = steps.at(-1)?.result ?? leaf;
    if (!equal(reached, root)) {
      const shown = `entry ${index}: ${toHex(entry)}`;
      return no(refuted("entry_altered", text, shown), { steps, accepted });
    }
    return { state: "ok", leaf, steps, accepted };
  }

  /** Tells of a refutation, once; hands the verdict back. */
  raise<T extends { state: string }>(
    origin: string,
    verdict: T | (T & Refuted),
    index?: bigint,
    against?: Checkpoint,
  ): T {
    if (verdict.state === "refuted" && "kind" in verdict) {
      const { kind, evidence } = verdict as T & Refuted;
      const about = index?.toString();
      // Neither the time nor a size that keeps growing makes it another
      // trouble; another key, or another checkpoint that it denies, does.
      const context =
        against === undefined
          ? this.trust.keys.map((key) => key.id).join(" ")
          : toHex(against.root);
      const id = [kind, origin, about ?? "", context].join(" ");
      const at = this.now();
      const alarm = { id, kind, origin, index: about, at, evidence };
      if (this.memory.keepAlarm(alarm)) this.onAlarm(alarm);
    }
    return verdict;
  }

  async #held(origin: string): Promise<Held | undefined> {
    const seen = this.memory.seen(origin);
    if (seen === undefined) return undefined;
    // Not signed by a key that is loaded now: seen under another key, which
    // the person has replaced on purpose.
    const opened = await openCheckpoint(seen.note, origin, this.trust);
    return "checkpoint" in opened
      ? { checkpoint: opened.checkpoint, seen }
      : undefined;
  }

  /** Whether `note` is a true checkpoint of a smaller tree than `held`. */
  async #isBelow(origin: string, note: string, held: Held): Promise<boolean> {
    const opened = await openCheckpoint(note, origin, this.trust);
    return (
      "checkpoint" in opened && opened.checkpoint.size < held.checkpoint.size
    );
  }

  /** One after the other for each log, so that each builds on what the one
   * before has established. */
  #accept(origin: string, note: string): Promise<CheckpointVerdict> {
    const before = this.#queues.get(origin) ?? Promise.resolve();
    const verdict = before
      .catch(() => {})
      .then(() => this.#judge(origin, note));
    this.#queues.set(origin, verdict);
    return verdict;
  }

  async #judge(origin: string, note: string): Promise<CheckpointVerdict> {
    const opened = await openCheckpoint(note, origin, this.trust);
    if ("flaw" in opened) {
      const kind: AlarmKind = `checkpoint_${opened.flaw}`;
      return this.raise(origin, refuted(kind, note));
    }
    const { checkpoint } = opened;
    const fresh: Accepted = { state: "ok", ...opened };
    const held = await this.#held(origin);
    if (held === undefined) return this.#hold(origin, fresh, undefined);
    const old = held.checkpoint;

    if (checkpoint.size === old.size && !equal(checkpoint.root, old.root)) {
      const verdict = refuted("checkpoint_forked", held.seen.note, note);
      return this.raise(origin, verdict, undefined, old);
    }
    const known = this.#known.get(knownKey(checkpoint));
    if (known !== undefined) return known;
    if (checkpoint.size === old.size) {
      return this.#hold(origin, fresh, held);
    }
    const [from, to] =
      checkpoint.size > old.size ? [old, checkpoint] : [checkpoint, old];
    let path: Bytes[];
    try {
      path =
        from.size === 0n
          ? []
          : await this.api.consistency(origin, from.size, to.size);
    } catch (error) {
      const verdict = failure(error, "checkpoint_inconsistent");
      if (verdict.state === "refuted") {
        verdict.evidence = [held.seen.note, note];
      }
      return this.raise(origin, verdict, undefined, old);
    }
    const extendsIt = await verifyConsistency(
      from.size,
      from.root,
      to.size,
      to.root,
      path,
    );
    if (!extendsIt) {
      const verdict = refuted("checkpoint_inconsistent", held.seen.note, note);
      return this.raise(origin, verdict, undefined, old);
    }
    return this.#hold(origin, fresh, held);
  }

  #hold(origin: string, fresh: Accepted, held: Held | undefined): Accepted {
    const at = this.now();
    const accepted: Accepted = {
      ...fresh,
      before: held && {
        size: held.checkpoint.size,
        firstAt: held.seen.firstAt,
        at: held.seen.at,
      },
    };
    // Another tab may have gone further meanwhile; never step back.
    const size = held?.checkpoint.size ?? -1n;
    if (fresh.checkpoint.size > size) {
      const firstAt = held?.seen.firstAt ?? at;
      this.memory.keepSeen(origin, { note: fresh.note, firstAt, at });
    }
    if (this.#known.size >= maxKnown) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(knownKey(fresh.checkpoint), accepted);
    return accepted;
  }
}

function knownKey(checkpoint: Checkpoint): string {
  const { origin, size, root } = checkpoint;
  return `${origin} ${size} ${toHex(root)}`;
}
