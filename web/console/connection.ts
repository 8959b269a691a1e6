// SPDX-License-Identifier: Apache-2.0
// The one stream of server-sent events, and whether it can be believed to be
// alive: a screen that stands still must say so.

export type ConnectionState =
  | { state: "connecting" }
  | { state: "live" }
  /** `since`: the last sign of life, Unix ms; 0 when there never was one. */
  | { state: "lost"; since: number };

export interface ConnectionHandlers {
  onState(state: ConnectionState): void;
  /** The stream is open (again): whatever was missed must be asked for. */
  onOpen(): void;
  onEvent(event: string, data: unknown): void;
}

const events = [
  "entry",
  "checkpoint",
  "live",
  "status",
  "finding",
  "confirmed",
  "ping",
];
const firstRetryMs = 500;
const lastRetryMs = 8_000;
/** After so much silence the ledger is asked whether it is there. */
const silenceMs = 15_000;
/** And after so much a new stream is opened. */
const staleStreamMs = 45_000;
const watchMs = 2_500;

export class Connection {
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #attempts = 0;
  #lastSign = 0;
  #lastEvent = 0;
  #asking = false;

  constructor(
    readonly url: string,
    readonly health: () => Promise<void>,
    readonly handlers: ConnectionHandlers,
  ) {}

  start(): void {
    this.#open();
    this.#watch = setInterval(() => this.#look(), watchMs);
  }

  stop(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#retry);
    this.#source?.close();
  }

  #open(): void {
    this.#source?.close();
    const source = new EventSource(this.url);
    this.#source = source;
    source.onopen = () => {
      this.#attempts = 0;
      this.#sign(true);
      this.handlers.onState({ state: "live" });
      this.handlers.onOpen();
    };
    source.onerror = () => this.#lost();
    for (const event of events) {
      source.addEventListener(event, (message: MessageEvent<string>) => {
        this.#sign(true);
        if (event === "ping") return;
        let data: unknown;
        try {
          data = JSON.parse(message.data);
        } catch {
          return; // a hint that cannot be read is no hint
        }
        this.handlers.onEvent(event, data);
      });
    }
  }

  #sign(event: boolean): void {
    this.#lastSign = Date.now();
    if (event) this.#lastEvent = this.#lastSign;
  }

  // The browser's own retry gives up on some errors and says nothing of it.
  #lost(): void {
    this.#source?.close();
    this.#source = undefined;
    this.handlers.onState({ state: "lost", since: this.#lastSign });
    clearTimeout(this.#retry);
    const ceiling = Math.min(firstRetryMs * 2 ** this.#attempts++, lastRetryMs);
    const wait = ceiling * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  #look(): void {
    if (this.#source?.readyState !== EventSource.OPEN || this.#asking) return;
    const now = Date.now();
    if (now - this.#lastSign < silenceMs) return;
    if (now - this.#lastEvent > staleStreamMs) {
      this.#lastEvent = now;
      this.#open();
      return;
    }
    this.#asking = true;
    this.health()
      .then(() => this.#sign(false))
      .catch(() => this.#lost())
      .finally(() => {
        this.#asking = false;
      });
  }
}
