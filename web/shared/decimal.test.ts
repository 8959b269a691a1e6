// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDecimal, meanMantissa } from "./decimal";

test("formatDecimal moves digits exactly", () => {
  assert.equal(formatDecimal(235n, -1), "23.5");
  assert.equal(formatDecimal(-5n, -2), "\u22120.05");
  assert.equal(formatDecimal(0n, -3), "0.000");
  assert.equal(formatDecimal(0n, 3), "0");
  assert.equal(formatDecimal(12n, 3), "12000");
  assert.equal(formatDecimal(12n, 0), "12");
  assert.equal(formatDecimal(-12n, -1), "\u22121.2");
  // 0.1 + 0.2 and 2^53 + 1 are where floats would show.
  assert.equal(formatDecimal(3n, -1), "0.3");
  assert.equal(formatDecimal(9007199254740993n, -4), "900719925474.0993");
});

test("meanMantissa rounds half away from zero, to one more decimal", () => {
  assert.equal(meanMantissa(10n, 4n), 25n);
  assert.equal(meanMantissa(10n, 3n), 33n);
  assert.equal(meanMantissa(20n, 3n), 67n);
  assert.equal(meanMantissa(-10n, 3n), -33n);
  assert.equal(meanMantissa(-20n, 3n), -67n);
  assert.equal(meanMantissa(1n, 20n), 1n);
});
