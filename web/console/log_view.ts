// SPDX-License-Identifier: Apache-2.0
// The window onto one log: a run of consecutive entries, newest first, that
// follows the log's end or stands still.

import { type Api, ApiError, maxEntries, type RawEntry } from "../shared/api";
import { type Bytes, FormatError } from "../shared/bytes";
import {
  type EntryProof,
  entryState,
  type EntryState,
} from "../shared/entry_verifier";
import { type Entry, parseEntry } from "../shared/verify/entry";

export type RowState = "nokey" | "waiting" | "checking" | EntryState;

export interface Row {
  index: bigint;
  bytes: Bytes;
  /** Nothing when the bytes are no entry that this page can read. */
  entry: Entry | undefined;
  state: RowState;
  proof?: EntryProof;
}

/** Why something could not be read, for words of the page. */
export type Trouble =
  | { trouble: "no_answer" }
  | { trouble: "status"; status: number }
  | { trouble: "malformed" };

export function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiError) {
    return error.status === 0
      ? { trouble: "no_answer" }
      : { trouble: "status", status: error.status };
  }
  if (error instanceof FormatError) return { trouble: "malformed" };
  throw error;
}

export const pageLength = 30;
const maxRows = 240;
/** Rows that are listed prove themselves, so many at a time. */
const workers = 2;
const minRefreshMs = 400;

export interface Prover {
  prove(
    origin: string,
    row: Row,
    known: (index: bigint) => Bytes | undefined,
  ): Promise<EntryProof> | undefined;
}

export class LogView {
  /** Newest first, consecutive. */
  rows: Row[] = [];
  size: bigint;
  loading = true;
  loadingOlder = false;
  trouble: Trouble | undefined;
  /** An entry that was asked for and is not there. */
  missing: bigint | undefined;
  following = true;
  /** Entries below it were deleted: nobody can show them. */
  prunedTo = 0n;
  /** By button; by the pointer on the list. */
  paused = false;
  hovered = false;
  open: bigint | undefined;
  #closed = false;
  #queue: Row[] = [];
  #busy = 0;
  #refreshing = false;
  #again = false;

  constructor(
    readonly api: Api,
    readonly origin: string,
    size: bigint,
    readonly prover: Prover,
    readonly changed: () => void,
  ) {
    this.size = size;
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  get held(): boolean {
    return this.paused || this.hovered || this.open !== undefined;
  }

  /** Entries that stand beyond the newest row. */
  get pending(): bigint {
    const newest = this.rows[0]?.index;
    return newest === undefined ? 0n : this.size - newest - 1n;
  }

  row(index: bigint): Row | undefined {
    return this.rows.find((row) => row.index === index);
  }

  /** The newest entries. */
  async start(): Promise<void> {
    this.following = true;
    await this.#load(async () => {
      const from = max(this.size - BigInt(pageLength), 0n);
      return this.size === 0n ? [] : this.#entries(from, this.size);
    });
  }

  /** An entry with some around it; stands still. */
  async show(index: bigint): Promise<void> {
    this.missing = undefined;
    if (index >= this.size) {
      this.missing = index;
      if (this.rows.length === 0) await this.start();
      this.changed();
      return;
    }
    this.open = index;
    if (this.row(index) === undefined) {
      const half = BigInt(pageLength / 2);
      const from = max(index - half, 0n);
      const to = min(index + half, this.size);
      this.following = to === this.size;
      await this.#load(() => this.#entries(from, to));
    }
    const row = this.row(index);
    if (row !== undefined) this.urgent(row);
    this.changed();
  }

  fold(): void {
    this.open = undefined;
    this.changed();
    this.grow(this.size);
  }

  async older(): Promise<void> {
    const oldest = this.rows.at(-1)?.index;
    if (oldest === undefined || this.loadingOlder) return;
    if (oldest <= this.prunedTo) return;
    this.loadingOlder = true;
    this.changed();
    try {
      const from = max(oldest - BigInt(pageLength), 0n);
      const entries = await this.#entries(from, oldest);
      const rows = entries.map(makeRow).reverse();
      // The length is bounded: what is far from where one reads goes.
      const all = [...this.rows, ...rows];
      this.rows = all.slice(Math.max(0, all.length - maxRows));
      if (this.rows.length < all.length) this.following = false;
      this.#enqueue(rows);
      this.trouble = undefined;
    } catch (error) {
      this.trouble = troubleOf(error);
    }
    this.loadingOlder = false;
    this.changed();
  }

  /** The log has grown (or tells so). */
  grow(size: bigint): void {
    if (size > this.size) this.size = size;
    this.changed();
    if (this.held || !this.following || this.loading) return;
    if (this.pending > 0n || this.rows.length === 0) void this.#refresh();
  }

  setHovered(hovered: boolean): void {
    if (this.hovered === hovered) return;
    this.hovered = hovered;
    this.changed();
    this.grow(this.size);
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    if (!paused && !this.following) return this.newest();
    this.changed();
    this.grow(this.size);
  }

  /** Back to the end of the log, and on with it. */
  newest(): void {
    this.paused = false;
    this.open = undefined;
    this.missing = undefined;
    void this.start();
  }

  /** Forgets what was proven: another key is loaded. */
  reprove(): void {
    for (const row of this.rows) {
      row.state = "waiting";
      delete row.proof;
    }
    this.#queue = [];
    this.#enqueue(this.rows);
  }

  /** What could not be proven gets another chance: the ledger is back. */
  retry(): void {
    const rows = this.rows.filter((row) => row.state === "unproven");
    for (const row of rows) row.state = "waiting";
    this.#enqueue(rows);
  }

  /** Proves a row before all others, again if that has failed. */
  urgent(row: Row): void {
    if (row.state === "verified" || row.state === "checking") return;
    this.#queue = this.#queue.filter((other) => other !== row);
    this.#queue.unshift(row);
    this.#work();
  }

  async #load(read: () => Promise<RawEntry[]>): Promise<void> {
    this.loading = true;
    this.trouble = undefined;
    this.changed();
    try {
      const entries = await read();
      if (this.#closed) return;
      this.rows = entries.map(makeRow).reverse();
      this.#queue = [];
      this.#enqueue(this.rows);
    } catch (error) {
      this.trouble = troubleOf(error);
    }
    this.loading = false;
    this.changed();
  }

  // At most one at a time, and not more often than a person can read: what
  // comes meanwhile is taken by the next round.
  async #refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    this.#refreshing = true;
    const newest = this.rows[0]?.index ?? -1n;
    try {
      const far = this.size - newest - 1n > BigInt(maxEntries);
      const from = far ? this.size - BigInt(pageLength) : newest + 1n;
      const entries = await this.#entries(from, this.size);
      const rows = entries.map(makeRow).reverse();
      if (this.held || this.#closed) {
        this.#refreshing = false;
        return;
      }
      const kept = far ? [] : this.rows.slice(0, maxRows - rows.length);
      this.rows = [...rows, ...kept];
      this.trouble = undefined;
      this.#enqueue(rows);
    } catch (error) {
      this.trouble = troubleOf(error);
    }
    this.changed();
    setTimeout(() => {
      this.#refreshing = false;
      if (this.#again && !this.#closed) {
        this.#again = false;
        this.grow(this.size);
      }
    }, minRefreshMs);
  }

  async #entries(from: bigint, to: bigint): Promise<RawEntry[]> {
    const found: RawEntry[] = [];
    from = max(from, min(this.prunedTo, to));
    while (from < to) {
      const count = Number(min(to - from, BigInt(maxEntries)));
      const page = await this.api.entries(this.origin, from, count);
      if (page.length === 0) break;
      found.push(...page);
      from += BigInt(page.length);
    }
    return found;
  }

  #enqueue(rows: Row[]): void {
    this.#queue.unshift(...rows);
    this.#queue.length = Math.min(this.#queue.length, maxRows);
    this.#work();
  }

  #work(): void {
    while (this.#busy < workers && !this.#closed) {
      const row = this.#queue.shift();
      if (row === undefined) return;
      const asked = this.prover.prove(
        this.origin,
        row,
        (index) => this.row(index)?.bytes,
      );
      if (asked === undefined) {
        row.state = "nokey";
        continue;
      }
      row.state = "checking";
      ++this.#busy;
      void asked
        .then((proof) => {
          row.proof = proof;
          row.state = entryState(proof);
        })
        .catch((error: unknown) => {
          row.state = "unproven";
          console.error(error);
        })
        .finally(() => {
          --this.#busy;
          this.changed();
          this.#work();
        });
    }
  }
}

function makeRow({ index, entry: bytes, damaged }: RawEntry): Row {
  let entry: Entry | undefined;
  try {
    // What rotted may still decode, to something that nobody wrote.
    entry = damaged === true ? undefined : parseEntry(bytes);
  } catch {
    entry = undefined;
  }
  return { index, bytes, entry, state: "waiting" };
}

const max = (a: bigint, b: bigint) => (a > b ? a : b);
const min = (a: bigint, b: bigint) => (a < b ? a : b);
