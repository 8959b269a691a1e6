// SPDX-License-Identifier: Apache-2.0
// The tree of RFC 6962 section 2.1 written as the text has it, recursive and
// slow, from Node's own hash: what the tests hold the real code against, and
// what the fake ledger of the browser tests builds its proofs with.

import { createHash } from "node:crypto";
import type { Bytes } from "../shared/bytes";

export function sha256Sync(...parts: Uint8Array[]): Bytes {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export function leafHashSync(entry: Uint8Array): Bytes {
  return sha256Sync(Uint8Array.of(0), entry);
}

function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/** MTH(D[n]) over leaf hashes. */
export function rootOf(leaves: Uint8Array[]): Bytes {
  const [first] = leaves;
  if (first === undefined) return sha256Sync();
  if (leaves.length === 1) return Uint8Array.from(first);
  const k = split(leaves.length);
  return sha256Sync(
    Uint8Array.of(1),
    rootOf(leaves.slice(0, k)),
    rootOf(leaves.slice(k)),
  );
}

/** PATH(m, D[n]). */
export function inclusionPath(m: number, leaves: Uint8Array[]): Bytes[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...inclusionPath(m, leaves.slice(0, k)), rootOf(leaves.slice(k))]
    : [...inclusionPath(m - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
}

/** PROOF(m, D[n]). */
export function consistencyPath(m: number, leaves: Uint8Array[]): Bytes[] {
  return subproof(m, leaves, true);
}

function subproof(m: number, leaves: Uint8Array[], whole: boolean): Bytes[] {
  const n = leaves.length;
  if (m === n) return whole ? [] : [rootOf(leaves)];
  const k = split(n);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), rootOf(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))];
}
