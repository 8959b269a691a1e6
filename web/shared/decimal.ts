// SPDX-License-Identifier: Apache-2.0
// Fixed-point decimals: a value is mantissa * 10^exponent. Digits are moved as
// text, so what is shown is exactly what was recorded.

const minus = "\u2212";

/** 235, -1 -> "23.5"; -5, -2 -> "−0.05"; 12, 3 -> "12000". */
export function formatDecimal(mantissa: bigint, exponent: number): string {
  const negative = mantissa < 0n;
  let digits = (negative ? -mantissa : mantissa).toString();
  if (exponent > 0 && mantissa !== 0n) digits += "0".repeat(exponent);
  if (exponent < 0) {
    digits = digits.padStart(1 - exponent, "0");
    const point = digits.length + exponent;
    digits = `${digits.slice(0, point)}.${digits.slice(point)}`;
  }
  return negative ? minus + digits : digits;
}

/** sum / count as mantissa with one more decimal, half away from zero. */
export function meanMantissa(sum: bigint, count: bigint): bigint {
  const scaled = sum * 10n;
  const half = scaled < 0n ? -(count / 2n) : count / 2n;
  return (scaled + half) / count;
}
