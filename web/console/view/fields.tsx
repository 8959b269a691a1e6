// SPDX-License-Identifier: Apache-2.0
// Any message, field by field, by what its .proto says of it: a body that is
// added later needs names in i18n, and no code.

import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import type { Translator } from "../../shared/i18n";
import { useText } from "./context";
import { Hash } from "./values";

type Values = Record<string, unknown>;

export function Fields({
  schema,
  message,
  skip = [],
}: {
  schema: DescMessage;
  message: Message;
  skip?: string[];
}) {
  const text = useText();
  const values = message as unknown as Values;
  return (
    <dl class="fields">
      {schema.fields
        .filter(
          (field) =>
            field.oneof === undefined &&
            !skip.includes(field.name) &&
            isThere(values[field.localName]),
        )
        .map((field) => (
          <div key={field.name} data-field={field.name}>
            <dt>{text.word("field", field.name)}</dt>
            <dd>
              <FieldValue field={field} value={values[field.localName]} />
            </dd>
          </div>
        ))}
    </dl>
  );
}

function isThere(value: unknown): boolean {
  if (value === undefined) return false;
  if (value instanceof Uint8Array || Array.isArray(value)) {
    return value.length > 0;
  }
  return value !== "";
}

function FieldValue({ field, value }: { field: DescField; value: unknown }) {
  if (field.fieldKind === "list" && Array.isArray(value)) {
    if (field.listKind === "message") {
      return (
        <ol class="nested-list">
          {value.map((item: Message, at) => (
            <li key={at}>
              <Fields schema={field.message} message={item} />
            </li>
          ))}
        </ol>
      );
    }
    return <span class="number">{value.join(", ")}</span>;
  }
  if (field.fieldKind === "message") {
    return <Fields schema={field.message} message={value as Message} />;
  }
  return <Scalar field={field} value={value} />;
}

function Scalar({ field, value }: { field: DescField; value: unknown }) {
  const text = useText();
  if (value instanceof Uint8Array) return <Hash bytes={value} long />;
  if (field.fieldKind === "enum" && typeof value === "number") {
    const name = field.enum.value[value]?.name ?? value.toString();
    return <>{text.word("enum", name)}</>;
  }
  if (field.name === "epoch" && typeof value === "bigint") {
    return <code>{value.toString(16).padStart(16, "0")}</code>;
  }
  if (field.name.endsWith("_us") && typeof value === "bigint") {
    return <span class="number">{micros(text, field.name, value)}</span>;
  }
  if (field.name.endsWith("_ms") && typeof value === "number") {
    return <span class="number">{text.duration(value)}</span>;
  }
  if (typeof value === "bigint" || typeof value === "number") {
    return <span class="number">{text.integer(value)}</span>;
  }
  return <>{String(value)}</>;
}

const instants = new Set(["occurred_us", "recorded_us", "start_us"]);

function micros(text: Translator, name: string, value: bigint): string {
  if (instants.has(name)) return text.exactTime(value);
  const seconds = value / 1_000_000n;
  return seconds === 0n || seconds === -0n
    ? `${text.integer(value)} µs`
    : `${text.integer(seconds)} s`;
}
