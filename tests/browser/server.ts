// SPDX-License-Identifier: Apache-2.0
// The fake ledger behind a real port: the page, the API, the event stream.

import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { FakeLedger } from "../../web/testing/fake_ledger";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The strictest policy that the page must live with. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; " +
  "img-src 'self'; connect-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'";

export class LedgerServer {
  #server: http.Server | undefined;
  #port = 0;
  readonly #streams = new Set<http.ServerResponse>();

  constructor(
    public ledger: FakeLedger,
    readonly bundle: string,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the port of before when it was stopped. */
  async start(): Promise<void> {
    this.#server = http.createServer((request, response) =>
      this.#answer(request, response),
    );
    await new Promise<void>((done, failed) => {
      this.#server?.once("error", failed);
      this.#server?.listen(this.#port, "127.0.0.1", done);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** As if the process had died: every connection is cut. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((done) => server.close(() => done()));
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
    server.closeAllConnections();
    await closed;
  }

  get streams(): number {
    return this.#streams.size;
  }

  send(event: string, data: unknown): void {
    const text = JSON.stringify(data, (_, value: unknown) =>
      typeof value === "bigint" ? value.toString() : value,
    );
    for (const stream of this.#streams) {
      stream.write(`event: ${event}\ndata: ${text}\n\n`);
    }
  }

  /** Tells of a batch that was just appended, as the ledger does. */
  announce(appended: {
    origin: string;
    firstIndex: number;
    count: number;
  }): void {
    const { origin, firstIndex, count } = appended;
    this.send("entry", { origin, first_index: firstIndex, count });
    this.send("checkpoint", { origin, note: this.ledger.checkpoint(origin) });
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const url = new URL(request.url ?? "/", this.url);
    if (url.pathname === "/api/v1/stream" && !this.ledger.faults.down) {
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
      });
      response.write(": hello\n\n");
      this.#streams.add(response);
      response.on("close", () => this.#streams.delete(response));
      return;
    }
    const name = url.pathname === "/" ? "/index.html" : url.pathname;
    const type = types[path.extname(name)];
    if (type !== undefined && !name.includes("..")) {
      const file = path.join(this.bundle, name);
      if (fs.existsSync(file)) {
        response.writeHead(200, {
          "content-type": type,
          "content-security-policy": policy,
          "x-content-type-options": "nosniff",
        });
        response.end(fs.readFileSync(file));
        return;
      }
    }
    const answer = this.ledger.get(request.url ?? "/");
    response.writeHead(answer.status, { "content-type": answer.type });
    response.end(answer.body);
  }
}
