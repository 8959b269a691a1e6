// SPDX-License-Identifier: Apache-2.0
// Log entries (docs/formats/entry.md): a type byte and the bytes as written.

import { fromBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "../../generated/event_pb";
import { type BatchHeader, BatchHeaderSchema } from "../../generated/wire_pb";
import { type Bytes, FormatError } from "../bytes";

const eventType = 0x01;
const headerType = 0x02;
const signatureLength = 64;

export interface EventEntry {
  type: "event";
  /** The event's bytes as its source wrote them. */
  bytes: Bytes;
  event: Event;
}

export interface HeaderEntry {
  type: "header";
  /** The signed bytes. */
  bytes: Bytes;
  signature: Bytes;
  header: BatchHeader;
}

export type Entry = EventEntry | HeaderEntry;

/** Throws FormatError: empty, unknown type, header shorter than its signature,
 * not protobuf. A body that is not known here is no fault: its case is
 * undefined. */
export function parseEntry(entry: Uint8Array): Entry {
  const type = entry[0];
  try {
    if (type === eventType) {
      const bytes = Uint8Array.from(entry.subarray(1));
      return { type: "event", bytes, event: fromBinary(EventSchema, bytes) };
    }
    if (type === headerType && entry.length > signatureLength) {
      const signature = Uint8Array.from(entry.subarray(1, 1 + signatureLength));
      const bytes = Uint8Array.from(entry.subarray(1 + signatureLength));
      const header = fromBinary(BatchHeaderSchema, bytes);
      return { type: "header", bytes, signature, header };
    }
  } catch {
    throw new FormatError("not protobuf");
  }
  throw new FormatError("not an entry");
}
