// SPDX-License-Identifier: Apache-2.0
// Signed notes (C2SP signed-note v1.0.0) with Ed25519 keys (type 0x01).

import {
  type Bytes,
  concat,
  equal,
  FormatError,
  fromBase64,
  fromUtf8,
  toBase64,
  toHex,
  utf8,
} from "../bytes";
import { sha256, verifyEd25519 } from "./hash";

const ed25519Type = 0x01;
const maxNoteBytes = 64 * 1024;
const maxSignatures = 64;

export interface NoteKey {
  name: string;
  key: Bytes;
  /** First four bytes of SHA-256(name LF type key), as hex. */
  id: string;
}

function isKeyName(name: string): boolean {
  return name !== "" && !/[\s\u0085+]/u.test(name);
}

export async function noteKey(name: string, key: Bytes): Promise<NoteKey> {
  const hash = await sha256(utf8(`${name}\n`), Uint8Array.of(ed25519Type), key);
  return { name, key, id: toHex(hash.subarray(0, 4)) };
}

/** A vkey, `name+hash+base64`. Throws FormatError: bad form, bad name, unknown
 * type, a hash that is not its key's. */
export async function parseVkey(vkey: string): Promise<NoteKey> {
  // The base64 may itself contain "+".
  const match = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/u.exec(vkey);
  const [, name = "", id = "", encoded = ""] = match ?? [];
  if (!isKeyName(name)) throw new FormatError("not a verification key");
  const data = fromBase64(encoded);
  if (data[0] !== ed25519Type || data.length !== 33) {
    throw new FormatError("not an Ed25519 key");
  }
  const key = await noteKey(name, data.slice(1));
  if (key.id !== id) throw new FormatError("hash is not the key's");
  return key;
}

export function formatVkey(key: NoteKey): string {
  const data = concat(Uint8Array.of(ed25519Type), key.key);
  return `${key.name}+${key.id}+${toBase64(data)}`;
}

export interface NoteSignature {
  name: string;
  id: string;
  signature: Bytes;
}

/** A note taken apart; nothing in it is verified. */
export interface Note {
  /** With its final LF. */
  text: string;
  signatures: NoteSignature[];
}

function parseSignature(line: string): NoteSignature {
  const match = /^\u2014 (\S+) (\S+)$/u.exec(line);
  const [, name = "", encoded = ""] = match ?? [];
  if (!isKeyName(name)) throw new FormatError("malformed signature line");
  const blob = fromBase64(encoded);
  if (blob.length < 5) throw new FormatError("signature too short");
  return { name, id: toHex(blob.subarray(0, 4)), signature: blob.slice(4) };
}

/** Throws FormatError: control characters, no blank line, no or malformed
 * signature line, too many of them, too large. */
export function parseNote(note: string): Note {
  const bytes = utf8(note);
  // A lone surrogate does not survive the way through UTF-8.
  if (fromUtf8(bytes) !== note) throw new FormatError("not UTF-8");
  if (bytes.length > maxNoteBytes) throw new FormatError("note too large");
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) {
    throw new FormatError("control characters");
  }
  const split = note.lastIndexOf("\n\n");
  if (split < 0) throw new FormatError("no signatures");
  const rest = note.slice(split + 2);
  if (!rest.endsWith("\n")) throw new FormatError("last line is not ended");
  const lines = rest.slice(0, -1).split("\n");
  if (lines.length > maxSignatures)
    throw new FormatError("too many signatures");
  return {
    text: note.slice(0, split + 1),
    signatures: lines.map(parseSignature),
  };
}

/** True when a signature of `key` is there and right, and no other claim of
 * that name and id is wrong. */
export async function isSignedBy(note: Note, key: NoteKey): Promise<boolean> {
  const claims = note.signatures.filter(
    (signature) => signature.name === key.name && signature.id === key.id,
  );
  if (claims.length === 0) return false;
  const text = utf8(note.text);
  for (const claim of claims) {
    if (!(await verifyEd25519(key.key, text, claim.signature))) return false;
  }
  return true;
}

export function sameNoteKey(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && equal(a.key, b.key);
}
