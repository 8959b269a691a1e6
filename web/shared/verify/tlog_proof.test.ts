// SPDX-License-Identifier: Apache-2.0
import "../../testing/test_crypto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64, utf8 } from "../bytes";
import { sha256Sync } from "../../testing/reference_tree";
import { parseTlogProof } from "./tlog_proof";

const one = toBase64(sha256Sync(utf8("hash1")));
const two = toBase64(sha256Sync(utf8("hash2")));
const note = "origin\n1\nAAAA\n\n— name AAAAAA==\n";

test("a proof is taken apart", () => {
  const proof = parseTlogProof(
    `c2sp.org/tlog-proof@v1\nindex 5\n${one}\n${two}\n\n${note}`,
  );
  assert.equal(proof.index, 5n);
  assert.deepEqual(proof.path.map(toBase64), [one, two]);
  assert.equal(proof.checkpoint, note);
  const single = parseTlogProof(`c2sp.org/tlog-proof@v1\nindex 0\n\n${note}`);
  assert.deepEqual(single.path, []);
});

test("malformed proofs", () => {
  const head = "c2sp.org/tlog-proof@v1\n";
  for (const text of [
    "",
    "nonsense",
    `c2sp.org/tlog-proof@v2\nindex 5\n${one}\n\n${note}`,
    `${head}index 5\n${one}\n`,
    `${head}${one}\n\n${note}`,
    `${head}index 05\n${one}\n\n${note}`,
    `${head}index -5\n${one}\n\n${note}`,
    `${head}index 5 \n${one}\n\n${note}`,
    `${head}index 5\nAAAA\n\n${note}`,
    `${head}index 5\n${one} \n\n${note}`,
    `${head}extra AAAA\nindex 5\n${one}\n\n${note}`,
    `${head}index 5\n${`${one}\n`.repeat(64)}\n${note}`,
  ]) {
    assert.throws(() => parseTlogProof(text), { name: "FormatError" }, text);
  }
});
