// SPDX-License-Identifier: Apache-2.0
// What a batch header claims of the events before it, and who signed it.

import { Stream } from "../../generated/event_pb";
import { type Bytes, concat, equal, isZero, utf8 } from "../bytes";
import { parseOrigin } from "./checkpoint";
import { type EventEntry, type HeaderEntry, parseEntry } from "./entry";
import { sha256, verifyEd25519 } from "./hash";
import { leafHash, merkleRoot } from "./merkle";

export const maxBatchEvents = 512;
const wireFormat = 1;
const algorithmEd25519Sha256 = 1;

export type BatchFlaw =
  | "malformed" // an entry is not one, or of the wrong type
  | "format" // a format or algorithm that is not spoken here
  | "count" // more or fewer events than the header says
  | "chain" // an event does not continue the one before
  | "root"; // the events do not hash to the header's root

export interface Batch {
  header: HeaderEntry;
  events: EventEntry[];
  leaves: Bytes[];
}

export type OpenedBatch = { batch: Batch } | { flaw: BatchFlaw };

/** `entries`: the log entries of a batch, its events and then its header. */
export async function openBatch(entries: Uint8Array[]): Promise<OpenedBatch> {
  let events: EventEntry[];
  let header: HeaderEntry;
  try {
    const parsed = entries.map(parseEntry);
    const last = parsed.pop();
    if (last?.type !== "header") return { flaw: "malformed" };
    header = last;
    events = parsed.filter((entry) => entry.type === "event");
    if (events.length !== parsed.length) return { flaw: "malformed" };
  } catch {
    return { flaw: "malformed" };
  }
  const claim = header.header;
  if (
    claim.format !== wireFormat ||
    claim.algorithm !== algorithmEd25519Sha256
  ) {
    return { flaw: "format" };
  }
  if (
    claim.count !== events.length ||
    claim.count < 1 ||
    claim.count > maxBatchEvents
  ) {
    return { flaw: "count" };
  }
  if (!(await isChain(header, events))) return { flaw: "chain" };
  const leaves = await Promise.all(
    entries.slice(0, -1).map((entry) => leafHash(entry)),
  );
  if (!equal(await merkleRoot(leaves), claim.root)) return { flaw: "root" };
  return { batch: { header, events, leaves } };
}

async function isChain(
  { header }: HeaderEntry,
  events: EventEntry[],
): Promise<boolean> {
  let previous: Uint8Array = header.firstPrevHash;
  let seq = header.firstSeq;
  if (previous.length !== 32 || seq < 1n) return false;
  if (seq === 1n && !isZero(previous)) return false;
  for (const { event, bytes } of events) {
    const continues =
      event.source === header.source &&
      event.stream === header.stream &&
      event.epoch === header.epoch &&
      event.seq === seq &&
      equal(event.prevHash, previous);
    if (!continues) return false;
    previous = await sha256(bytes);
    ++seq;
  }
  return true;
}

/** True when a batch of this source and stream belongs in that log. Elsewhere a
 * revocation, which names logs, would not reach it. */
export function isOfLog({ header }: HeaderEntry, origin: string): boolean {
  const name = parseOrigin(origin);
  const [agent, site] = header.source.split("@");
  return (
    name !== undefined &&
    site === name.site &&
    Stream[header.stream]?.toLowerCase() === name.stream &&
    (name.stream !== "registry" || agent === "console")
  );
}

/** True when `key` signed the header. */
export function isHeaderSignedBy(
  header: HeaderEntry,
  key: Uint8Array,
): Promise<boolean> {
  const message = concat(utf8("strongroom/batch/v1\n"), header.bytes);
  return verifyEd25519(key, message, header.signature);
}
