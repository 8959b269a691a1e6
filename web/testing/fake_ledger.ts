// SPDX-License-Identifier: Apache-2.0
// A ledger in memory for the tests: builds its logs from well-signed batches,
// signs its checkpoints, answers the questions of docs/formats/console-api.md,
// and lies on request.

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { randomBytes } from "node:crypto";
import {
  ClockQuality,
  type Event,
  EventSchema,
  SourceKind,
  Stream,
} from "../generated/event_pb";
import { BatchHeaderSchema } from "../generated/wire_pb";
import { type Bytes, concat, toBase64, utf8 } from "../shared/bytes";
import {
  consistencyPath,
  inclusionPath,
  leafHashSync,
  rootOf,
  sha256Sync,
} from "./reference_tree";
import { TestKey } from "./test_key";

export { TestKey };

export type Body = NonNullable<MessageInitShape<typeof EventSchema>["body"]>;

interface Chain {
  epoch: bigint;
  seq: bigint;
  last: Bytes;
}

export interface Answer {
  status: number;
  type: string;
  body: string | Uint8Array;
}

/** What the ledger does wrong. */
export interface Faults {
  /** Serves the entry at this index of a log with one bit changed. */
  alteredEntry?: { origin: string; index: number };
  /** Serves proofs of a log with one hash changed. */
  alteredProof?: string;
  /** Answers every question for a proof like this. */
  proofAnswer?: Answer;
  /** Serves a log as it was at this size. */
  rolledBack?: { origin: string; size: number };
  consistencyAnswer?: Answer;
  /** Signs checkpoints with another key. */
  otherKey?: TestKey;
  /** Leaves out the entry at this index of the registry's listing. */
  hiddenRegistryEntry?: number;
  /** Every answer fails. */
  down?: boolean;
}

const json = (value: unknown): Answer => ({
  status: 200,
  type: "application/json",
  body: JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "bigint" ? inner.toString() : inner,
  ),
});
const text = (body: string): Answer => ({
  status: 200,
  type: "text/plain; charset=utf-8",
  body,
});
const error = (status: number, what: string): Answer => ({
  ...json({ error: what }),
  status,
});

const streamNumber: Record<string, Stream> = {
  record: Stream.RECORD,
  telemetry: Stream.TELEMETRY,
  registry: Stream.REGISTRY,
};

export class FakeLedger {
  readonly logKey = new TestKey();
  readonly keys = new Map<string, TestKey>();
  readonly logs = new Map<string, Bytes[]>();
  readonly #chains = new Map<string, Chain>();
  readonly #places = new Map<string, { origin: string; index: bigint }>();
  faults: Faults = {};
  live: unknown[] = [];
  sources: Record<string, unknown>[] = [];
  findings: unknown[] = [];
  /** More of a log in /api/v1/logs; `pruned_to` is acted upon. */
  readonly more = new Map<string, Record<string, unknown>>();
  scrub: unknown = undefined;
  clockUs = 1_795_161_149_123_456n;

  constructor(readonly name = "demo.strongroom.example") {
    this.enrol("console@central", SourceKind.CONSOLE);
  }

  trustFile(key = this.logKey, name = this.name): string {
    return `strongroom-trust/v1\n# ${name}\n${key.vkey(name)}\n`;
  }

  origin(site: string, stream: string, generation = 1): string {
    return `${this.name}/${site}/${stream}/${generation}`;
  }

  get registry(): string {
    return this.origin("central", "registry");
  }

  log(origin: string): Bytes[] {
    const entries = this.logs.get(origin) ?? [];
    this.logs.set(origin, entries);
    return entries;
  }

  enrol(source: string, kind = SourceKind.AGENT, proven = true): TestKey {
    const key = new TestKey();
    this.keys.set(source, key);
    const sealing = kind === SourceKind.AGENT ? randomBytes(32) : Buffer.of();
    const signer = proven ? key : new TestKey();
    const possession = signer.sign(
      utf8(`strongroom/enrol/v1\n${source}\n`),
      key.publicKey,
      sealing,
    );
    this.append("console@central", "registry", [
      {
        case: "sourceEnrolled",
        value: {
          source,
          kind,
          eventKey: key.publicKey,
          sealingKey: sealing,
          possession,
          actor: "local",
        },
      },
    ]);
    return key;
  }

  rotate(source: string): TestKey {
    const old = this.#key(source);
    const fresh = new TestKey();
    const sealing = randomBytes(32);
    const message = [
      utf8(`strongroom/rotate/v1\n${source}\n`),
      old.publicKey,
      fresh.publicKey,
      sealing,
    ];
    this.append("console@central", "registry", [
      {
        case: "keyRotated",
        value: {
          source,
          oldKey: old.publicKey,
          newKey: fresh.publicKey,
          newSealingKey: sealing,
          oldSignature: old.sign(...message),
          newSignature: fresh.sign(...message),
          actor: "local",
        },
      },
    ]);
    this.keys.set(source, fresh);
    return fresh;
  }

  revoke(source: string, origin: string, index: number): void {
    this.append("console@central", "registry", [
      {
        case: "keyRevoked",
        value: {
          source,
          key: this.#key(source).publicKey,
          reason: 1,
          invalidFrom: [{ origin, index: BigInt(index) }],
          actor: "local",
        },
      },
    ]);
  }

  #key(source: string): TestKey {
    const key = this.keys.get(source);
    if (key === undefined) throw new Error(`${source} is not enrolled`);
    return key;
  }

  epoch(source: string): bigint {
    const hash = sha256Sync(utf8(`${this.name} ${source}`));
    return new DataView(hash.buffer).getBigUint64(0);
  }

  /** Appends one batch; where its first event stands, and its first seq. */
  append(
    source: string,
    stream: string,
    bodies: Body[],
    signer = this.#key(source),
    generation = 1,
  ): { origin: string; firstIndex: number; firstSeq: bigint; count: number } {
    const site = source.split("@")[1] ?? "";
    const origin = this.origin(site, stream, generation);
    const log = this.log(origin);
    const chainKey = `${source} ${stream} ${generation}`;
    const chain = this.#chains.get(chainKey) ?? {
      epoch: this.epoch(source),
      seq: 0n,
      last: new Uint8Array(32),
    };
    const firstPrevHash = chain.last;
    const firstSeq = chain.seq + 1n;
    const firstIndex = log.length;
    const events = bodies.map((body) => {
      chain.seq += 1n;
      const event: Event = create(EventSchema, {
        source,
        stream: streamNumber[stream] ?? Stream.UNSPECIFIED,
        epoch: chain.epoch,
        seq: chain.seq,
        prevHash: chain.last,
        blind: randomBytes(16),
        occurredUs: this.clockUs,
        recordedUs: this.clockUs + 1800n,
        monotonicUs: 86_400_000_000n + chain.seq,
        clock: { quality: ClockQuality.GOOD, errorUs: 1250n },
        body,
      });
      const bytes = toBinary(EventSchema, event) as Bytes;
      chain.last = sha256Sync(bytes);
      const index = BigInt(log.length);
      log.push(concat(Uint8Array.of(1), bytes));
      const place = `${source} ${stream} ${chain.epoch} ${chain.seq}`;
      this.#places.set(place, { origin, index });
      return bytes;
    });
    this.#chains.set(chainKey, chain);
    const header = toBinary(
      BatchHeaderSchema,
      create(BatchHeaderSchema, {
        format: 1,
        algorithm: 1,
        source,
        stream: streamNumber[stream] ?? Stream.UNSPECIFIED,
        epoch: chain.epoch,
        firstSeq,
        count: events.length,
        firstPrevHash,
        root: rootOf(log.slice(firstIndex).map(leafHashSync)),
      }),
    );
    const signature = signer.sign(utf8("strongroom/batch/v1\n"), header);
    log.push(concat(Uint8Array.of(2), signature, header));
    return { origin, firstIndex, firstSeq, count: events.length + 1 };
  }

  /** Another history from `at` on, equally long, under the same key. */
  fork(origin: string, at: number): void {
    const log = this.log(origin);
    for (let i = at; i < log.length; ++i) {
      log[i] = concat(Uint8Array.of(1), randomBytes(40));
    }
  }

  size(origin: string): number {
    const { rolledBack } = this.faults;
    const size = this.log(origin).length;
    return rolledBack?.origin === origin ? rolledBack.size : size;
  }

  #leaves(origin: string, size = this.size(origin)): Bytes[] {
    return this.log(origin).slice(0, size).map(leafHashSync);
  }

  checkpoint(origin: string): string {
    const root = toBase64(rootOf(this.#leaves(origin)));
    const body = `${origin}\n${this.size(origin)}\n${root}\n`;
    return (this.faults.otherKey ?? this.logKey).note(origin, body);
  }

  /** Answers a GET of `target` (path and query). */
  get(target: string): Answer {
    const url = new URL(target, "http://localhost");
    if (this.faults.down) return error(503, "down");
    if (url.pathname === "/health") {
      return json({ status: "ok", scrub: this.scrub });
    }
    if (url.pathname === "/api/v1/logs") return json(this.#listLogs());
    if (url.pathname === "/api/v1/live") return json({ devices: this.live });
    if (url.pathname === "/api/v1/sources") {
      return json({ sources: this.sources, unknown_source: 0 });
    }
    if (url.pathname === "/api/v1/findings") return json(this.findings);
    if (url.pathname === "/api/v1/find") return this.#find(url.searchParams);
    const match =
      /^\/(?:api\/v1\/(entries|proof|consistency)|(log))\/([^/]+)\/([^/]+)\/(\d+)(?:\/(.*))?$/.exec(
        url.pathname,
      );
    if (match === null) return error(404, "not found");
    const [, api, log, site = "", stream = "", generation, rest = ""] = match;
    const origin = this.origin(site, stream, Number(generation));
    if (!this.logs.has(origin)) return error(404, "no such log");
    switch (api ?? log) {
      case "entries":
        return this.#entries(origin, url.searchParams);
      case "proof":
        return this.#proof(origin, Number(rest));
      case "consistency":
        return this.#consistency(origin, url.searchParams);
      default:
        return rest === "checkpoint"
          ? text(this.checkpoint(origin))
          : error(404, "not found");
    }
  }

  /** For code that wants a fetch function. */
  readonly fetch = (async (input: string | URL | Request) => {
    const { status, type, body } = this.get(String(input));
    const headers = { "content-type": type };
    return new Response(body as BodyInit, { status, headers });
  }) as typeof fetch;

  #listLogs(): unknown {
    return [...this.logs.keys()].map((origin) => ({
      origin,
      prefix: `/log${origin.slice(this.name.length)}/`,
      size: this.size(origin).toString(),
      root: toBase64(rootOf(this.#leaves(origin))),
      ...this.more.get(origin),
    }));
  }

  #find(query: URLSearchParams): Answer {
    const place = ["source", "stream", "epoch", "seq"]
      .map((name) => query.get(name))
      .join(" ");
    const found = this.#places.get(place);
    return found === undefined ? error(404, "not held") : json(found);
  }

  #entries(origin: string, query: URLSearchParams): Answer {
    const from = Number(query.get("from") ?? 0);
    const count = Math.min(Number(query.get("count") ?? 256), 256);
    const { alteredEntry, hiddenRegistryEntry } = this.faults;
    if (from < Number(this.more.get(origin)?.["pruned_to"] ?? 0)) {
      return error(410, "deleted by the retention policy");
    }
    const entries = this.log(origin)
      .slice(0, this.size(origin))
      .map((entry, index) => ({ entry, index: index.toString() }))
      .slice(from, from + count)
      .map(({ entry, index }) => {
        const alter =
          alteredEntry?.origin === origin && alteredEntry.index === +index;
        const hide = origin === this.registry && hiddenRegistryEntry === +index;
        const bytes = Uint8Array.from(hide ? this.log(origin)[0]! : entry);
        // The last byte of a windows event is a value: it still decodes.
        if (alter) bytes[bytes.length - 1]! ^= 2;
        return { index, type: bytes[0], entry: toBase64(bytes) };
      });
    return json(entries);
  }

  #proof(origin: string, index: number): Answer {
    const { proofAnswer, alteredProof } = this.faults;
    if (proofAnswer !== undefined) return proofAnswer;
    if (index >= this.size(origin)) return error(404, "no such entry");
    const path = inclusionPath(index, this.#leaves(origin));
    if (alteredProof === origin) path.at(-1)![0]! ^= 1;
    return text(
      [
        "c2sp.org/tlog-proof@v1",
        `index ${index}`,
        ...path.map(toBase64),
        "",
        this.checkpoint(origin),
      ].join("\n"),
    );
  }

  #consistency(origin: string, query: URLSearchParams): Answer {
    if (this.faults.consistencyAnswer) return this.faults.consistencyAnswer;
    const from = Number(query.get("from"));
    const to = Number(query.get("to") ?? this.size(origin));
    if (from > to || to > this.size(origin)) return error(400, "bad sizes");
    const hashes = consistencyPath(from, this.#leaves(origin, to));
    return json({ from, to, hashes: hashes.map(toBase64) });
  }
}
