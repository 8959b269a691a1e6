// SPDX-License-Identifier: Apache-2.0
// The Merkle tree of RFC 6962 section 2.1, SHA-256, unchanged. Sizes and
// indices are BigInt: they are 64 bits wide on the wire.

import { type Bytes, equal } from "../bytes";
import { sha256 } from "./hash";

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

export function leafHash(entry: Uint8Array): Promise<Bytes> {
  return sha256(leafPrefix, entry);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(nodePrefix, left, right);
}

export function emptyRoot(): Promise<Bytes> {
  return sha256();
}

/** The hashes of the perfect subtrees that make up a tree, largest first:
 * enough to append and to tell the root. */
export class CompactTree {
  size = 0n;
  #roots: Uint8Array[] = [];

  async append(leaf: Uint8Array): Promise<void> {
    let hash = leaf;
    for (let rest = this.size; rest & 1n; rest >>= 1n) {
      const left = this.#roots.pop();
      if (left === undefined) throw new Error("compact tree is inconsistent");
      hash = await nodeHash(left, hash);
    }
    this.#roots.push(hash);
    ++this.size;
  }

  async root(): Promise<Bytes> {
    let hash: Uint8Array | undefined;
    for (const left of [...this.#roots].reverse()) {
      hash = hash === undefined ? left : await nodeHash(left, hash);
    }
    return hash === undefined ? emptyRoot() : Uint8Array.from(hash);
  }

  copy(): CompactTree {
    const tree = new CompactTree();
    tree.size = this.size;
    tree.#roots = [...this.#roots];
    return tree;
  }
}

/** MTH over leaf hashes. */
export async function merkleRoot(leaves: Uint8Array[]): Promise<Bytes> {
  const tree = new CompactTree();
  for (const leaf of leaves) await tree.append(leaf);
  return tree.root();
}

/** One step of a path: the sibling, where it stands, and what the two hash to.
 * `left` means that the sibling is the left child. */
export interface PathStep {
  sibling: Uint8Array;
  left: boolean;
  result: Uint8Array;
}

/** Walks a path from leaf to root. Nothing when index >= size or the length of
 * the path is not exactly right. */
export async function walkInclusion(
  index: bigint,
  size: bigint,
  leaf: Uint8Array,
  path: Uint8Array[],
): Promise<PathStep[] | undefined> {
  if (index < 0n || index >= size) return undefined;
  const steps: PathStep[] = [];
  let node = index;
  let last = size - 1n;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0n) return undefined;
    const left = (node & 1n) === 1n || node === last;
    hash = await (left ? nodeHash(sibling, hash) : nodeHash(hash, sibling));
    steps.push({ sibling, left, result: hash });
    if (left) {
      // A node without a right sibling is promoted unchanged.
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? steps : undefined;
}

/** The root that `path` leads to; nothing when it cannot be one. */
export async function rootFromInclusion(
  index: bigint,
  size: bigint,
  leaf: Uint8Array,
  path: Uint8Array[],
): Promise<Uint8Array | undefined> {
  const steps = await walkInclusion(index, size, leaf, path);
  if (steps === undefined) return undefined;
  return steps.at(-1)?.result ?? leaf;
}

/** True when the tree (size, root) extends (oldSize, oldRoot). Size 0 has the
 * empty root, needs an empty path, and is extended by every tree; equal sizes
 * need equal roots and an empty path. */
export async function verifyConsistency(
  oldSize: bigint,
  oldRoot: Uint8Array,
  size: bigint,
  root: Uint8Array,
  path: Uint8Array[],
): Promise<boolean> {
  if (oldSize < 0n || oldSize > size) return false;
  if (oldSize === 0n) {
    return path.length === 0 && equal(oldRoot, await emptyRoot());
  }
  if (oldSize === size) return path.length === 0 && equal(oldRoot, root);

  let node = oldSize - 1n;
  let last = size - 1n;
  while (node & 1n) {
    node >>= 1n;
    last >>= 1n;
  }
  // When the old size is a power of two its root is not in the proof.
  const hashes = node === 0n ? [oldRoot, ...path] : path;
  const [first, ...rest] = hashes;
  if (first === undefined) return false;
  let oldHash = first;
  let hash = first;
  for (const sibling of rest) {
    if (last === 0n) return false;
    if ((node & 1n) === 1n || node === last) {
      oldHash = await nodeHash(sibling, oldHash);
      hash = await nodeHash(sibling, hash);
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = await nodeHash(hash, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(oldHash, oldRoot) && equal(hash, root);
}
