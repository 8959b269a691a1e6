// SPDX-License-Identifier: Apache-2.0
import "../../testing/test_crypto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeLedger, TestKey } from "../../testing/fake_ledger";
import { utf8 } from "../bytes";
import { type HeaderEntry, parseEntry } from "./entry";
import { KeyHistory } from "./registry";

const source = "edge-1@bj1";
const boot = {
  case: "boot" as const,
  value: { bootId: new Uint8Array(16), version: "1" },
};

async function historyOf(ledger: FakeLedger): Promise<KeyHistory> {
  const history = new KeyHistory();
  for (const entry of ledger.log(ledger.registry)) await history.append(entry);
  return history;
}

/** A header by `key` (else the source's), and the log that it stands in. */
function header(ledger: FakeLedger, key?: TestKey) {
  const at = ledger.append(source, "record", [boot], key);
  const entry = parseEntry(ledger.log(at.origin).at(-1) ?? assert.fail());
  return { entry: entry as HeaderEntry, origin: at.origin };
}

async function judge(ledger: FakeLedger, by: HeaderEntry, at = 1n) {
  const history = await historyOf(ledger);
  const origin = ledger.origin("bj1", "record");
  const verdict = await history.judge(by, origin, at);
  return "flaw" in verdict ? verdict.flaw : "valid";
}

/** A rotation whose signatures are by `old` and `fresh`, whatever it claims. */
function rotation(
  ledger: FakeLedger,
  claims: { oldKey: TestKey; newKey: TestKey },
  signs = claims,
): void {
  const message = [
    utf8(`strongroom/rotate/v1\n${source}\n`),
    claims.oldKey.publicKey,
    claims.newKey.publicKey,
  ];
  ledger.append("console@central", "registry", [
    {
      case: "keyRotated",
      value: {
        source,
        oldKey: claims.oldKey.publicKey,
        newKey: claims.newKey.publicKey,
        oldSignature: signs.oldKey.sign(...message),
        newSignature: signs.newKey.sign(...message),
        actor: "local",
      },
    },
  ]);
}

test("enrolled keys are valid, others are not", async () => {
  const ledger = new FakeLedger();
  ledger.enrol(source);
  assert.equal(await judge(ledger, header(ledger).entry), "valid");
  const forged = header(ledger, new TestKey());
  assert.equal(await judge(ledger, forged.entry), "signature");
  ledger.enrol("edge-2@bj1");
  const neighbour = header(ledger, ledger.keys.get("edge-2@bj1"));
  assert.equal(await judge(ledger, neighbour.entry), "signature");
  const nobody = header(ledger).entry;
  nobody.header.source = "edge-9@bj1";
  assert.equal(await judge(ledger, nobody), "unknown_source");
});

test("a rotation needs both signatures, and a key that was there", async () => {
  const cases: [string, boolean][] = [
    ["both", true],
    ["old", false],
    ["new", false],
    ["stranger", false],
  ];
  for (const [what, accepted] of cases) {
    const ledger = new FakeLedger();
    const oldKey = ledger.enrol(source);
    const newKey = new TestKey();
    const other = new TestKey();
    if (what === "stranger") {
      rotation(ledger, { oldKey: other, newKey });
    } else {
      rotation(
        ledger,
        { oldKey, newKey },
        {
          oldKey: what === "old" ? other : oldKey,
          newKey: what === "new" ? other : newKey,
        },
      );
    }
    const verdict = await judge(ledger, header(ledger, newKey).entry);
    assert.equal(verdict, accepted ? "valid" : "signature", what);
    assert.equal(await judge(ledger, header(ledger, oldKey).entry), "valid");
    const { refused } = await historyOf(ledger);
    assert.equal(refused.length, accepted ? 0 : 1, what);
  }
});

test("a revocation voids from its index on, in the log that it names", async () => {
  const ledger = new FakeLedger();
  ledger.enrol(source);
  const { entry, origin } = header(ledger);
  ledger.revoke(source, ledger.origin("bj1", "telemetry"), 0);
  assert.equal(await judge(ledger, entry, 50n), "valid", "another log");
  ledger.revoke(source, origin, 50);
  assert.equal(await judge(ledger, entry, 49n), "valid");
  assert.equal(await judge(ledger, entry, 50n), "revoked");
  assert.equal(await judge(ledger, entry, 51n), "revoked");
  // They add up: a later one takes nothing back.
  ledger.revoke(source, origin, 60);
  assert.equal(await judge(ledger, entry, 50n), "revoked");
});

test("what names no key changes nothing", async () => {
  const ledger = new FakeLedger();
  ledger.enrol(source);
  const history = await historyOf(ledger);
  const keys = history.keys.length;
  await history.append(Uint8Array.of());
  await history.append(Uint8Array.of(1, 255, 255));
  await history.append(Uint8Array.of(9));
  assert.equal(history.keys.length, keys);
});
