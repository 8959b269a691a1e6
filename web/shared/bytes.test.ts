// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, fromHex, parseDecimal, toBase64, toHex } from "./bytes";

test("base64 and hex survive the round trip", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7) & 255);
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  assert.deepEqual(fromHex(toHex(bytes)), bytes);
});

test("base64 is strict: one text for given bytes", () => {
  for (const text of [
    "QQ",
    "QQ=",
    "QR==",
    "Q Q=",
    "QQ==\n",
    "QQ==QQ==",
    "-_==",
  ]) {
    assert.throws(() => fromBase64(text), /base64/, text);
  }
});

test("decimal numbers have one spelling and 64 bits", () => {
  assert.equal(parseDecimal("18446744073709551615"), (1n << 64n) - 1n);
  for (const text of ["", "01", "+1", "-1", "1.0", "18446744073709551616"]) {
    assert.throws(() => parseDecimal(text), text);
  }
});
