// SPDX-License-Identifier: Apache-2.0
// What a browser keeps of its own between visits: whom it trusts, the last
// checkpoint that it has seen of each log, and alarms until a person has read
// them. Nothing of it ever comes from the ledger unverified.

/** The part of localStorage that is used here; tests have one in memory. */
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  key(index: number): string | null;
  readonly length: number;
}

/** A verified checkpoint that this browser has seen. */
export interface Seen {
  note: string;
  /** When the first and this one of the log were seen, Unix ms. */
  firstAt: number;
  at: number;
}

export interface Alarm {
  /** The same trouble has the same id: it is not raised twice. */
  id: string;
  kind: string;
  origin: string;
  index?: string | undefined;
  at: number;
  /** Signed notes and other texts that show the trouble to anyone. */
  evidence: string[];
  readAt?: number | undefined;
}

const prefix = "strongroom/v1/";
const trustKey = `${prefix}trust`;
const alarmsKey = `${prefix}alarms`;
const seenPrefix = `${prefix}seen/`;
const maxAlarms = 100;

export class Memory {
  constructor(readonly storage: Storage) {}

  #json(key: string): unknown {
    try {
      return JSON.parse(this.storage.getItem(key) ?? "null");
    } catch {
      return null;
    }
  }

  trustFile(): string | undefined {
    return this.storage.getItem(trustKey) ?? undefined;
  }

  keepTrustFile(file: string): void {
    this.storage.setItem(trustKey, file);
  }

  /** Forgets the key and every checkpoint that was verified with it. */
  forget(): void {
    this.storage.removeItem(trustKey);
    const keys = Array.from({ length: this.storage.length }, (_, i) =>
      this.storage.key(i),
    );
    for (const key of keys) {
      if (key?.startsWith(seenPrefix)) this.storage.removeItem(key);
    }
  }

  seen(origin: string): Seen | undefined {
    const value = this.#json(seenPrefix + origin) as Partial<Seen> | null;
    if (typeof value?.note !== "string") return undefined;
    return {
      note: value.note,
      firstAt: Number(value.firstAt ?? 0),
      at: Number(value.at ?? 0),
    };
  }

  keepSeen(origin: string, seen: Seen): void {
    this.storage.setItem(seenPrefix + origin, JSON.stringify(seen));
  }

  alarms(): Alarm[] {
    const value = this.#json(alarmsKey);
    if (!Array.isArray(value)) return [];
    return (value as Partial<Alarm>[]).flatMap((alarm) =>
      typeof alarm?.id === "string" &&
      typeof alarm.kind === "string" &&
      typeof alarm.origin === "string"
        ? [
            {
              id: alarm.id,
              kind: alarm.kind,
              origin: alarm.origin,
              index: alarm.index,
              at: Number(alarm.at ?? 0),
              evidence: Array.isArray(alarm.evidence) ? alarm.evidence : [],
              readAt: alarm.readAt,
            },
          ]
        : [],
    );
  }

  /** Keeps an alarm; false when the same one is already kept. When there are
   * too many, those that were read go first. */
  keepAlarm(alarm: Alarm): boolean {
    const alarms = this.alarms();
    if (alarms.some((kept) => kept.id === alarm.id)) return false;
    alarms.unshift(alarm);
    if (alarms.length > maxAlarms) {
      // Never the new one. Two signed checkpoints that contradict each other
      // are the strongest evidence: what any lie can raise makes way for them.
      const read = alarms.findLastIndex((kept) => kept.readAt !== undefined);
      const lesser = alarms.findLastIndex(
        (kept) => !kept.kind.startsWith("checkpoint_"),
      );
      const at = read > 0 ? read : lesser > 0 ? lesser : alarms.length - 1;
      alarms.splice(at, 1);
    }
    this.storage.setItem(alarmsKey, JSON.stringify(alarms));
    return true;
  }

  markRead(ids: string[], at: number): void {
    const alarms = this.alarms().map((alarm) =>
      ids.includes(alarm.id) ? { ...alarm, readAt: at } : alarm,
    );
    this.storage.setItem(alarmsKey, JSON.stringify(alarms));
  }
}

/** A browser's store that may be full or forbidden: what it does not take is
 * kept until the page is closed. */
export class SturdyStorage implements Storage {
  readonly #beside = new Map<string, string>();
  constructor(readonly kept: Storage) {}
  get length(): number {
    return this.#keys().length;
  }
  getItem(key: string): string | null {
    return this.#beside.get(key) ?? this.kept.getItem(key);
  }
  setItem(key: string, value: string): void {
    try {
      this.kept.setItem(key, value);
      this.#beside.delete(key);
    } catch {
      this.#beside.set(key, value);
    }
  }
  removeItem(key: string): void {
    this.#beside.delete(key);
    this.kept.removeItem(key);
  }
  key(index: number): string | null {
    return this.#keys()[index] ?? null;
  }
  #keys(): string[] {
    const kept = Array.from({ length: this.kept.length }, (_, at) =>
      this.kept.key(at),
    );
    const all = [...kept, ...this.#beside.keys()];
    return [...new Set(all.filter((key) => key !== null))];
  }
}

/** A store without a browser, and where a browser refuses to keep anything. */
export class VolatileStorage implements Storage {
  readonly #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
}
