// SPDX-License-Identifier: Apache-2.0
// The columns of a window (docs/formats/event.md) as rows, one a point.

import { PointQuality, type Windows } from "../../generated/event_pb";

export interface WindowRow {
  point: number;
  good: number;
  missed: number;
  quality: PointQuality;
  /** Mantissas; nothing when nothing was measured. */
  values?: { last: bigint; min: bigint; max: bigint; sum: bigint };
}

/** The columns put together; nothing when they do not fit. */
export function windowRows(window: Windows): WindowRow[] | undefined {
  const { good, missed, quality, last, firstPoint } = window;
  const { lastMinusMin, maxMinusLast, sumMinusGoodLast } = window;
  const measured = good.filter((count) => count > 0).length;
  const fits =
    missed.length === good.length &&
    quality.length === good.length &&
    [last, lastMinusMin, maxMinusLast, sumMinusGoodLast].every(
      (column) => column.length === measured,
    );
  if (!fits) return undefined;
  let at = 0;
  return good.map((count, i) => {
    const row: WindowRow = {
      point: firstPoint + i,
      good: count,
      missed: missed[i] ?? 0,
      quality: quality[i] ?? PointQuality.UNSPECIFIED,
    };
    if (count > 0) {
      const value = last[at] ?? 0n;
      row.values = {
        last: value,
        min: value - (lastMinusMin[at] ?? 0n),
        max: value + (maxMinusLast[at] ?? 0n),
        sum: BigInt(count) * value + (sumMinusGoodLast[at] ?? 0n),
      };
      ++at;
    }
    return row;
  });
}
