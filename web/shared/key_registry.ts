// SPDX-License-Identifier: Apache-2.0
// Keeps the whole registry log of a ledger, verified: all of its entries lead
// to the root of an accepted checkpoint, so that neither an enrolment nor a
// revocation can be left out.

import { type Api, maxEntries, type RawEntry } from "./api";
import { equal } from "./bytes";
import {
  type CheckpointVerdict,
  failure,
  refuted,
  type Refuted,
  type Unproven,
  type Verifier,
} from "./verifier";
import { CompactTree, leafHash } from "./verify/merkle";
import { KeyHistory } from "./verify/registry";

export type RegistryVerdict =
  | { state: "ok"; history: KeyHistory; origin: string; size: bigint }
  | Refuted
  | Unproven;

export class KeyRegistry {
  #tree = new CompactTree();
  #history = new KeyHistory();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly api: Api,
    readonly verifier: Verifier,
    readonly origin: string,
  ) {}

  /** The history as of the newest checkpoint of the registry. */
  current(): Promise<RegistryVerdict> {
    const verdict = this.#turn.catch(() => {}).then(() => this.#sync());
    this.#turn = verdict;
    return verdict;
  }

  async #sync(): Promise<RegistryVerdict> {
    const newest: CheckpointVerdict = await this.verifier.newest(this.origin);
    if (newest.state !== "ok") return newest;
    const { size, root } = newest.checkpoint;
    if (size < this.#tree.size) this.#restart();
    while (this.#tree.size < size) {
      const failed = await this.#read(size);
      if (failed !== undefined) return failed;
    }
    if (!equal(await this.#tree.root(), root)) {
      this.#restart();
      const verdict = refuted("registry_altered", newest.note);
      return this.verifier.raise(this.origin, verdict);
    }
    return { state: "ok", history: this.#history, origin: this.origin, size };
  }

  async #read(size: bigint): Promise<Refuted | Unproven | undefined> {
    const from = this.#tree.size;
    const rest = size - from;
    const count = rest < maxEntries ? Number(rest) : maxEntries;
    let entries: RawEntry[];
    try {
      entries = await this.api.entries(this.origin, from, count);
    } catch (error) {
      return this.verifier.raise(
        this.origin,
        failure(error, "registry_altered"),
      );
    }
    // The checkpoint says that they are there.
    if (entries.length === 0) {
      const verdict = refuted("registry_altered", `no entry ${from}`);
      return this.verifier.raise(this.origin, verdict);
    }
    for (const { entry } of entries) {
      await this.#tree.append(await leafHash(entry));
      await this.#history.append(entry);
    }
    return undefined;
  }

  #restart(): void {
    this.#tree = new CompactTree();
    this.#history = new KeyHistory();
  }
}
