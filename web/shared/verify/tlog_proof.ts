// SPDX-License-Identifier: Apache-2.0
// Offline proofs (C2SP tlog-proof, header `c2sp.org/tlog-proof@v1`).

import { type Bytes, FormatError, fromBase64, parseDecimal } from "../bytes";

export interface TlogProof {
  index: bigint;
  path: Bytes[];
  /** The note, verbatim. */
  checkpoint: string;
}

const header = "c2sp.org/tlog-proof@v1\n";
const maxPath = 63;

/** Throws FormatError. An `extra` line is unauthenticated, so it is refused:
 * the ledger never writes one. */
export function parseTlogProof(text: string): TlogProof {
  if (!text.startsWith(header)) throw new FormatError("not a tlog-proof");
  const split = text.indexOf("\n\n");
  if (split < 0) throw new FormatError("no checkpoint");
  const lines = text.slice(header.length, split).split("\n");
  const [first = "", ...hashes] = lines;
  if (!first.startsWith("index ")) throw new FormatError("no index");
  if (hashes.length > maxPath) throw new FormatError("path too long");
  const path = hashes.map(fromBase64);
  if (path.some((hash) => hash.length !== 32)) {
    throw new FormatError("hash not 32 bytes");
  }
  return {
    index: parseDecimal(first.slice("index ".length)),
    path,
    checkpoint: text.slice(split + 2),
  };
}
