// SPDX-License-Identifier: Apache-2.0
// How logs and entries are named in the page's address, and ordered.

import { parseOrigin } from "../shared/verify/checkpoint";
import type { LogState } from "./model";

export interface Address {
  site: string;
  stream: string;
  generation: string;
  index?: bigint | undefined;
}

/** `#/bj1/record/1` or `#/bj1/record/1/12`; nothing for anything else. */
export function parseHash(hash: string): Address | undefined {
  const match = /^#\/([^/]+)\/([^/]+)\/(\d+)(?:\/(\d{1,20}))?$/.exec(hash);
  if (match === null) return undefined;
  const [, site = "", stream = "", generation = "", index] = match;
  return {
    site,
    stream,
    generation,
    index: index === undefined ? undefined : BigInt(index),
  };
}

export function entryHash(origin: string, index?: bigint): string {
  const name = parseOrigin(origin);
  if (name === undefined) return "#";
  const log = `#/${name.site}/${name.stream}/${name.generation}`;
  return index === undefined ? log : `${log}/${index}`;
}

const rank = ["record", "telemetry", "registry"];

/** By site, record before telemetry; the registry last. */
export function inOrder(logs: LogState[]): LogState[] {
  const key = ({ info: { name } }: LogState) =>
    [
      name.stream === "registry" ? 1 : 0,
      name.site,
      rank.indexOf(name.stream),
      name.generation.padStart(10, "0"),
    ].join(" ");
  return logs.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
