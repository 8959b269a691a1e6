// SPDX-License-Identifier: Apache-2.0
// Vectors: C2SP signed-note, and the example notes of a Go implementation.
import "../../testing/test_crypto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "../bytes";
import { canVerify, isWeakKey, verifyEd25519 } from "./hash";
import { formatVkey, isSignedBy, parseNote, parseVkey } from "./note";

const fooKey =
  "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const fooNote =
  "This is an example message.\n\n" +
  "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

const text =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";
const peterKey =
  "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const peterLine =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const enochKey =
  "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const enochLine =
  "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

test("this machine can verify", async () => {
  assert.equal(await canVerify(), "ready");
});

test("the published notes verify under their keys and no other", async () => {
  const foo = await parseVkey(fooKey);
  const peter = await parseVkey(peterKey);
  const enoch = await parseVkey(enochKey);
  const both = parseNote(`${text}\n${peterLine}${enochLine}`);
  assert.ok(await isSignedBy(parseNote(fooNote), foo));
  assert.ok(await isSignedBy(both, peter));
  assert.ok(await isSignedBy(both, enoch));
  assert.ok(!(await isSignedBy(both, foo)));
  assert.ok(!(await isSignedBy(parseNote(fooNote), peter)));
  for (const key of [fooKey, peterKey, enochKey]) {
    assert.equal(formatVkey(await parseVkey(key)), key);
  }
});

test("a wrong claim of a known key spoils the note", async () => {
  const peter = await parseVkey(peterKey);
  const forged = peterLine.replace("x08go/ZJ", "x08go/ZK");
  const both = parseNote(`${text}\n${peterLine}${forged}`);
  assert.ok(!(await isSignedBy(both, peter)));
});

test("any changed character of a note is noticed", async () => {
  const foo = await parseVkey(fooKey);
  for (let i = 0; i < fooNote.length; ++i) {
    const other = fooNote[i] === "A" ? "B" : "A";
    const altered = fooNote.slice(0, i) + other + fooNote.slice(i + 1);
    let accepted = false;
    try {
      accepted = await isSignedBy(parseNote(altered), foo);
    } catch {
      // refused as malformed
    }
    assert.ok(!accepted, `position ${i}`);
  }
});

test("the text ends at the last blank line", () => {
  const note = parseNote(`a\n\nb\n\n${peterLine}`);
  assert.equal(note.text, "a\n\nb\n");
});

test("malformed notes", () => {
  for (const note of [
    "",
    "text\n",
    "text\n\n",
    `text\n${peterLine}`,
    `text\n\n${peterLine.slice(0, -1)}`,
    `text\n\n${peterLine}\n`,
    `text\n\n${peterLine.replace("—", "-")}`,
    `text\n\n${peterLine.replace("— ", "—  ")}`,
    "text\n\n— name\n",
    "text\n\n— na+me x08goAAA\n",
    "text\n\n— name AAAA\n",
    "text\n\n— name x08go=\n",
    `te\u0001xt\n\n${peterLine}`,
    `te\txt\n\n${peterLine}`,
    `te\rxt\n\n${peterLine}`,
    `te\ud800xt\n\n${peterLine}`,
    `text\n\n${peterLine.repeat(65)}`,
    `${"x".repeat(70_000)}\n\n${peterLine}`,
  ]) {
    assert.throws(() => parseNote(note), { name: "FormatError" }, note);
  }
});

test("malformed keys", async () => {
  for (const key of [
    "",
    "PeterNeumann",
    peterKey.slice(0, -1),
    peterKey.replace("c74f20a3", "c74f20a4"),
    peterKey.replace("c74f20a3", "C74F20A3"),
    peterKey.replace("PeterNeumann", "Peter Neumann"),
    peterKey.replace("PeterNeumann", ""),
    peterKey.replace("+ARpc", "+BBpc"),
    `${peterKey}AAAA`,
  ]) {
    await assert.rejects(parseVkey(key), { name: "FormatError" }, key);
  }
});

test("weak keys sign nothing", async () => {
  const weak = fromHex(`01${"00".repeat(31)}`);
  assert.ok(isWeakKey(weak));
  // R = identity, S = 0: valid for every message under this key in a verifier
  // that does not look at the key.
  const signature = fromHex(`01${"00".repeat(63)}`);
  assert.ok(!(await verifyEd25519(weak, fromHex("00"), signature)));
  weak[31] = 0x80;
  assert.ok(isWeakKey(weak));
});
