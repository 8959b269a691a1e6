// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { PointQuality, WindowsSchema } from "../../generated/event_pb";
import { hexDump } from "./hex_dump";
import { windowRows } from "./window_rows";

test("a window's columns become rows; nothing measured, nothing shown", () => {
  const window = create(WindowsSchema, {
    device: "d",
    firstPoint: 2,
    good: [60, 0, 3],
    missed: [0, 60, 1],
    quality: [PointQuality.GOOD, PointQuality.BAD, PointQuality.STALE],
    last: [235n, -7n],
    lastMinusMin: [5n, 0n],
    maxMinusLast: [1n, 2n],
    sumMinusGoodLast: [-30n, 1n],
  });
  const rows = windowRows(window);
  assert.deepEqual(rows, [
    {
      point: 2,
      good: 60,
      missed: 0,
      quality: PointQuality.GOOD,
      values: { last: 235n, min: 230n, max: 236n, sum: 60n * 235n - 30n },
    },
    { point: 3, good: 0, missed: 60, quality: PointQuality.BAD },
    {
      point: 4,
      good: 3,
      missed: 1,
      quality: PointQuality.STALE,
      values: { last: -7n, min: -7n, max: -5n, sum: -20n },
    },
  ]);
});

test("columns that do not fit together are no window", () => {
  const fit = {
    good: [1, 0],
    missed: [0, 1],
    quality: [1, 3],
    last: [1n],
    lastMinusMin: [0n],
    maxMinusLast: [0n],
    sumMinusGoodLast: [0n],
  };
  assert.ok(windowRows(create(WindowsSchema, fit)));
  for (const name of Object.keys(fit) as (keyof typeof fit)[]) {
    const shorter = { ...fit, [name]: fit[name].slice(1) };
    // One good count less makes one value too many.
    assert.equal(windowRows(create(WindowsSchema, shorter)), undefined, name);
  }
});

test("a hex dump has offset, bytes and letters", () => {
  const bytes = new TextEncoder().encode("0123456789abcdefXY\n");
  assert.equal(
    hexDump(bytes),
    "0000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n" +
      "0010  58 59 0a                                          XY·",
  );
});
