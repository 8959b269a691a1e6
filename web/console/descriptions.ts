// SPDX-License-Identifier: Apache-2.0
// What the points of a window are called and what their codes mean: the
// DeviceDescribed event that it refers to and the StatesDescribed events behind
// it, found with the ledger's help and then proven like any entry.

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
  /** By index of the point, then by code. */
  states: Map<number, Map<bigint, string>>;
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
const maxParts = 128;
/** Of 16 states; the ledger knows no more of an agent either. */
const maxStateParts = 1024;

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
    const parts: Part[] = [];
    let seq = window.describedSeq;
    for (let part = 0; part < maxParts; ++part, ++seq) {
      const found = await this.#event(event, seq, recordOrigin);
      const body = found?.event.body;
      if (found === undefined || body?.case !== "deviceDescribed") break;
      const { device, firstPoint, pointCount } = body.value;
      if (device !== window.device || firstPoint !== points.length) break;
      points.push(...body.value.points);
      parts.push(found);
      if (points.length >= pointCount) {
        ++seq;
        break;
      }
    }
    const [first] = parts;
    if (first === undefined) return undefined;
    const states = new Map<number, Map<bigint, string>>();
    for (let part = 0; part < maxStateParts; ++part, ++seq) {
      const found = await this.#pointed(event, seq);
      if (found === undefined || !addStates(states, found.event, window)) break;
      parts.push(found);
    }
    const verified = await this.#verified(parts);
    const { origin: where, index } = first;
    return { points, states, origin: where, index, verified };
  }

  async #verified(parts: Part[]): Promise<boolean> {
    if (this.entries === undefined) return false;
    for (const { origin, index, bytes } of parts) {
      const proof = await this.entries.prove(origin, index, bytes);
      if (entryState(proof) !== "verified") return false;
    }
    return true;
  }

  /** With the ledger's help alone: what it does not know need not exist. */
  async #pointed(
    { source, epoch }: Event,
    seq: bigint,
  ): Promise<Part | undefined> {
    const place = await this.api
      .find(source, "record", epoch, seq)
      .catch(() => undefined);
    if (place === undefined) return undefined;
    const [raw] = await this.api.entries(place.origin, place.index, 1);
    const part = raw && read(place.origin, raw.index, raw.entry);
    return part !== undefined && isAt(part.event, source, epoch, seq)
      ? part
      : undefined;
  }

  async #event(
    event: Event,
    seq: bigint,
    recordOrigin: string,
  ): Promise<Part | undefined> {
    const found = await this.#pointed(event, seq);
    if (found !== undefined) return found;
    const { source, epoch } = event;
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
        if (part !== undefined && isAt(part.event, source, epoch, seq)) {
          return part;
        }
      }
      to = from;
    }
    return undefined;
  }
}

function isAt(
  event: Event,
  source: string,
  epoch: bigint,
  seq: bigint,
): boolean {
  return (
    event.source === source &&
    event.stream === Stream.RECORD &&
    event.epoch === epoch &&
    event.seq === seq
  );
}

/** False when the event is none of the window's description. */
function addStates(
  states: Description["states"],
  { body }: Event,
  window: Windows,
): boolean {
  if (
    body.case !== "statesDescribed" ||
    body.value.device !== window.device ||
    body.value.describedSeq !== window.describedSeq
  ) {
    return false;
  }
  const { point } = body.value;
  const known = states.get(point) ?? new Map<bigint, string>();
  for (const { code, name } of body.value.states) known.set(code, name);
  states.set(point, known);
  return true;
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
