// SPDX-License-Identifier: Apache-2.0
/** The proto name of an enumerator: STREAM_RECORD. */
export function enumName(
  values: Record<number, string>,
  prefix: string,
  value: number,
): string {
  const name = values[value];
  return name === undefined ? value.toString() : `${prefix}_${name}`;
}
