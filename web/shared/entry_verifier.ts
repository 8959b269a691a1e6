// SPDX-License-Identifier: Apache-2.0
// The whole proof of one entry: it stands in the log (path, checkpoint,
// history), and its source signed the batch that it came in.

import { type Api, maxEntries, type RawEntry } from "./api";
import { type Bytes, equal, FormatError } from "./bytes";
import type { KeyRegistry } from "./key_registry";
import {
  failure,
  type Included,
  type InclusionVerdict,
  refuted,
  type Refuted,
  type Unproven,
  type Verifier,
} from "./verifier";
import {
  type Batch,
  isOfLog,
  maxBatchEvents,
  openBatch,
} from "./verify/batch";
import { type Entry, parseEntry } from "./verify/entry";
import type { SourceKey } from "./verify/registry";

export interface SignedBatch {
  state: "ok";
  batch: Batch;
  headerIndex: bigint;
  firstIndex: bigint;
  key: SourceKey;
  registryOrigin: string;
}

export type BatchVerdict = SignedBatch | Refuted | Unproven;

export interface EntryProof {
  inclusion: InclusionVerdict;
  /** Not asked for when the entry does not even stand in the log. */
  batch?: BatchVerdict | undefined;
}

export type EntryState = "verified" | "refuted" | "unproven";

/** Refuted beats unproven beats verified. */
export function entryState({ inclusion, batch }: EntryProof): EntryState {
  const states = [inclusion.state, batch?.state ?? "unproven"];
  if (states.includes("refuted")) return "refuted";
  return states.includes("unproven") ? "unproven" : "verified";
}

/** Raw entries of a log by index, from what the page already has or from the
 * ledger. */
export type Known = (index: bigint) => Bytes | undefined;

const maxBatches = 64;

export class EntryVerifier {
  readonly #batches = new Map<string, Promise<BatchVerdict>>();

  constructor(
    readonly api: Api,
    readonly verifier: Verifier,
    readonly registry: KeyRegistry,
  ) {}

  async prove(
    origin: string,
    index: bigint,
    entry: Bytes,
    known: Known = () => undefined,
  ): Promise<EntryProof> {
    const inclusion = await this.verifier.include(origin, index, entry);
    if (inclusion.state !== "ok") return { inclusion };
    const batch = await this.#batch(origin, index, entry, inclusion, known);
    return { inclusion, batch };
  }

  async #batch(
    origin: string,
    index: bigint,
    entry: Bytes,
    inclusion: Included,
    known: Known,
  ): Promise<BatchVerdict> {
    const no = (verdict: Refuted) =>
      this.verifier.raise(origin, verdict, index);
    let parsed: Entry;
    try {
      parsed = parseEntry(entry);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return no(refuted("entry_malformed", error.message));
    }
    const { size } = inclusion.accepted.checkpoint;
    let header: RawEntry | undefined;
    try {
      header =
        parsed.type === "header"
          ? { index, entry }
          : await this.#headerAfter(origin, index, size, known);
    } catch (error) {
      return this.verifier.raise(origin, failure(error, "batch_malformed"));
    }
    if (header === undefined) return no(refuted("batch_missing"));

    const key = `${origin} ${header.index}`;
    let verdict = this.#batches.get(key);
    if (verdict === undefined) {
      verdict = this.#open(origin, header, known);
      this.#remember(key, verdict);
    }
    const opened = await verdict;
    if (opened.state !== "ok") {
      // It may have been a moment's trouble; the next question asks again.
      this.#batches.delete(key);
      return opened;
    }
    if (parsed.type === "event") {
      // The bytes that are shown must be those that the batch holds.
      const at = Number(index - opened.firstIndex);
      const event = opened.batch.events[at];
      if (event === undefined || !equal(event.bytes, parsed.bytes)) {
        return no(refuted("batch_root"));
      }
    }
    return opened;
  }

  async #open(
    origin: string,
    header: RawEntry,
    known: Known,
  ): Promise<BatchVerdict> {
    const no = (verdict: Refuted) =>
      this.verifier.raise(origin, verdict, header.index);
    const inclusion = await this.verifier.include(
      origin,
      header.index,
      header.entry,
    );
    if (inclusion.state !== "ok") return inclusion;
    let entries: Bytes[];
    let firstIndex: bigint;
    try {
      const parsed = parseEntry(header.entry);
      if (parsed.type !== "header") return no(refuted("batch_malformed"));
      const { count } = parsed.header;
      firstIndex = header.index - BigInt(count);
      if (count < 1 || count > maxBatchEvents || firstIndex < 0n) {
        return no(refuted("batch_count"));
      }
      entries = await this.#range(origin, firstIndex, header.index, known);
    } catch (error) {
      const verdict = failure(error, "batch_malformed");
      return verdict.state === "refuted" ? no(verdict) : verdict;
    }
    const opened = await openBatch([...entries, header.entry]);
    if ("flaw" in opened) {
      // Whoever altered one entry on the way breaks its whole batch: name the
      // entry, not the batch.
      for (const [at, entry] of entries.entries()) {
        const index = firstIndex + BigInt(at);
        const alone = await this.verifier.include(origin, index, entry);
        if (alone.state !== "ok") return alone;
      }
      return no(refuted(`batch_${opened.flaw}`));
    }

    if (!isOfLog(opened.batch.header, origin)) {
      return no(refuted("batch_other_log"));
    }
    const registry = await this.registry.current();
    if (registry.state !== "ok") return registry;
    const judged = await registry.history.judge(
      opened.batch.header,
      origin,
      header.index,
    );
    if ("flaw" in judged) return no(refuted(`key_${judged.flaw}`));
    return {
      state: "ok",
      batch: opened.batch,
      headerIndex: header.index,
      firstIndex,
      key: judged.key,
      registryOrigin: registry.origin,
    };
  }

  /** The header of the batch that an event came in: the next one. */
  async #headerAfter(
    origin: string,
    index: bigint,
    size: bigint,
    known: Known,
  ): Promise<RawEntry | undefined> {
    const last = index + BigInt(maxBatchEvents);
    const end = last < size ? last + 1n : size;
    let at = index + 1n;
    while (at < end) {
      const entries = await this.#page(origin, at, end, known);
      if (entries.length === 0) return undefined;
      const header = entries.find((raw) => raw.entry[0] === 2);
      if (header !== undefined) return header;
      at += BigInt(entries.length);
    }
    return undefined;
  }

  async #range(
    origin: string,
    from: bigint,
    to: bigint,
    known: Known,
  ): Promise<Bytes[]> {
    const found: Bytes[] = [];
    while (from < to) {
      const entries = await this.#page(origin, from, to, known);
      if (entries.length === 0) throw new FormatError("entries are missing");
      found.push(...entries.map((raw) => raw.entry));
      from += BigInt(entries.length);
    }
    return found;
  }

  /** Entries from `from` on, before `to`: known ones as far as they go, else
   * as many as one question brings. */
  async #page(
    origin: string,
    from: bigint,
    to: bigint,
    known: Known,
  ): Promise<RawEntry[]> {
    const have: RawEntry[] = [];
    for (let index = from; index < to; ++index) {
      const entry = known(index);
      if (entry === undefined) break;
      have.push({ index, entry });
    }
    if (have.length > 0) return have;
    const rest = to - from;
    const count = rest < maxEntries ? Number(rest) : maxEntries;
    return this.api.entries(origin, from, count);
  }

  #remember(key: string, verdict: Promise<BatchVerdict>): void {
    if (this.#batches.size >= maxBatches) {
      const [oldest] = this.#batches.keys();
      if (oldest !== undefined) this.#batches.delete(oldest);
    }
    this.#batches.set(key, verdict);
  }
}
