// SPDX-License-Identifier: Apache-2.0
// What the points of a window are called: the DeviceDescribed event that it
// refers to, found with the ledger's help and then proven like any entry.

import { type Api, maxEntries } from "../shared/api";
import {
  Stream,
  type Event,
  type PointDescription,
  type Windows,
} from "../generated/event_pb";
import { type EntryVerifier, entryState } from "../shared/entry_verifier";
import { parseEntry } from "../shared/verify/entry";
import type { Bytes } from "../shared/bytes";

export interface Description {
  points: PointDescription[];
  /** Where part 1 stands. */
  origin: string;
  index: bigint;
  verified: boolean;
}

interface Part {
  origin: string;
  index: bigint;
  bytes: Bytes;
  event: Event;
}

/** Without the ledger's help so many of the newest entries are searched. */
const maxSearched = 8 * maxEntries;
const maxParts = 32;

export class Descriptions {
  readonly #found = new Map<string, Promise<Description | undefined>>();

  constructor(
    readonly api: Api,
    readonly sizeOf: (origin: string) => bigint,
    readonly entries: EntryVerifier | undefined,
  ) {}

  /** Nothing when there is none. The window's event stands in `origin`. */
  of(
    event: Event,
    window: Windows,
    origin: string,
  ): Promise<Description | undefined> {
    const key = `${event.source} ${event.epoch} ${window.describedSeq}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#search(event, window, origin);
      this.#found.set(key, found);
      // What is not there now may come later.
      const forget = () => this.#found.delete(key);
      found.then((is) => is === undefined && forget()).catch(forget);
    }
    return found;
  }

  async #search(
    event: Event,
    window: Windows,
    origin: string,
  ): Promise<Description | undefined> {
    const recordOrigin = origin.replace("/telemetry/", "/record/");
    const points: PointDescription[] = [];
    let first: Part | undefined;
    let verified = true;
    for (let part = 0; part < maxParts; ++part) {
      const seq = window.describedSeq + BigInt(part);
      const found = await this.#event(event, seq, recordOrigin);
      const body = found?.event.body;
      if (found === undefined || body?.case !== "deviceDescribed") break;
      const { device, firstPoint } = body.value;
      if (device !== window.device || firstPoint !== points.length) break;
      points.push(...body.value.points);
      first ??= found;
      if (this.entries === undefined) {
        verified = false;
      } else {
        const { origin: where, index, bytes } = found;
        const proof = await this.entries.prove(where, index, bytes);
        verified &&= entryState(proof) === "verified";
      }
      if (points.length >= body.value.pointCount) break;
    }
    if (first === undefined) return undefined;
    return { points, origin: first.origin, index: first.index, verified };
  }

  async #event(
    { source, epoch }: Event,
    seq: bigint,
    recordOrigin: string,
  ): Promise<Part | undefined> {
    const isIt = (event: Event) =>
      event.source === source &&
      event.stream === Stream.RECORD &&
      event.epoch === epoch &&
      event.seq === seq;
    const place = await this.api
      .find(source, "record", epoch, seq)
      .catch(() => undefined);
    if (place !== undefined) {
      const [raw] = await this.api.entries(place.origin, place.index, 1);
      const part = raw && read(place.origin, raw.index, raw.entry);
      return part !== undefined && isIt(part.event) ? part : undefined;
    }
    let to = this.sizeOf(recordOrigin);
    const end = to > maxSearched ? to - BigInt(maxSearched) : 0n;
    while (to > end) {
      const from = to > BigInt(maxEntries) ? to - BigInt(maxEntries) : 0n;
      const page = await this.api.entries(
        recordOrigin,
        from,
        Number(to - from),
      );
      for (const raw of page) {
        const part = read(recordOrigin, raw.index, raw.entry);
        if (part !== undefined && isIt(part.event)) return part;
      }
      to = from;
    }
    return undefined;
  }
}

function read(origin: string, index: bigint, bytes: Bytes): Part | undefined {
  try {
    const entry = parseEntry(bytes);
    if (entry.type !== "event") return undefined;
    return { origin, index, bytes, event: entry.event };
  } catch {
    return undefined;
  }
}
