// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Alarm, Memory, SturdyStorage, VolatileStorage } from "./memory";

const alarm = (id: string, more: Partial<Alarm> = {}): Alarm => ({
  id,
  kind: "entry_altered",
  origin: "demo.example/bj1/record/1",
  at: 1,
  evidence: ["note"],
  ...more,
});

test("an alarm is kept once, and marked as read", () => {
  const memory = new Memory(new VolatileStorage());
  assert.ok(memory.keepAlarm(alarm("a")));
  assert.ok(!memory.keepAlarm(alarm("a")));
  assert.ok(memory.keepAlarm(alarm("b")));
  memory.markRead(["a"], 5);
  assert.deepEqual(
    memory.alarms().map(({ id, readAt }) => [id, readAt]),
    [
      ["b", undefined],
      ["a", 5],
    ],
  );
});

test("alarms are bounded: what was read goes first", () => {
  const memory = new Memory(new VolatileStorage());
  for (let i = 0; i < 100; ++i) memory.keepAlarm(alarm(`${i}`));
  memory.markRead(["50"], 5);
  memory.keepAlarm(alarm("100"));
  const ids = memory.alarms().map(({ id }) => id);
  assert.equal(ids.length, 100);
  assert.ok(!ids.includes("50"));
  assert.ok(ids.includes("0") && ids.includes("100"));
});

test("a fork is not pushed out by a thousand smaller lies", () => {
  const memory = new Memory(new VolatileStorage());
  memory.keepAlarm(alarm("fork", { kind: "checkpoint_forked" }));
  for (let i = 0; i < 1000; ++i) memory.keepAlarm(alarm(`${i}`));
  const ids = memory.alarms().map(({ id }) => id);
  assert.equal(ids.length, 100);
  assert.ok(ids.includes("fork") && ids.includes("999"));
  for (let i = 0; i < 200; ++i) {
    memory.keepAlarm(alarm(`c${i}`, { kind: "checkpoint_inconsistent" }));
  }
  assert.equal(memory.alarms().length, 100);
});

test("forgetting takes key and checkpoints, not the alarms", () => {
  const memory = new Memory(new VolatileStorage());
  memory.keepTrustFile("x");
  memory.keepSeen("a", { note: "n", firstAt: 1, at: 2 });
  memory.keepSeen("b", { note: "n", firstAt: 1, at: 2 });
  memory.keepAlarm(alarm("a"));
  memory.forget();
  assert.equal(memory.trustFile(), undefined);
  assert.equal(memory.seen("a"), undefined);
  assert.equal(memory.seen("b"), undefined);
  assert.equal(memory.alarms().length, 1);
});

test("nonsense in the store is as if nothing were there", () => {
  const storage = new VolatileStorage();
  const memory = new Memory(storage);
  storage.setItem("strongroom/v1/alarms", '{"a":1}');
  storage.setItem("strongroom/v1/seen/x", "nonsense");
  assert.deepEqual(memory.alarms(), []);
  assert.equal(memory.seen("x"), undefined);
});

test("a store that is full keeps the newest until the page is closed", () => {
  const small = new VolatileStorage();
  const set = small.setItem.bind(small);
  let full = false;
  small.setItem = (key, value) => {
    if (full) throw new Error("quota");
    set(key, value);
  };
  const storage = new SturdyStorage(small);
  storage.setItem("a", "1");
  full = true;
  storage.setItem("a", "2");
  storage.setItem("b", "3");
  assert.equal(storage.getItem("a"), "2");
  assert.equal(small.getItem("a"), "1");
  assert.deepEqual([storage.key(0), storage.key(1)].sort(), ["a", "b"]);
  full = false;
  storage.setItem("a", "4");
  assert.equal(small.getItem("a"), "4");
  storage.removeItem("b");
  assert.equal(storage.length, 1);
});
