// SPDX-License-Identifier: Apache-2.0
import "../../testing/test_crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, EventSchema } from "../../generated/event_pb";
import { type BatchHeader, BatchHeaderSchema } from "../../generated/wire_pb";
import { FakeLedger } from "../../testing/fake_ledger";
import { leafHashSync, rootOf, sha256Sync } from "../../testing/reference_tree";
import { type Bytes, concat } from "../bytes";
import { isHeaderSignedBy, openBatch } from "./batch";
import { parseEntry } from "./entry";

const source = "edge-1@bj1";

/** A ledger and the entries of one batch of three events in it. */
function batch() {
  const ledger = new FakeLedger();
  const key = ledger.enrol(source);
  const boot = (version: string) => ({
    case: "boot" as const,
    value: { bootId: new Uint8Array(16), version },
  });
  const at = ledger.append(source, "record", [boot("1"), boot("2"), boot("3")]);
  return { key, entries: ledger.log(at.origin).slice(at.firstIndex) };
}

/** The same batch with changed events and header; the root is made to fit, so
 * that nothing but the change can be at fault. */
function changed(
  entries: Bytes[],
  change: (events: Event[], header: BatchHeader) => void,
  fit = true,
): Bytes[] {
  const parsed = entries.map(parseEntry);
  const events = parsed.flatMap((entry) =>
    entry.type === "event" ? [entry.event] : [],
  );
  const last = parsed.at(-1);
  assert.ok(last?.type === "header");
  const header = create(BatchHeaderSchema, last.header);
  change(events, header);
  const raw = events.map((event) =>
    concat(Uint8Array.of(1), toBinary(EventSchema, event)),
  );
  if (fit) header.root = rootOf(raw.map(leafHashSync));
  const bytes = toBinary(BatchHeaderSchema, header);
  return [...raw, concat(Uint8Array.of(2), last.signature, bytes)];
}

/** Links the events anew. */
function relink(events: Event[]): void {
  for (const [at, event] of events.entries()) {
    const before = events[at - 1];
    if (before !== undefined) {
      event.prevHash = sha256Sync(toBinary(EventSchema, before));
    }
  }
}

async function flawOf(entries: Uint8Array[]): Promise<string | undefined> {
  const opened = await openBatch(entries);
  return "flaw" in opened ? opened.flaw : undefined;
}

test("a batch as it was written opens, and its key fits", async () => {
  const { key, entries } = batch();
  const opened = await openBatch(entries);
  assert.ok("batch" in opened);
  assert.equal(opened.batch.events.length, 3);
  assert.ok(await isHeaderSignedBy(opened.batch.header, key.publicKey));
  assert.equal(await flawOf(changed(entries, () => undefined)), undefined);
});

test("a changed header is no longer signed", async () => {
  const { key, entries } = batch();
  const other = changed(entries, (events, header) => {
    header.firstSeq = 9n;
    for (const [at, event] of events.entries()) event.seq = 9n + BigInt(at);
    relink(events);
    header.firstPrevHash = new Uint8Array(32).fill(1);
    events[0]!.prevHash = header.firstPrevHash as Bytes;
    relink(events);
  });
  const opened = await openBatch(other);
  assert.ok("batch" in opened);
  assert.ok(!(await isHeaderSignedBy(opened.batch.header, key.publicKey)));
});

test("events that are altered, taken away, added or in another order", async () => {
  const { entries } = batch();
  const [a, b, c, header] = entries as [Bytes, Bytes, Bytes, Bytes];
  assert.equal(await flawOf([a, b, header]), "count");
  assert.equal(await flawOf([a, b, c, c, header]), "count");
  assert.equal(await flawOf([a, c, b, header]), "chain");
  assert.equal(await flawOf([header]), "count");
  assert.equal(await flawOf([a, b, c]), "malformed");
  assert.equal(await flawOf([a, header, c, header]), "malformed");
  assert.equal(await flawOf([a, b, Uint8Array.of(7), header]), "malformed");
  assert.equal(await flawOf([]), "malformed");
  // The last one is linked by nothing but the root.
  const altered = changed(entries, (events) => events[2]!.blind.fill(0), false);
  assert.equal(await flawOf(altered), "root");
});

test("a chain that does not hold, though the root fits", async () => {
  const { entries } = batch();
  const breaks: ((events: Event[], header: BatchHeader) => void)[] = [
    (events) => events[1]!.prevHash.fill(0),
    (events) => events[0]!.blind.fill(0),
    (_, header) => header.firstPrevHash.fill(1),
    (events) => {
      events[1]!.seq = 7n;
      relink(events);
    },
    (events) => {
      events[1]!.epoch += 1n;
      relink(events);
    },
    (events) => {
      events[1]!.source = "edge-2@bj1";
      relink(events);
    },
    (events) => {
      events[1]!.stream = 2;
      relink(events);
    },
    (_, header) => {
      header.firstSeq = 0n;
    },
  ];
  for (const [at, change] of breaks.entries()) {
    assert.equal(await flawOf(changed(entries, change)), "chain", `${at}`);
  }
});

test("another format or algorithm is not guessed at", async () => {
  const { entries } = batch();
  for (const name of ["format", "algorithm"] as const) {
    const other = changed(entries, (_, header) => {
      header[name] = 2;
    });
    assert.equal(await flawOf(other), "format");
  }
});
