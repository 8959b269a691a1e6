// SPDX-License-Identifier: Apache-2.0
// The ledger's HTTP as docs/formats/console-api.md has it. Everything received
// is a hint until it is verified; what is not of its form is refused here, so
// that no page has to deal with it.

import { type Bytes, FormatError, fromBase64, parseDecimal } from "./bytes";
import { type Origin, parseOrigin } from "./verify/checkpoint";

/** The ledger did not answer, or answered with an error. */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
  ) {
    super(message);
  }
}

export interface LogInfo {
  origin: string;
  name: Origin;
  size: bigint;
  /** Why it signs nothing more. */
  frozen?: string | undefined;
  /** So many entries count; the successor goes on from there. */
  closedAt?: bigint | undefined;
  successor?: string | undefined;
  /** Entries below it, headers excepted, were deleted. */
  prunedTo?: bigint | undefined;
}

export interface Confirmation {
  source: string;
  epoch: bigint;
  by: string;
  atUs?: bigint | undefined;
}

/** What the scrubber reads again. */
export interface Scrub {
  origin: string;
  index: bigint;
  size: bigint;
  roundDoneUs?: bigint | undefined;
}

export interface RawEntry {
  index: bigint;
  entry: Bytes;
  /** The ledger found that these bytes are not what was signed. */
  damaged?: boolean;
}

export type Quality = "good" | "stale" | "bad" | "out_of_range" | "unknown";

export interface LiveValue {
  name: string;
  unit: string;
  exponent: number;
  quality: Quality;
  /** Nothing was ever measured: undefined, never a made-up number. */
  mantissa?: bigint | undefined;
  atUs?: bigint | undefined;
  /** What the mantissa means: "leak". */
  state?: string | undefined;
}

export interface Device {
  source: string;
  device: string;
  atUs?: bigint | undefined;
  values: LiveValue[];
  /** What it says of itself, by name: ["serial_number", "7"]. */
  identity: [string, string][];
}

export interface StreamStatus {
  stream: string;
  epoch?: bigint | undefined;
  lastSeq?: bigint | undefined;
  backlog?: bigint | undefined;
  oldestUs?: bigint | undefined;
}

export interface SourceStatus {
  source: string;
  kind: string;
  online?: boolean | undefined;
  version?: string | undefined;
  reportedUs?: bigint | undefined;
  lastBatchUs?: bigint | undefined;
  clock?: string | undefined;
  streams: StreamStatus[];
  refusals: [string, bigint][];
}

export interface FindingInfo {
  origin: string;
  index: bigint;
  source: string;
  atUs?: bigint | undefined;
  kind: string;
  subject: string;
  epoch?: bigint | undefined;
  reason?: string | undefined;
  count: bigint;
  confirmed?: Confirmation | undefined;
}

export interface Sources {
  sources: SourceStatus[];
  unknownSource: bigint;
}

// --- reading JSON that nobody vouches for ---------------------------------

type Json = Record<string, unknown>;

function object(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError("not an object");
  }
  return value as Json;
}

function list(value: unknown, key?: string): unknown[] {
  const inner =
    key !== undefined && !Array.isArray(value) ? object(value)[key] : value;
  if (inner === undefined || inner === null) return [];
  if (!Array.isArray(inner)) throw new FormatError("not a list");
  return inner;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new FormatError("not a text");
  return value;
}

function optionalText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function integer(value: unknown): bigint {
  if (typeof value === "number" && Number.isSafeInteger(value)) {
    return BigInt(value);
  }
  if (typeof value === "string" && /^-?[0-9]{1,20}$/.test(value)) {
    return BigInt(value);
  }
  throw new FormatError("not an integer");
}

function optionalInteger(value: unknown): bigint | undefined {
  return value === undefined || value === null ? undefined : integer(value);
}

/** POINT_QUALITY_OUT_OF_RANGE and out_of_range are the same word. */
function word(value: unknown, prefix: string): string {
  const name = typeof value === "string" ? value : "";
  const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return short.toLowerCase();
}

const qualities = new Set(["good", "stale", "bad", "out_of_range"]);

function readLiveValue(value: unknown): LiveValue {
  const json = object(value);
  const quality = word(json["quality"], "POINT_QUALITY_");
  const measured = json["measured"] === true;
  return {
    name: text(json["name"]),
    unit: typeof json["unit"] === "string" ? json["unit"] : "",
    exponent: Number(integer(json["exponent"] ?? 0)),
    quality: qualities.has(quality) ? (quality as Quality) : "unknown",
    mantissa: measured ? integer(json["mantissa"] ?? 0) : undefined,
    atUs: measured ? optionalInteger(json["at_us"]) : undefined,
    state: measured ? optionalText(json["state"]) : undefined,
  };
}

export function readDevice(value: unknown): Device {
  const json = object(value);
  return {
    source: text(json["source"]),
    device: text(json["device"]),
    atUs: optionalInteger(json["at_us"]),
    values: list(json["values"]).map(readLiveValue),
    identity: Object.entries(object(json["identity"] ?? {})).map(
      ([name, says]) => [name, text(says)],
    ),
  };
}

function readStream(value: unknown): StreamStatus {
  const json = object(value);
  return {
    stream: word(json["stream"], "STREAM_"),
    epoch: optionalInteger(json["epoch"]),
    lastSeq: optionalInteger(json["last_seq"]),
    backlog: optionalInteger(json["backlog"]),
    oldestUs: optionalInteger(json["oldest_us"]),
  };
}

export function readSource(value: unknown): SourceStatus {
  const json = object(value);
  const clock = json["clock"];
  return {
    source: text(json["source"]),
    kind: word(json["kind"], "SOURCE_KIND_"),
    online: typeof json["online"] === "boolean" ? json["online"] : undefined,
    version: optionalText(json["version"]),
    reportedUs: optionalInteger(json["reported_us"]),
    lastBatchUs: optionalInteger(json["last_batch_us"]),
    clock:
      clock === undefined || clock === null
        ? undefined
        : word(object(clock)["quality"], "CLOCK_QUALITY_"),
    streams: list(json["streams"]).map(readStream),
    refusals: Object.entries(object(json["refusals"] ?? {}))
      .map(([reason, count]): [string, bigint] => [
        word(reason, "REFUSAL_REASON_"),
        integer(count),
      ])
      .filter(([, count]) => count > 0n),
  };
}

export function readConfirmation(value: unknown): Confirmation {
  const json = object(value);
  return {
    source: text(json["source"]),
    epoch: integer(json["epoch"]),
    by: text(json["by"]),
    atUs: optionalInteger(json["at_us"]),
  };
}

export function readFinding(value: unknown): FindingInfo {
  const json = object(value);
  const reason = word(json["reason"], "REFUSAL_REASON_");
  return {
    origin: text(json["origin"]),
    index: integer(json["index"]),
    source: text(json["source"]),
    atUs: optionalInteger(json["at_us"]),
    kind: word(json["kind"], "FINDING_KIND_"),
    subject: typeof json["subject"] === "string" ? json["subject"] : "",
    epoch: optionalInteger(json["epoch"]),
    reason: reason === "" || reason === "unspecified" ? undefined : reason,
    count: optionalInteger(json["count"]) ?? 1n,
    confirmed:
      json["confirmed"] === undefined
        ? undefined
        : readConfirmation(json["confirmed"]),
  };
}

export interface Appended {
  origin: string;
  firstIndex: bigint;
  count: bigint;
}

export function readAppended(value: unknown): Appended {
  const json = object(value);
  return {
    origin: text(json["origin"]),
    firstIndex: integer(json["first_index"]),
    count: integer(json["count"]),
  };
}

export function readCheckpointNote(value: unknown): {
  origin: string;
  note: string;
} {
  const json = object(value);
  return { origin: text(json["origin"]), note: text(json["note"]) };
}

// --- asking -----------------------------------------------------------------

export const maxEntries = 256;
const answerTimeoutMs = 10_000;

function logPath(origin: string): string {
  const name = parseOrigin(origin);
  if (name === undefined) throw new FormatError("not an origin");
  return `${name.site}/${name.stream}/${name.generation}`;
}

export class Api {
  constructor(
    readonly base: string = "",
    readonly fetcher: typeof fetch = (...args) => fetch(...args),
  ) {}

  /** Throws ApiError for no answer or an error; FormatError (all below too)
   * for an answer that is not of its form. */
  async #get(path: string): Promise<Response> {
    let response: Response;
    try {
      response = await this.fetcher(this.base + path, {
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout(answerTimeoutMs),
      });
    } catch (error) {
      throw new ApiError(error instanceof Error ? error.message : "", 0);
    }
    if (!response.ok) {
      throw new ApiError(response.statusText, response.status);
    }
    return response;
  }

  async #json(path: string): Promise<unknown> {
    const body = await this.#text(path);
    try {
      return JSON.parse(body);
    } catch {
      throw new FormatError("not JSON");
    }
  }

  async #text(path: string): Promise<string> {
    const response = await this.#get(path);
    try {
      return await response.text();
    } catch (error) {
      throw new ApiError(error instanceof Error ? error.message : "", 0);
    }
  }

  async health(): Promise<void> {
    await this.#text("/health");
  }

  /** Nothing when the ledger does not tell; it tells when it has failed too. */
  async scrub(): Promise<Scrub | undefined> {
    const response = await this.fetcher(`${this.base}/health`, {
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const json: unknown = await response.json();
    const scrub = object(object(json)["scrub"]);
    return scrub["origin"] === ""
      ? undefined
      : {
          origin: text(scrub["origin"]),
          index: integer(scrub["index"]),
          size: integer(scrub["size"]),
          roundDoneUs: optionalInteger(scrub["round_done_us"]),
        };
  }

  async logs(): Promise<LogInfo[]> {
    return list(await this.#json("/api/v1/logs"), "logs").flatMap((value) => {
      const json = object(value);
      const origin = text(json["origin"]);
      const name = parseOrigin(origin);
      if (name === undefined) throw new FormatError("not an origin");
      return [
        {
          origin,
          name,
          size: integer(json["size"]),
          frozen: optionalText(json["frozen"]),
          closedAt: optionalInteger(json["closed_at"]),
          successor: optionalText(json["successor"]),
          prunedTo: optionalInteger(json["pruned_to"]),
        },
      ];
    });
  }

  /** At most `count` entries from `from` on, gapless and in order. */
  async entries(
    origin: string,
    from: bigint,
    count: number,
  ): Promise<RawEntry[]> {
    const path = `/api/v1/entries/${logPath(origin)}?from=${from}&count=${count}`;
    const values = list(await this.#json(path), "entries");
    if (values.length > count) throw new FormatError("more than asked for");
    return values.map((value, at) => {
      const json = object(value);
      const index = integer(json["index"]);
      if (index !== from + BigInt(at)) throw new FormatError("not in order");
      return {
        index,
        entry: fromBase64(text(json["entry"])),
        damaged: json["damaged"] === true,
      };
    });
  }

  proof(origin: string, index: bigint): Promise<string> {
    return this.#text(`/api/v1/proof/${logPath(origin)}/${index}`);
  }

  checkpoint(origin: string): Promise<string> {
    return this.#text(`/log/${logPath(origin)}/checkpoint`);
  }

  async consistency(origin: string, from: bigint, to: bigint) {
    const path = `/api/v1/consistency/${logPath(origin)}?from=${from}&to=${to}`;
    const json = object(await this.#json(path));
    return list(json["hashes"]).map((hash) => fromBase64(text(hash)));
  }

  /** Where an event stands; nothing when the ledger cannot tell. */
  async find(
    source: string,
    stream: string,
    epoch: bigint,
    seq: bigint,
  ): Promise<{ origin: string; index: bigint } | undefined> {
    const query = new URLSearchParams({
      source,
      stream,
      epoch: epoch.toString(),
      seq: seq.toString(),
    });
    try {
      const json = object(await this.#json(`/api/v1/find?${query}`));
      return {
        origin: text(json["origin"]),
        index: parseDecimal(integer(json["index"]).toString()),
      };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async live(): Promise<Device[]> {
    return list(await this.#json("/api/v1/live"), "devices").map(readDevice);
  }

  async sources(): Promise<Sources> {
    const json = await this.#json("/api/v1/sources");
    const extra = Array.isArray(json) ? undefined : object(json);
    return {
      sources: list(json, "sources").map(readSource),
      unknownSource: optionalInteger(extra?.["unknown_source"]) ?? 0n,
    };
  }

  async findings(): Promise<FindingInfo[]> {
    const json = await this.#json("/api/v1/findings");
    return list(json, "findings").map(readFinding);
  }

  streamUrl(): string {
    return `${this.base}/api/v1/stream`;
  }

  packUrl(origin: string, index: bigint): string {
    return `${this.base}/api/v1/pack/${logPath(origin)}?index=${index}`;
  }

  checkpointUrl(origin: string): string {
    return `${this.base}/log/${logPath(origin)}/checkpoint`;
  }
}
