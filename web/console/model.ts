// SPDX-License-Identifier: Apache-2.0
// Everything that the page knows, and what its buttons do. The views read it
// and are told when it has changed, at most once a frame.

import {
  type Api,
  ApiError,
  type Device,
  type FindingInfo,
  type LogInfo,
  readAppended,
  readCheckpointNote,
  readDevice,
  readConfirmation,
  readFinding,
  type Scrub,
  readSource,
  type Sources,
} from "../shared/api";
import { EntryVerifier } from "../shared/entry_verifier";
import { KeyRegistry } from "../shared/key_registry";
import { type Alarm, Memory } from "../shared/memory";
import { type CheckpointVerdict, Verifier } from "../shared/verifier";
import {
  parseTrust,
  type Trust,
  TrustError,
} from "../shared/verify/checkpoint";
import { type Capability, canVerify } from "../shared/verify/hash";
import { inOrder, parseHash } from "./address";
import { Connection, type ConnectionState } from "./connection";
import { Descriptions } from "./descriptions";
import { LogView, type Row, type Trouble, troubleOf } from "./log_view";

export interface LogState {
  info: LogInfo;
  verdict?: CheckpointVerdict | undefined;
  checking: boolean;
}

export interface Loaded<T> {
  value?: T;
  trouble?: Trouble | undefined;
}

export type TrustFailure = TrustError | "too_large" | "unreadable";

interface Engine {
  trust: Trust;
  verifier: Verifier;
  registry: KeyRegistry;
  entries: EntryVerifier;
}

/** A pushed checkpoint waits so long for a newer one of the same log. */
const checkpointEveryMs = 500;

export class Model {
  connection: ConnectionState = { state: "connecting" };
  capability: Capability | undefined;
  trust: Trust | undefined;
  trustFailure: TrustFailure | undefined;
  readonly logs = new Map<string, LogState>();
  logsTrouble: Trouble | undefined;
  logsLoaded = false;
  view: LogView | undefined;
  live: Loaded<Map<string, Device>> = {};
  sources: Loaded<Sources> = {};
  findings: Loaded<FindingInfo[]> = {};
  scrub: Scrub | undefined;
  alarms: Alarm[] = [];
  descriptions: Descriptions;

  readonly #listeners = new Set<() => void>();
  readonly #pushed = new Map<string, string>();
  #engine: Engine | undefined;
  #announced = false;

  constructor(
    readonly api: Api,
    readonly memory: Memory,
    /** Whether what the memory keeps outlives the page. */
    readonly keeps: boolean,
  ) {
    this.descriptions = this.#newDescriptions();
  }

  // --- telling the views ---------------------------------------------------

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly changed = (): void => {
    if (this.#announced) return;
    this.#announced = true;
    requestAnimationFrame(() => {
      this.#announced = false;
      for (const listener of this.#listeners) listener();
    });
  };

  // --- starting --------------------------------------------------------------

  async start(): Promise<void> {
    this.alarms = this.memory.alarms();
    this.capability = await canVerify();
    const file = this.memory.trustFile();
    if (file !== undefined && this.capability === "ready") {
      await this.#trustIn(file).catch(() => undefined);
    }
    const connection = new Connection(
      this.api.streamUrl(),
      // Any answer is a sign of life, one of "failed" too.
      () =>
        this.api.health().catch((error: unknown) => {
          if (!(error instanceof ApiError && error.status !== 0)) throw error;
        }),
      {
        onState: (state) => {
          this.connection = state;
          this.changed();
        },
        onOpen: () => void this.refresh(),
        onEvent: (event, data) => this.#event(event, data),
      },
    );
    connection.start();
    await this.refresh();
  }

  /** Asks for everything anew. */
  async refresh(): Promise<void> {
    await Promise.all([
      this.#loadLogs(),
      this.#load(this.live, async () => {
        const devices = await this.api.live();
        return new Map(devices.map((device) => [deviceKey(device), device]));
      }),
      this.#load(this.sources, () => this.api.sources()),
      this.#load(this.findings, () => this.api.findings()),
      this.#loadScrub(),
    ]);
  }

  async #load<T>(into: Loaded<T>, read: () => Promise<T>): Promise<void> {
    try {
      into.value = await read();
      into.trouble = undefined;
    } catch (error) {
      into.trouble = troubleOf(error);
    }
    this.changed();
  }

  async #loadScrub(): Promise<void> {
    this.scrub = await this.api.scrub().catch(() => undefined);
    this.changed();
  }

  /** The registry that is written now: a successor says all of it again. */
  get #registryOrigin(): string {
    const registries = [...this.logs.values()]
      .filter(({ info }) => info.name.stream === "registry" && info.size > 0n)
      .sort((a, b) =>
        Number(b.info.name.generation) - Number(a.info.name.generation),
      );
    return (
      registries[0]?.info.origin ??
      `${this.trust?.ledger ?? ""}/central/registry/1`
    );
  }

  async #loadLogs(): Promise<void> {
    try {
      for (const info of await this.api.logs()) this.#know(info);
      this.logsTrouble = undefined;
      this.logsLoaded = true;
    } catch (error) {
      this.logsTrouble = troubleOf(error);
    }
    this.changed();
    const file = this.memory.trustFile();
    const engine = this.#engine;
    if (
      engine !== undefined &&
      file !== undefined &&
      engine.registry.origin !== this.#registryOrigin
    ) {
      await this.#trustIn(file).catch(() => undefined);
      this.#checkAll();
    }
    for (const { info } of this.logs.values()) this.check(info.origin);
    this.view?.retry();
    if (this.view === undefined) this.go();
    else this.#grown(this.view.origin);
  }

  #know(info: LogInfo): void {
    const known = this.logs.get(info.origin);
    if (known === undefined) {
      this.logs.set(info.origin, { info, checking: false });
    } else {
      known.info = info;
    }
  }

  // --- whom to trust ---------------------------------------------------------

  /** Loads a trust file by a person's act; false when it is none. */
  async loadTrust(file: string): Promise<boolean> {
    try {
      await this.#trustIn(file);
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      this.trustFailure = error;
      this.changed();
      return false;
    }
    this.memory.keepTrustFile(file);
    this.trustFailure = undefined;
    this.#checkAll();
    return true;
  }

  refuseTrust(failure: TrustFailure): void {
    this.trustFailure = failure;
    this.changed();
  }

  forgetTrust(): void {
    this.memory.forget();
    this.trust = undefined;
    this.#engine = undefined;
    this.descriptions = this.#newDescriptions();
    this.#checkAll();
  }

  async #trustIn(file: string): Promise<void> {
    const trust = await parseTrust(file);
    const verifier = new Verifier(this.api, this.memory, trust, () => {
      this.alarms = this.memory.alarms();
      this.changed();
    });
    this.trust = trust;
    const registry = new KeyRegistry(this.api, verifier, this.#registryOrigin);
    const entries = new EntryVerifier(this.api, verifier, registry);
    this.#engine = { trust, verifier, registry, entries };
    this.descriptions = this.#newDescriptions();
  }

  #newDescriptions(): Descriptions {
    return new Descriptions(
      this.api,
      (origin) => this.logs.get(origin)?.info.size ?? 0n,
      this.#engine?.entries,
    );
  }

  #checkAll(): void {
    for (const [origin, log] of this.logs) {
      log.verdict = undefined;
      this.check(origin);
    }
    this.view?.reprove();
    this.changed();
  }

  // --- checkpoints -----------------------------------------------------------

  /** Asks for the newest checkpoint of a log, or judges one that came. */
  check(origin: string, note?: string): void {
    const log = this.logs.get(origin);
    const engine = this.#engine;
    if (log === undefined || engine === undefined) return;
    log.checking = true;
    const asked =
      note === undefined
        ? engine.verifier.newest(origin)
        : engine.verifier.pushed(origin, note);
    void asked
      .then((verdict) => {
        if (engine !== this.#engine) return;
        log.verdict = verdict;
        if (verdict.state === "ok") {
          const { size } = verdict.checkpoint;
          if (size > log.info.size) log.info = { ...log.info, size };
          this.#grown(origin);
        }
      })
      .catch((error: unknown) => console.error(error))
      .finally(() => {
        log.checking = false;
        this.changed();
      });
  }

  #grown(origin: string): void {
    const info = this.logs.get(origin)?.info;
    if (this.view?.origin === origin && info !== undefined) {
      this.view.prunedTo = info.prunedTo ?? 0n;
      this.view.grow(info.size);
    }
  }

  // --- what the stream tells -------------------------------------------------

  #event(event: string, data: unknown): void {
    try {
      switch (event) {
        case "entry":
          return this.#appended(data);
        case "checkpoint":
          return this.#checkpoint(data);
        case "live": {
          const device = readDevice(data);
          this.live.value ??= new Map();
          this.live.value.set(deviceKey(device), device);
          break;
        }
        case "status": {
          const source = readSource(data);
          const before = this.sources.value ?? {
            sources: [],
            unknownSource: 0n,
          };
          const others = before.sources.filter(
            (other) => other.source !== source.source,
          );
          const sources = [...others, source].sort((a, b) =>
            a.source < b.source ? -1 : 1,
          );
          this.sources.value = { ...before, sources };
          break;
        }
        case "finding":
          this.findings.value = [
            readFinding(data),
            ...(this.findings.value ?? []),
          ].slice(0, 200);
          this.#findingCame(this.findings.value[0]);
          break;
        case "confirmed": {
          const confirmed = readConfirmation(data);
          this.findings.value = this.findings.value?.map((finding) =>
            finding.kind === "new_epoch" &&
            finding.subject === confirmed.source &&
            finding.epoch === confirmed.epoch
              ? { ...finding, confirmed }
              : finding,
          );
          break;
        }
      }
      this.changed();
    } catch (error) {
      console.error(event, error);
    }
  }

  /** Some findings mean that the list of logs is not what it was. */
  #findingCame(finding: FindingInfo | undefined): void {
    if (
      finding?.kind === "log_frozen" ||
      finding?.kind === "log_succeeded" ||
      finding?.kind === "log_rolled_back"
    ) {
      void this.#loadLogs();
    }
  }

  #appended(data: unknown): void {
    const { origin, firstIndex, count } = readAppended(data);
    const log = this.logs.get(origin);
    if (log === undefined) {
      void this.#loadLogs(); // a log that was not there before
      return;
    }
    const size = firstIndex + count;
    if (size > log.info.size) log.info = { ...log.info, size };
    this.#grown(origin);
    this.changed();
  }

  #checkpoint(data: unknown): void {
    const { origin, note } = readCheckpointNote(data);
    const waits = this.#pushed.has(origin);
    this.#pushed.set(origin, note);
    if (waits) return;
    setTimeout(() => {
      const newest = this.#pushed.get(origin);
      this.#pushed.delete(origin);
      this.check(origin, newest);
    }, checkpointEveryMs);
  }

  // --- the log in view -------------------------------------------------------

  /** The logs in the order of the tabs. */
  get tabs(): LogState[] {
    return inOrder([...this.logs.values()]);
  }

  /** Shows what the address says: a log, an entry, or the busiest log. */
  go(hash: string = location.hash): void {
    const address = parseHash(hash);
    if (address === undefined && this.view !== undefined) return;
    const wanted = [...this.logs.values()].find(
      ({ info: { name } }) =>
        name.site === address?.site &&
        name.stream === address.stream &&
        name.generation === address.generation,
    );
    const log = wanted ?? this.#firstLog();
    if (log === undefined) return;
    const at = wanted === undefined ? undefined : address?.index;
    if (this.view?.origin === log.info.origin) {
      if (at === undefined) {
        if (this.view.open !== undefined) this.view.fold();
      } else if (this.view.open !== at) {
        void this.view.show(at);
      }
      return;
    }
    this.view?.close();
    const { origin, size } = log.info;
    this.view = new LogView(this.api, origin, size, this, this.changed);
    this.view.prunedTo = log.info.prunedTo ?? 0n;
    void (at === undefined ? this.view.start() : this.view.show(at));
    this.changed();
  }

  #firstLog(): LogState | undefined {
    const { tabs } = this;
    return tabs.find(({ info }) => info.name.stream === "telemetry") ?? tabs[0];
  }

  /** For the log view: nothing while no key is loaded. */
  prove(
    origin: string,
    row: Row,
    known: Parameters<EntryVerifier["prove"]>[3],
  ) {
    return this.#engine?.entries.prove(origin, row.index, row.bytes, known);
  }

  // --- alarms ------------------------------------------------------------------

  markRead(alarms: Alarm[]): void {
    const ids = alarms.map(({ id }) => id);
    this.memory.markRead(ids, Date.now());
    this.alarms = this.memory.alarms();
    this.changed();
  }
}

export function deviceKey({ source, device }: Device): string {
  return `${source} ${device}`;
}
