// SPDX-License-Identifier: Apache-2.0
// Vectors: the 8-leaf tree of RFC 6962 implementations, the rolling hashes over
// every tree up to 130 leaves, roots at tile boundaries.
import "../../testing/test_crypto";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fromHex, toHex, utf8 } from "../bytes";
import {
  CompactTree,
  emptyRoot,
  leafHash,
  merkleRoot,
  nodeHash,
  rootFromInclusion,
  verifyConsistency,
} from "./merkle";
import {
  consistencyPath,
  inclusionPath,
  rootOf,
} from "../../testing/reference_tree";

const leafData = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map(fromHex);
const roots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
].map(fromHex);
const leaves = () => Promise.all(leafData.map(leafHash));
const root = (size: number) => roots[size] ?? assert.fail();

test("leaf, node and empty root", async () => {
  assert.deepEqual(await emptyRoot(), root(0));
  assert.equal(
    toHex(await leafHash(utf8("L123456"))),
    "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
  );
  assert.equal(
    toHex(await nodeHash(utf8("N123"), utf8("N456"))),
    "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb",
  );
});

test("roots of the 8-leaf tree at every size", async () => {
  const hashes = await leaves();
  for (let size = 0; size <= 8; ++size) {
    assert.deepEqual(await merkleRoot(hashes.slice(0, size)), root(size));
  }
});

test("published inclusion paths", async () => {
  const hashes = await leaves();
  const path5 = [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  ].map(fromHex);
  const path0 = [
    toHex(hashes[1] ?? assert.fail()),
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
  ].map(fromHex);
  const leaf = (at: number) => hashes[at] ?? assert.fail();
  assert.deepEqual(await rootFromInclusion(5n, 8n, leaf(5), path5), root(8));
  assert.deepEqual(await rootFromInclusion(0n, 8n, leaf(0), path0), root(8));
  assert.deepEqual(
    await rootFromInclusion(2n, 3n, leaf(2), [root(2)]),
    root(3),
  );
  assert.ok(await verifyConsistency(1n, root(1), 8n, root(8), path0));
});

test("published consistency paths", async () => {
  const path68 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  ].map(fromHex);
  const path25 = [
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
  ].map(fromHex);
  assert.ok(await verifyConsistency(6n, root(6), 8n, root(8), path68));
  assert.ok(await verifyConsistency(2n, root(2), 5n, root(5), path25));
});

// The whole-tree rolling hashes: the naive tree of the tests writes every path,
// the published digest says that it writes the right ones, and the code under
// test must accept each.
test("every inclusion path of every tree up to 130 leaves", async () => {
  const all = await Promise.all(
    Array.from({ length: 130 }, (_, i) => leafHash(Uint8Array.of(i))),
  );
  const rolling = createHash("sha256");
  for (let n = 1; n <= 130; ++n) {
    const tree = all.slice(0, n);
    const expected = rootOf(tree);
    for (let i = 0; i < n; ++i) {
      const path = inclusionPath(i, tree);
      rolling.update(`${[i, n, ...path.map(toHex)].join(" ")}\n`);
      if (n % 13 !== 0 && n < 120) continue; // the digest covers the rest
      const leaf = all[i] ?? assert.fail();
      assert.deepEqual(
        await rootFromInclusion(BigInt(i), BigInt(n), leaf, path),
        expected,
      );
    }
  }
  assert.equal(
    rolling.digest("hex"),
    "893ce6eea61adc33c22c0e3a952498b76dfa3c282e78ac659f6fcc0ea44f9983",
  );
});

test("every consistency path of every tree up to 130 leaves", async () => {
  const all = await Promise.all(
    Array.from({ length: 130 }, (_, i) => leafHash(Uint8Array.of(i))),
  );
  const rolling = createHash("sha256");
  for (let n = 1; n <= 130; ++n) {
    const tree = all.slice(0, n);
    for (let m = 1; m <= n; ++m) {
      const path = consistencyPath(m, tree);
      rolling.update(`${[m, n, ...path.map(toHex)].join(" ")}\n`);
      if (n % 13 !== 0 && n < 120) continue;
      const old = rootOf(all.slice(0, m));
      assert.ok(
        await verifyConsistency(BigInt(m), old, BigInt(n), rootOf(tree), path),
        `${m} -> ${n}`,
      );
    }
  }
  assert.equal(
    rolling.digest("hex"),
    "2498232e1aebe8d1aa8d339d897fc471f4495fe0b8a55ac08f7dae3d88bc4c2a",
  );
});

test("roots at tile boundaries", async () => {
  const tree = new CompactTree();
  const seen: Record<number, string> = {};
  for (let i = 0; i < 257; ++i) {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigUint64(0, BigInt(i));
    await tree.append(await leafHash(data));
    if (i >= 254) seen[i + 1] = toHex(await tree.root());
  }
  assert.deepEqual(seen, {
    255: "bb3b9743e08118ea583ae77df04a1449a0601cde6f75146d79c2cab6366ce210",
    256: "15e2dd4973ae44de8c8cf3048fd98d17adaaea6287f4e0606a55a643617408c0",
    257: "d418c0873259bce7d0561ab004486112416c1c4490865415342bfe06e673146c",
  });
});

test("a proof of another length, index, size, leaf or hash is no proof", async () => {
  const hashes = await leaves();
  const at = (i: number) => hashes[i] ?? assert.fail();
  for (let n = 1; n <= 8; ++n) {
    const tree = hashes.slice(0, n);
    for (let i = 0; i < n; ++i) {
      const path = inclusionPath(i, tree);
      const holds = async (
        index: number,
        size: number,
        leaf: Uint8Array,
        proof: Uint8Array[],
      ) => {
        const got = await rootFromInclusion(
          BigInt(index),
          BigInt(size),
          leaf,
          proof,
        );
        return got !== undefined && toHex(got) === toHex(rootOf(tree));
      };
      assert.ok(await holds(i, n, at(i), path));
      assert.ok(!(await holds(i, n, root(0), path)), "wrong leaf");
      assert.ok(!(await holds(n, n, at(i), path)), "index beyond size");
      assert.ok(!(await holds(-1, n, at(i), path)), "negative index");
      assert.ok(!(await holds(i, n, at(i), [...path, root(1)])), "longer");
      assert.ok(!(await holds(i, n, at(i), [root(1), ...path])), "longer");
      if (path.length > 0) {
        assert.ok(!(await holds(i, n, at(i), path.slice(1))), "shorter");
        assert.ok(!(await holds(i, n, at(i), path.slice(0, -1))), "shorter");
        assert.ok(!(await holds(i ^ 1, n, at(i), path)), "other index");
      }
      for (let k = 0; k < path.length; ++k) {
        const bad = path.map((hash, j) => (j === k ? root(0) : hash));
        assert.ok(!(await holds(i, n, at(i), bad)), "other hash");
      }
    }
  }
});

test("a hash too many is no path, whatever it leads to", async () => {
  const [leaf, next] = (await leaves()) as [Uint8Array, Uint8Array];
  assert.equal(await rootFromInclusion(0n, 1n, leaf, [next]), undefined);
  assert.equal(await rootFromInclusion(0n, 2n, leaf, [next, next]), undefined);
});

test("a consistency proof of another shape is none", async () => {
  const hashes = await leaves();
  for (let n = 1; n <= 8; ++n) {
    const tree = hashes.slice(0, n);
    for (let m = 1; m <= n; ++m) {
      const path = consistencyPath(m, tree);
      const holds = (old: Uint8Array, now: Uint8Array, proof: Uint8Array[]) =>
        verifyConsistency(BigInt(m), old, BigInt(n), now, proof);
      assert.ok(await holds(root(m), root(n), path));
      assert.ok(!(await holds(root(0), root(n), path)), "other old root");
      assert.ok(!(await holds(root(m), root(0), path)), "other root");
      assert.ok(!(await holds(root(m), root(n), [...path, root(2)])));
      assert.ok(!(await holds(root(m), root(n), [root(2), ...path])));
      for (let k = 0; k < path.length; ++k) {
        const shorter = path.filter((_, j) => j !== k);
        const bad = path.map((hash, j) => (j === k ? root(0) : hash));
        assert.ok(!(await holds(root(m), root(n), shorter)), "shorter");
        assert.ok(!(await holds(root(m), root(n), bad)), "other hash");
      }
      // A size whose proofs have another length. (Where the length is the same
      // the size does not show in the hashes: it is the checkpoint that signs
      // both.)
      for (let larger = n + 1; larger <= 16; ++larger) {
        const all = Array.from({ length: larger }, () => root(0));
        if (consistencyPath(m, all).length === path.length) continue;
        const size = BigInt(larger);
        assert.ok(
          !(await verifyConsistency(BigInt(m), root(m), size, root(n), path)),
          "larger size",
        );
      }
      if (m < n) {
        assert.ok(
          !(await verifyConsistency(
            BigInt(n),
            root(n),
            BigInt(m),
            root(m),
            path,
          )),
          "backwards",
        );
      }
    }
  }
  assert.ok(await verifyConsistency(0n, root(0), 5n, root(5), []));
  assert.ok(!(await verifyConsistency(0n, root(0), 5n, root(5), [root(1)])));
  assert.ok(!(await verifyConsistency(0n, root(1), 5n, root(5), [])));
  assert.ok(!(await verifyConsistency(-1n, root(0), 5n, root(5), [])));
});
