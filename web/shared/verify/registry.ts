// SPDX-License-Identifier: Apache-2.0
// The registry log read as a history of keys: who may sign for which source,
// and from where on no longer (docs/formats/registry.md).

import { type Bytes, concat, equal, utf8 } from "../bytes";
import { type Entry, type HeaderEntry, parseEntry } from "./entry";
import { verifyEd25519 } from "./hash";
import { isHeaderSignedBy } from "./batch";
import { parseOrigin } from "./checkpoint";

export interface SourceKey {
  source: string;
  key: Bytes;
  /** Index of the registry entry that brought the key in. */
  since: bigint;
}

interface Revocation {
  source: string;
  key: Uint8Array;
  /** Per origin, the index from which the key is void. */
  invalidFrom: Map<string, bigint>;
}

export type KeyVerdict =
  | { key: SourceKey }
  | { flaw: "unknown_source" | "signature" | "revoked"; key?: SourceKey };

function isLaterGeneration(origin: string, named: string): boolean {
  const [a, b] = [parseOrigin(origin), parseOrigin(named)];
  return (
    a !== undefined &&
    b !== undefined &&
    a.ledger === b.ledger &&
    a.site === b.site &&
    a.stream === b.stream &&
    BigInt(a.generation) > BigInt(b.generation)
  );
}

export class KeyHistory {
  readonly keys: SourceKey[] = [];
  /** Indices of entries that claim a key without proof of its possession, or
   * in place of a key that is not there. */
  readonly refused: bigint[] = [];
  readonly #revocations: Revocation[] = [];
  #next = 0n;

  /** The next entry of the registry log, in order. */
  async append(entry: Uint8Array): Promise<void> {
    const index = this.#next++;
    let parsed: Entry;
    try {
      parsed = parseEntry(entry);
    } catch {
      return; // shown as what it is; it names no key
    }
    if (parsed.type !== "event") return;
    const { body } = parsed.event;
    if (body.case === "sourceEnrolled") {
      const { source, eventKey, sealingKey, possession } = body.value;
      const message = concat(
        utf8(`strongroom/enrol/v1\n${source}\n`),
        eventKey,
        sealingKey,
      );
      const proven = await verifyEd25519(eventKey, message, possession);
      this.#add(index, source, eventKey, proven);
    } else if (body.case === "keyRotated") {
      const { source, oldKey, newKey, newSealingKey } = body.value;
      const message = concat(
        utf8(`strongroom/rotate/v1\n${source}\n`),
        oldKey,
        newKey,
        newSealingKey,
      );
      const { oldSignature, newSignature } = body.value;
      const proven =
        this.#find(source, oldKey) !== undefined &&
        (await verifyEd25519(oldKey, message, oldSignature)) &&
        (await verifyEd25519(newKey, message, newSignature));
      this.#add(index, source, newKey, proven);
    } else if (body.case === "keyRevoked") {
      const { source, key, invalidFrom: positions } = body.value;
      const invalidFrom = new Map<string, bigint>();
      for (const { origin, index: from } of positions) {
        const named = invalidFrom.get(origin);
        if (named === undefined || from < named) invalidFrom.set(origin, from);
      }
      this.#revocations.push({ source, key, invalidFrom });
    }
  }

  get size(): bigint {
    return this.#next;
  }

  /** The key that signed a header which stands at `index` of the log `origin`. */
  async judge(
    header: HeaderEntry,
    origin: string,
    index: bigint,
  ): Promise<KeyVerdict> {
    const { source } = header.header;
    const candidates = this.keys.filter((key) => key.source === source);
    if (candidates.length === 0) return { flaw: "unknown_source" };
    let voided: SourceKey | undefined;
    for (const candidate of candidates) {
      if (!(await isHeaderSignedBy(header, candidate.key))) continue;
      if (!this.#isVoid(candidate, origin, index)) return { key: candidate };
      voided = candidate;
    }
    if (voided !== undefined) return { flaw: "revoked", key: voided };
    return { flaw: "signature" };
  }

  /** A revocation says nothing of a log that it does not name, but that its
   * later generations are void from their start. */
  #isVoid({ source, key }: SourceKey, origin: string, index: bigint): boolean {
    return this.#revocations.some((revocation) => {
      if (revocation.source !== source || !equal(revocation.key, key)) {
        return false;
      }
      const from = revocation.invalidFrom.get(origin);
      return from !== undefined
        ? index >= from
        : [...revocation.invalidFrom.keys()].some((named) =>
            isLaterGeneration(origin, named),
          );
    });
  }

  #find(source: string, key: Uint8Array): SourceKey | undefined {
    return this.keys.find(
      (known) => known.source === source && equal(known.key, key),
    );
  }

  #add(index: bigint, source: string, key: Uint8Array, proven: boolean): void {
    if (!proven || this.#find(source, key) !== undefined) {
      this.refused.push(index);
      return;
    }
    this.keys.push({ source, key: Uint8Array.from(key), since: index });
  }
}
