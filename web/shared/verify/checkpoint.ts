// SPDX-License-Identifier: Apache-2.0
// Checkpoints (C2SP tlog-checkpoint v1.0.0) and the trust file.

import {
  type Bytes,
  equal,
  FormatError,
  fromBase64,
  parseDecimal,
} from "../bytes";
import { emptyRoot } from "./merkle";
import {
  isSignedBy,
  type Note,
  type NoteKey,
  noteKey,
  parseNote,
  parseVkey,
  sameNoteKey,
} from "./note";

export interface Checkpoint {
  origin: string;
  size: bigint;
  root: Bytes;
}

/** The text of a note. Throws FormatError: not exactly three lines (we never
 * write an extension), leading zeros, root not 32 bytes, empty root wrong for
 * size 0. */
export async function parseCheckpoint(text: string): Promise<Checkpoint> {
  const lines = text.split("\n");
  const [origin = "", size = "", root = "", end] = lines;
  if (lines.length !== 4 || end !== "" || origin === "") {
    throw new FormatError("not a checkpoint");
  }
  const checkpoint = {
    origin,
    size: parseDecimal(size),
    root: fromBase64(root),
  };
  if (checkpoint.root.length !== 32) throw new FormatError("bad root");
  if (checkpoint.size === 0n && !equal(checkpoint.root, await emptyRoot())) {
    throw new FormatError("empty tree with another root");
  }
  return checkpoint;
}

/** Whom a verifier believes: a ledger's name and log keys (old and new while
 * rotating). docs/formats/trust.md. */
export interface Trust {
  ledger: string;
  keys: NoteKey[];
}

export type TrustFlaw =
  | "first_line"
  | "no_key"
  | "bad_key"
  | "bad_name"
  | "two_ledgers"
  | "same_key"
  | "too_large";

export class TrustError extends Error {
  constructor(
    readonly flaw: TrustFlaw,
    readonly line: number,
  ) {
    super(`${flaw} in line ${line}`);
  }
}

export const trustFirstLine = "strongroom-trust/v1";
const maxTrustBytes = 64 * 1024;
const ledgerName = /^[a-z0-9][a-z0-9.-]{0,62}$/;

/** Throws TrustError, which names the line. */
export async function parseTrust(file: string): Promise<Trust> {
  if (file.length > maxTrustBytes) throw new TrustError("too_large", 1);
  const lines = file.split(/\r?\n/);
  if (lines[0] !== trustFirstLine) throw new TrustError("first_line", 1);
  const keys: NoteKey[] = [];
  for (const [at, line] of lines.entries()) {
    const number = at + 1;
    if (at === 0 || line === "" || line.startsWith("#")) continue;
    const key = await parseVkey(line).catch(() => {
      throw new TrustError("bad_key", number);
    });
    if (!ledgerName.test(key.name)) throw new TrustError("bad_name", number);
    if (keys[0] !== undefined && keys[0].name !== key.name) {
      throw new TrustError("two_ledgers", number);
    }
    if (keys.some((other) => sameNoteKey(other, key))) {
      throw new TrustError("same_key", number);
    }
    keys.push(key);
  }
  const first = keys[0];
  if (first === undefined) throw new TrustError("no_key", lines.length);
  return { ledger: first.name, keys };
}

/** A log's name: `<ledger>/<site>/<stream>/<generation>`. */
export interface Origin {
  ledger: string;
  site: string;
  stream: string;
  generation: string;
}

/** Nothing unless canonical. */
export function parseOrigin(text: string): Origin | undefined {
  const match =
    /^([a-z0-9][a-z0-9.-]{0,62})\/([a-z0-9][a-z0-9-]{0,31})\/(record|telemetry|registry)\/([1-9][0-9]{0,9})$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, ledger = "", site = "", stream = "", generation = ""] = match;
  return { ledger, site, stream, generation };
}

export type CheckpointFlaw =
  | "malformed" // not a note, not a checkpoint
  | "other_log" // of another origin than was asked for
  | "other_ledger" // of a ledger that the loaded key is not for
  | "other_key" // no signature by a loaded key
  | "signature"; // a signature that claims a loaded key is wrong

export type OpenedCheckpoint =
  /** `key` is the one of the trust file, by whose id people know it. */
  | { checkpoint: Checkpoint; note: string; key: NoteKey }
  | { flaw: CheckpointFlaw };

async function signer(
  note: Note,
  origin: string,
  trust: Trust,
): Promise<NoteKey | CheckpointFlaw> {
  let found: NoteKey | undefined;
  for (const trusted of trust.keys) {
    // Every log of a ledger is signed with its key, under the log's origin.
    const key = await noteKey(origin, trusted.key);
    const claimed = note.signatures.some(
      (claim) => claim.name === key.name && claim.id === key.id,
    );
    if (!claimed) continue;
    if (!(await isSignedBy(note, key))) return "signature";
    found = trusted;
  }
  return found ?? "other_key";
}

/** Verifies a checkpoint note of the log `origin`. */
export async function openCheckpoint(
  text: string,
  origin: string,
  trust: Trust,
): Promise<OpenedCheckpoint> {
  let note: Note;
  let checkpoint: Checkpoint;
  try {
    note = parseNote(text);
    checkpoint = await parseCheckpoint(note.text);
  } catch (error) {
    if (error instanceof FormatError) return { flaw: "malformed" };
    throw error;
  }
  if (checkpoint.origin !== origin) return { flaw: "other_log" };
  const name = parseOrigin(origin);
  if (name === undefined) return { flaw: "malformed" };
  if (name.ledger !== trust.ledger) return { flaw: "other_ledger" };
  const key = await signer(note, origin, trust);
  if (typeof key === "string") return { flaw: key };
  return { checkpoint, note: text, key };
}
