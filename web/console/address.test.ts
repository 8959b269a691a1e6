// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOrigin } from "../shared/verify/checkpoint";
import { entryHash, inOrder, parseHash } from "./address";

test("an address leads back to its entry", () => {
  const origin = "demo.example/bj1/record/2";
  assert.equal(entryHash(origin, 12n), "#/bj1/record/2/12");
  assert.deepEqual(parseHash("#/bj1/record/2/12"), {
    site: "bj1",
    stream: "record",
    generation: "2",
    index: 12n,
  });
  assert.equal(parseHash(entryHash(origin))?.index, undefined);
  for (const hash of ["", "#", "#log", "#/bj1/record", "#/bj1/record/1/-1"]) {
    assert.equal(parseHash(hash), undefined, hash);
  }
});

test("logs are in order of site and stream, the registry last", () => {
  const names = [
    "x/central/registry/1",
    "x/sh1/record/1",
    "x/bj1/telemetry/1",
    "x/bj1/record/10",
    "x/bj1/record/2",
  ];
  const logs = names.map((origin) => {
    const name = parseOrigin(origin) ?? assert.fail(origin);
    return { info: { origin, name, size: 0n }, checking: false };
  });
  assert.deepEqual(
    inOrder(logs).map(({ info }) => info.origin),
    [names[4], names[3], names[2], names[1], names[0]],
  );
});
