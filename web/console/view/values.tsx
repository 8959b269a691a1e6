// SPDX-License-Identifier: Apache-2.0
// Small things that are shown in many places.

import { useState } from "preact/hooks";
import { toHex } from "../../shared/bytes";
import { formatDecimal } from "../../shared/decimal";
import { groupDigits } from "../../shared/i18n";
import units from "../../shared/units.json";
import type { RowState } from "../log_view";
import { useNow, useText } from "./context";
import * as Icon from "./icons";

/** A hash, short; whole in its title and when it is copied. */
export function Hash({ bytes, long }: { bytes: Uint8Array; long?: boolean }) {
  const hex = toHex(bytes);
  if (long === true) return <code class="hash hash-long">{hex}</code>;
  return (
    <code class="hash" title={hex}>
      {shortHex(hex)}
    </code>
  );
}

export function shortHex(hex: string): string {
  return hex.length <= 14 ? hex : `${hex.slice(0, 6)}…${hex.slice(-6)}`;
}

export function unitText(unit: string): string {
  return (units as Record<string, string>)[unit] ?? unit;
}

export function Value({
  mantissa,
  exponent,
  unit,
}: {
  mantissa: bigint;
  exponent: number;
  unit: string;
}) {
  return (
    <span class="value">
      <span class="number">
        {groupDigits(formatDecimal(mantissa, exponent))}
      </span>
      {unit !== "" && <span class="unit"> {unitText(unit)}</span>}
    </span>
  );
}

/** What a code means; the code itself when it has no name. */
export function StateValue({
  code,
  name,
}: {
  code: bigint;
  name: string | undefined;
}) {
  return (
    <span class="value" title={code.toString()}>
      <span class={name === undefined ? "number" : "state"}>
        {name ?? code.toString()}
      </span>
    </span>
  );
}

/** How long ago, ticking. */
export function Age({ us }: { us: bigint }) {
  const text = useText();
  const age = useNow() - Number(us / 1000n);
  return (
    <time class="age" title={text.exactTime(us)}>
      {text.t("age.ago", { age: text.duration(age) })}
    </time>
  );
}

const marks: Record<RowState, () => preact.JSX.Element> = {
  nokey: Icon.Unknown,
  waiting: Icon.Unknown,
  checking: Icon.Checking,
  verified: Icon.Verified,
  refuted: Icon.Refuted,
  unproven: Icon.Unproven,
};

/** The mark of a verification: an icon, and its word where there is room. */
export function StateMark({
  state,
  words,
}: {
  state: RowState;
  words?: boolean;
}) {
  const text = useText();
  const word = text.t(`state.${state}`);
  const Mark = marks[state];
  return (
    <span class={`mark mark-${state}`} title={word}>
      <Mark />
      <span class={words === true ? "mark-word" : "visually-hidden"}>
        {word}
      </span>
    </span>
  );
}

export function CopyButton({ label, value }: { label: string; value: string }) {
  const text = useText();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <button type="button" class="button quiet" onClick={() => void copy()}>
      <Icon.Copy />
      <span aria-live="polite">{copied ? text.t("entry.copied") : label}</span>
    </button>
  );
}

/** Gives bytes or a text to the person as a file. */
export function saveFile(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
