// SPDX-License-Identifier: Apache-2.0
// Vectors: the whole tile log of a published test data set (15 entries).
import "../../testing/test_crypto";
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { type Bytes, fromBase64, toBase64, utf8 } from "../bytes";
import {
  openCheckpoint,
  parseCheckpoint,
  parseOrigin,
  parseTrust,
} from "./checkpoint";
import { leafHash, merkleRoot } from "./merkle";
import { formatVkey, isSignedBy, noteKey, parseNote, parseVkey } from "./note";

const words =
  "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten";
const note15 =
  "example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n" +
  "— example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n";
const vkey =
  "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

test("the published log: entries lead to the signed root", async () => {
  const leaves = await Promise.all(
    words.split(" ").map((word) => leafHash(utf8(word))),
  );
  const note = parseNote(note15);
  const checkpoint = await parseCheckpoint(note.text);
  assert.equal(checkpoint.size, 15n);
  assert.deepEqual(await merkleRoot(leaves), checkpoint.root);
  assert.ok(await isSignedBy(note, await parseVkey(vkey)));
  assert.equal(
    toBase64(await merkleRoot(leaves.slice(0, 9))),
    "CvhHViE3S9E3htHLR+25mapWoGCJ3WckMq1UtC3VmEY=",
  );
  assert.equal(
    toBase64(await merkleRoot(leaves.slice(0, 1))),
    "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
  );
});

test("malformed checkpoints", async () => {
  const root = "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=";
  assert.equal((await parseCheckpoint(`o\n1\n${root}\n`)).size, 1n);
  for (const text of [
    "",
    `o\n1\n${root}`,
    `o\n01\n${root}\n`,
    `o\n-1\n${root}\n`,
    `o\n1 \n${root}\n`,
    `o\n18446744073709551616\n${root}\n`,
    `o\n1\n${root}\nextension\n`,
    `o\n1\nAAAA\n`,
    `\n1\n${root}\n`,
    `o\n0\n${root}\n`,
  ]) {
    await assert.rejects(parseCheckpoint(text), { name: "FormatError" }, text);
  }
});

interface TestKey {
  publicKey: Bytes;
  sign(text: string): Bytes;
}

function testKey(): TestKey {
  const pair = generateKeyPairSync("ed25519");
  const spki = pair.publicKey.export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (text) =>
      new Uint8Array(sign(null, Buffer.from(text), pair.privateKey)),
  };
}

const origin = "demo.example/bj1/record/1";
const rootText = toBase64(new Uint8Array(32).fill(7));
const body = `${origin}\n5\n${rootText}\n`;

async function signed(text: string, name: string, key: TestKey) {
  const { id } = await noteKey(name, key.publicKey);
  const blob = Buffer.concat([Buffer.from(id, "hex"), key.sign(text)]);
  return `${text}\n— ${name} ${blob.toString("base64")}\n`;
}

async function trustIn(ledger: string, ...keys: TestKey[]) {
  const lines = await Promise.all(
    keys.map(async (key) => formatVkey(await noteKey(ledger, key.publicKey))),
  );
  return parseTrust(["strongroom-trust/v1", ...lines, ""].join("\n"));
}

test("a checkpoint opens under the trusted key alone", async () => {
  const [mine, other] = [testKey(), testKey()];
  const trust = await trustIn("demo.example", mine);
  const good = await openCheckpoint(
    await signed(body, origin, mine),
    origin,
    trust,
  );
  assert.ok("checkpoint" in good);
  assert.equal(good.checkpoint.size, 5n);

  const flaw = async (note: string, of = origin, by = trust) => {
    const opened = await openCheckpoint(note, of, by);
    return "flaw" in opened ? opened.flaw : undefined;
  };
  assert.equal(await flaw("nonsense"), "malformed");
  assert.equal(await flaw(await signed(body, origin, other)), "other_key");
  assert.equal(await flaw(await signed(body, "a.b/c", mine)), "other_key");
  assert.equal(
    await flaw(
      await signed(body, origin, mine),
      "demo.example/bj1/telemetry/1",
    ),
    "other_log",
  );
  assert.equal(
    await flaw(
      await signed(body, origin, mine),
      origin,
      await trustIn("other.example", mine),
    ),
    "other_ledger",
  );
  const note = await signed(body, origin, mine);
  assert.equal(await flaw(note.replace("\n5\n", "\n6\n")), "signature");
});

test("while a key is rotated either of the two will do", async () => {
  const [old, fresh] = [testKey(), testKey()];
  const trust = await trustIn("demo.example", old, fresh);
  for (const key of [old, fresh]) {
    const note = await signed(body, origin, key);
    assert.ok("checkpoint" in (await openCheckpoint(note, origin, trust)));
  }
});

test("trust files: what is wrong, and in which line", async () => {
  const key = formatVkey(await noteKey("demo.example", testKey().publicKey));
  const two = formatVkey(await noteKey("demo.example", testKey().publicKey));
  const foreign = formatVkey(await noteKey("b.example", testKey().publicKey));
  const head = "strongroom-trust/v1\n";
  const good = await parseTrust(`${head}# ours\n\n${key}\n${two}\n`);
  assert.equal(good.ledger, "demo.example");
  assert.equal(good.keys.length, 2);
  const windows = await parseTrust(`strongroom-trust/v1\r\n${key}\r\n`);
  assert.equal(windows.keys.length, 1);
  const cases: [string, string, number][] = [
    ["", "first_line", 1],
    ["\u0000\u0001nonsense", "first_line", 1],
    [key, "first_line", 1],
    [head, "no_key", 2],
    [`${head}nonsense\n`, "bad_key", 2],
    [`${head}#\n${key}x\n`, "bad_key", 3],
    [`${head}${key}\n${foreign}\n`, "two_ledgers", 3],
    [`${head}${key}\n${key}\n`, "same_key", 3],
    [
      head + formatVkey(await noteKey("Demo/x", testKey().publicKey)),
      "bad_name",
      2,
    ],
    [`${head}${"#".repeat(70_000)}`, "too_large", 1],
  ];
  for (const [file, flaw, line] of cases) {
    await assert.rejects(parseTrust(file), { flaw, line }, flaw);
  }
});

test("origins are canonical", () => {
  assert.deepEqual(parseOrigin("demo.example/bj1/record/12"), {
    ledger: "demo.example",
    site: "bj1",
    stream: "record",
    generation: "12",
  });
  for (const text of [
    "demo.example/bj1/record/01",
    "demo.example/bj1/record/0",
    "demo.example/bj1/other/1",
    "demo.example/BJ1/record/1",
    "demo.example/bj1/record/1/",
    "/bj1/record/1",
  ]) {
    assert.equal(parseOrigin(text), undefined, text);
  }
  assert.equal(fromBase64(rootText).length, 32);
});
