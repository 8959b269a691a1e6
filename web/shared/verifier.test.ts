// SPDX-License-Identifier: Apache-2.0
// The browser's judgement against a ledger that lies in every way it can.
import "../testing/test_crypto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeLedger, TestKey } from "../testing/fake_ledger";
import { addMinute, climateWindow, room } from "../testing/scene";
import { Api } from "./api";
import { EntryVerifier, entryState } from "./entry_verifier";
import { KeyRegistry } from "./key_registry";
import { type Alarm, Memory, VolatileStorage } from "./memory";
import { Verifier } from "./verifier";
import { parseTrust } from "./verify/checkpoint";

async function browser(
  ledger: FakeLedger,
  memory = new Memory(new VolatileStorage()),
  trustFile = ledger.trustFile(),
) {
  const api = new Api("", ledger.fetch);
  const alarms: Alarm[] = [];
  const verifier = new Verifier(
    api,
    memory,
    await parseTrust(trustFile),
    (alarm) => alarms.push(alarm),
    () => 1,
    async () => undefined,
  );
  const registry = new KeyRegistry(api, verifier, ledger.registry);
  const entries = new EntryVerifier(api, verifier, registry);
  const prove = async (origin: string, index: number) => {
    const [raw] = await api.entries(origin, BigInt(index), 1);
    assert.ok(raw);
    const proof = await entries.prove(origin, raw.index, raw.entry);
    return { proof, state: entryState(proof) };
  };
  const kinds = () => alarms.map((alarm) => alarm.kind);
  return { alarms, kinds, memory, prove, registry, verifier };
}

const telemetry = (ledger: FakeLedger) => ledger.origin("bj1", "telemetry");

test("every entry of an honest ledger verifies, and nothing alarms", async () => {
  const ledger = room(1_000_000_000_000n);
  const { prove, kinds } = await browser(ledger);
  for (const [origin, entries] of ledger.logs) {
    for (const index of entries.keys()) {
      const { state } = await prove(origin, index);
      assert.equal(state, "verified", `${origin} ${index}`);
    }
  }
  assert.deepEqual(kinds(), []);
});

test("the proof names batch, key and where the key was enrolled", async () => {
  const ledger = room(1_000_000_000_000n);
  const { proof } = await (await browser(ledger)).prove(telemetry(ledger), 4);
  assert.ok(proof.batch?.state === "ok");
  assert.equal(proof.batch.headerIndex, 5n);
  assert.equal(proof.batch.key.source, "edge-1@bj1");
  assert.equal(proof.batch.key.since, 4n);
});

test("a batch larger than one page of entries", async () => {
  const ledger = room(1_000_000_000_000n);
  const bodies = Array.from({ length: 400 }, (_, i) =>
    climateWindow("aisle-a-climate", 3n, BigInt(i), 200n, 400n),
  );
  const { firstIndex } = ledger.append("edge-1@bj1", "telemetry", bodies);
  const { prove } = await browser(ledger);
  assert.equal((await prove(telemetry(ledger), firstIndex)).state, "verified");
});

test("an altered entry is refuted, its neighbours are not", async () => {
  const ledger = room(1_000_000_000_000n);
  const origin = telemetry(ledger);
  ledger.faults.alteredEntry = { origin, index: 6 };
  const { prove, kinds } = await browser(ledger);
  assert.equal((await prove(origin, 6)).state, "refuted");
  assert.deepEqual(kinds(), ["entry_altered"]);
  assert.equal((await prove(origin, 8)).state, "verified");
});

test("an altered, shortened or foreign proof is refuted", async () => {
  const ledger = room(1_000_000_000_000n);
  const origin = telemetry(ledger);
  const honest = ledger.get(`/api/v1/proof/bj1/telemetry/1/6`);
  const other = ledger.get(`/api/v1/proof/bj1/telemetry/1/7`);
  const body = String(honest.body);
  const lines = body.split("\n");
  const answers: [string, string][] = [
    ["proof_malformed", "nonsense"],
    ["proof_malformed", ""],
    ["proof_other_entry", String(other.body)],
    ["proof_malformed", [...lines.slice(0, 2), ...lines.slice(3)].join("\n")],
    ["checkpoint_signature", body.replace(/\n(\d+)\n/, "\n4$1\n")],
  ];
  for (const [kind, answer] of answers) {
    ledger.faults.proofAnswer = {
      status: 200,
      type: "text/plain",
      body: answer,
    };
    const { prove, kinds } = await browser(ledger);
    assert.equal((await prove(origin, 6)).state, "refuted", kind);
    assert.deepEqual(kinds(), [kind]);
  }
  delete ledger.faults.proofAnswer;
  ledger.faults.alteredProof = origin;
  const { prove, kinds } = await browser(ledger);
  assert.equal((await prove(origin, 6)).state, "refuted");
  assert.deepEqual(kinds(), ["entry_altered"]);
});

test("a ledger that does not answer is not accused, nor believed", async () => {
  const ledger = room(1_000_000_000_000n);
  const { prove, kinds } = await browser(ledger);
  ledger.faults.proofAnswer = { status: 500, type: "text/plain", body: "" };
  const { state, proof } = await prove(telemetry(ledger), 6);
  assert.equal(state, "unproven");
  assert.deepEqual(proof.inclusion, { state: "unproven", status: 500 });
  assert.deepEqual(kinds(), []);
});

test("the log's growth is checked against what was seen before", async () => {
  const ledger = room(1_000_000_000_000n);
  const origin = telemetry(ledger);
  const { memory, verifier } = await browser(ledger);
  await verifier.newest(origin);
  const before = ledger.log(origin).length;
  addMinute(ledger, 19n);
  // Another visit: only what the browser keeps is left.
  const later = await browser(ledger, memory);
  const verdict = await later.verifier.newest(origin);
  assert.ok(verdict.state === "ok");
  assert.equal(verdict.before?.size, BigInt(before));
  assert.deepEqual(later.kinds(), []);
});

test("a fork is caught, at equal size and after growth", async () => {
  for (const grow of [false, true]) {
    const ledger = room(1_000_000_000_000n);
    const origin = telemetry(ledger);
    const { memory, verifier } = await browser(ledger);
    await verifier.newest(origin);
    ledger.fork(origin, 10);
    if (grow) addMinute(ledger, 19n);
    const later = await browser(ledger, memory);
    const verdict = await later.verifier.newest(origin);
    assert.equal(verdict.state, "refuted");
    const kind = grow ? "checkpoint_inconsistent" : "checkpoint_forked";
    assert.deepEqual(later.kinds(), [kind]);
    // Both signed notes are kept: together they are the proof.
    assert.equal(later.alarms[0]?.evidence.length, 2);
    // And what was seen first stays what others are held against.
    const held = memory.seen(origin)?.note ?? "";
    assert.notEqual(held, ledger.checkpoint(origin));
  }
});

test("nonsense for a consistency proof is refuted, silence is not", async () => {
  const answers: [number, string, string][] = [
    [200, "nonsense", "refuted"],
    [200, '{"hashes":["AAAA"]}', "refuted"],
    [200, '{"hashes":[]}', "refuted"],
    [500, "", "unproven"],
  ];
  for (const [status, body, state] of answers) {
    const ledger = room(1_000_000_000_000n);
    const origin = telemetry(ledger);
    const { memory, verifier } = await browser(ledger);
    await verifier.newest(origin);
    addMinute(ledger, 19n);
    ledger.faults.consistencyAnswer = { status, type: "text/plain", body };
    const later = await browser(ledger, memory);
    assert.equal((await later.verifier.newest(origin)).state, state, body);
  }
});

test("a roll-back is caught, a late answer is not accused", async () => {
  const ledger = room(1_000_000_000_000n);
  const origin = telemetry(ledger);
  const { memory, verifier } = await browser(ledger);
  const old = ledger.checkpoint(origin);
  addMinute(ledger, 19n);
  await verifier.newest(origin);
  // Late: an older note arrives after a newer one.
  assert.equal((await verifier.pushed(origin, old)).state, "ok");

  ledger.faults.rolledBack = { origin, size: 20 };
  const later = await browser(ledger, memory);
  assert.equal((await later.verifier.newest(origin)).state, "refuted");
  assert.deepEqual(later.kinds(), ["checkpoint_rolled_back"]);
  assert.equal((await later.prove(origin, 6)).state, "refuted");
  assert.deepEqual(later.kinds(), ["checkpoint_rolled_back"], "told once");
});

test("checkpoints of another key, ledger or log", async () => {
  const ledger = room(1_000_000_000_000n);
  const origin = telemetry(ledger);
  ledger.faults.otherKey = new TestKey();
  const forged = await browser(ledger);
  await forged.verifier.newest(origin);
  assert.deepEqual(forged.kinds(), ["checkpoint_other_key"]);
  delete ledger.faults.otherKey;

  const trust = ledger.trustFile(ledger.logKey, "other.example");
  const other = await browser(ledger, undefined, trust);
  await other.verifier.newest(origin);
  assert.deepEqual(other.kinds(), ["checkpoint_other_ledger"]);

  const mixed = await browser(ledger);
  await mixed.verifier.pushed(
    origin,
    ledger.checkpoint(ledger.origin("bj1", "record")),
  );
  assert.deepEqual(mixed.kinds(), ["checkpoint_other_log"]);
});

test("a batch that its source did not sign is refuted", async () => {
  const ledger = room(1_000_000_000_000n);
  const origin = telemetry(ledger);
  const window = climateWindow("aisle-a-climate", 3n, 0n, 200n, 400n);
  const forger = new TestKey();
  const at = ledger.append("edge-1@bj1", "telemetry", [window], forger);
  const { prove, kinds } = await browser(ledger);
  assert.equal((await prove(origin, at.firstIndex)).state, "refuted");
  assert.deepEqual(kinds(), ["key_signature"]);
});

test("a batch of another log is refuted, whoever signed it", async () => {
  const ledger = room(1_000_000_000_000n);
  const { firstIndex: from } = ledger.append("edge-1@bj1", "telemetry", [
    climateWindow("aisle-a-climate", 3n, 0n, 200n, 400n),
  ]);
  const entries = ledger.log(telemetry(ledger)).slice(from, from + 2);
  // A revocation names the logs of its site: elsewhere the key would live on.
  ledger.revoke("edge-1@bj1", telemetry(ledger), 0);
  for (const [site, stream] of [
    ["sh1", "telemetry"],
    ["bj1", "record"],
  ] as const) {
    const origin = ledger.origin(site, stream);
    const at = ledger.log(origin).push(...entries) - entries.length;
    const { prove, kinds } = await browser(ledger);
    assert.equal((await prove(origin, at)).state, "refuted");
    assert.deepEqual(kinds(), ["batch_other_log"]);
  }
});

test("an event that no batch covers is refuted", async () => {
  const ledger = room(1_000_000_000_000n);
  const origin = telemetry(ledger);
  const log = ledger.log(origin);
  const loose = log.length;
  log.push(Uint8Array.from(log[4]!));
  addMinute(ledger, 19n);
  const { prove, kinds } = await browser(ledger);
  assert.equal((await prove(origin, loose)).state, "refuted");
  assert.deepEqual(kinds(), ["batch_root"]);
  assert.equal((await prove(origin, loose + 1)).state, "verified");
  log.push(Uint8Array.from(log[4]!));
  assert.equal((await prove(origin, log.length - 1)).state, "refuted");
  assert.deepEqual(kinds(), ["batch_root", "batch_missing"]);
});

test("keys: rotation keeps old batches good, revocation ends new ones", async () => {
  const ledger = room(1_000_000_000_000n);
  const origin = telemetry(ledger);
  const window = climateWindow("aisle-a-climate", 3n, 0n, 200n, 400n);
  ledger.rotate("edge-1@bj1");
  const rotated = ledger.append("edge-1@bj1", "telemetry", [window]);
  ledger.revoke("edge-1@bj1", origin, ledger.log(origin).length);
  const late = ledger.append("edge-1@bj1", "telemetry", [window]);
  const { prove, kinds } = await browser(ledger);
  assert.equal((await prove(origin, 4)).state, "verified", "old key");
  assert.equal((await prove(origin, rotated.firstIndex)).state, "verified");
  assert.equal((await prove(origin, late.firstIndex)).state, "refuted");
  assert.deepEqual(kinds(), ["key_revoked"]);
});

test("an enrolment without proof of possession enrols nobody", async () => {
  const ledger = room(1_000_000_000_000n);
  ledger.enrol("edge-3@bj1", undefined, false);
  const window = climateWindow("aisle-a-climate", 3n, 0n, 200n, 400n);
  const at = ledger.append("edge-3@bj1", "telemetry", [window]);
  const { prove, kinds } = await browser(ledger);
  assert.equal((await prove(at.origin, at.firstIndex)).state, "refuted");
  assert.deepEqual(kinds(), ["key_unknown_source"]);
});

test("a registry that leaves something out is refuted", async () => {
  const ledger = room(1_000_000_000_000n);
  ledger.faults.hiddenRegistryEntry = 4;
  const { prove, kinds } = await browser(ledger);
  assert.equal((await prove(telemetry(ledger), 4)).state, "refuted");
  assert.deepEqual(kinds(), ["registry_altered"]);
});

test("a registry that grows is followed", async () => {
  const ledger = room(1_000_000_000_000n);
  const { registry, prove } = await browser(ledger);
  const before = await registry.current();
  ledger.enrol("edge-3@bj1");
  const after = await registry.current();
  assert.ok(before.state === "ok" && after.state === "ok");
  assert.equal(after.size - before.size, 2n);
  const window = climateWindow("aisle-a-climate", 3n, 0n, 200n, 400n);
  const at = ledger.append("edge-3@bj1", "telemetry", [window]);
  assert.equal((await prove(at.origin, at.firstIndex)).state, "verified");
});
