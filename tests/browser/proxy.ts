// SPDX-License-Identifier: Apache-2.0
// Stands between the page and a real ledger, and lies on request.

import http from "node:http";
import type { AddressInfo } from "node:net";

/** Changes an answer; nothing leaves it as it is. */
export type Lie = (path: string, body: Buffer) => Buffer | undefined;

export class LyingProxy {
  #server: http.Server | undefined;
  lie: Lie | undefined;

  constructor(readonly target: URL) {}

  get url(): string {
    const { port } = this.#server?.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    this.#server = http.createServer((request, response) =>
      this.#pass(request, response),
    );
    await new Promise<void>((done) =>
      this.#server?.listen(0, "127.0.0.1", done),
    );
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    await closed;
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    const path = request.url ?? "/";
    const onward = http.request(
      new URL(path, this.target),
      { method: request.method, headers: { host: this.target.host } },
      (answer) => {
        const { "content-length": _, ...headers } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, headers);
        const { lie } = this;
        // The event stream does not end: it goes through as it comes.
        if (lie === undefined || path.startsWith("/api/v1/stream")) {
          answer.pipe(response);
          return;
        }
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("end", () => {
          const body = Buffer.concat(parts);
          response.end(lie(path, body) ?? body);
        });
      },
    );
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    onward.end();
  }
}
