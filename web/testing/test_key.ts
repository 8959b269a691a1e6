// SPDX-License-Identifier: Apache-2.0
// A signing key of the tests: for sources, and for logs.

import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { type Bytes, concat, utf8 } from "../shared/bytes";

export class TestKey {
  readonly #secret: KeyObject;
  readonly publicKey: Bytes;

  constructor() {
    const pair = generateKeyPairSync("ed25519");
    this.#secret = pair.privateKey;
    const spki = pair.publicKey.export({ format: "der", type: "spki" });
    this.publicKey = new Uint8Array(spki.subarray(-32));
  }

  sign(...parts: Uint8Array[]): Bytes {
    return new Uint8Array(sign(null, concat(...parts), this.#secret));
  }

  #keyData(): Buffer {
    return Buffer.concat([Buffer.of(1), this.publicKey]);
  }

  keyId(name: string): Buffer {
    const hash = createHash("sha256").update(`${name}\n`);
    return hash.update(this.#keyData()).digest().subarray(0, 4);
  }

  vkey(name: string): string {
    const id = this.keyId(name).toString("hex");
    return `${name}+${id}+${this.#keyData().toString("base64")}`;
  }

  note(name: string, text: string): string {
    const blob = Buffer.concat([this.keyId(name), this.sign(utf8(text))]);
    return `${text}\n\u2014 ${name} ${blob.toString("base64")}\n`;
  }
}
