// SPDX-License-Identifier: Apache-2.0
// A window as a table, with the names of the description that it refers to.

import { useEffect, useState } from "preact/hooks";
import {
  type Event,
  PointQuality,
  type Windows,
} from "../../generated/event_pb";
import { meanMantissa } from "../../shared/decimal";
import type { Description } from "../descriptions";
import { entryHash } from "../address";
import { useModel, useText } from "./context";
import { enumName } from "./enum_name";
import * as Icon from "./icons";
import { LogName } from "./log_name";
import { StateValue, Value } from "./values";
import { type WindowRow, windowRows } from "./window_rows";

type Search = { state: "searching" } | { state: "done"; is?: Description };

export function WindowTable({
  event,
  window,
  origin,
}: {
  event: Event;
  window: Windows;
  origin: string;
}) {
  const model = useModel();
  const text = useText();
  const [search, setSearch] = useState<Search>({ state: "searching" });
  const { descriptions } = model;
  useEffect(() => {
    let gone = false;
    const done = (is?: Description) => {
      if (!gone) setSearch(is ? { state: "done", is } : { state: "done" });
    };
    descriptions.of(event, window, origin).then(done, () => done());
    return () => {
      gone = true;
    };
  }, [descriptions, event, window, origin]);

  const rows = windowRows(window);
  if (rows === undefined) {
    return (
      <p class="problem">
        <Icon.Warning />
        {text.t("window.malformed")}
      </p>
    );
  }
  const description = search.state === "done" ? search.is : undefined;
  return (
    <div class="window">
      <p>
        <strong>{window.device}</strong>{" "}
        <span class="minor">
          {text.t("window.span", {
            start: text.exactTime(window.startUs),
            duration: text.duration(window.durationMs),
          })}
        </span>
      </p>
      <div class="table-scroll">
        <table class="table window-table">
          <thead>
            <tr>
              <th scope="col">{text.t("window.point")}</th>
              {(["last", "min", "mean", "max", "polls"] as const).map(
                (name) => (
                  <th scope="col" class="numeric" key={name}>
                    {text.t(`window.${name}`)}
                  </th>
                ),
              )}
              <th scope="col">{text.t("window.quality")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <WindowLine
                key={row.point}
                row={row}
                point={description?.points[row.point]}
                states={description?.states.get(row.point)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <p class="minor">
        {search.state === "searching" ? (
          text.t("window.searching")
        ) : description === undefined ? (
          text.t("window.noNames")
        ) : (
          <>
            {text.t("window.names")}{" "}
            <a href={entryHash(description.origin, description.index)}>
              <LogName origin={description.origin} />{" "}
              {text.integer(description.index)}
            </a>
            {" · "}
            {text.t(
              description.verified
                ? "window.namesVerified"
                : "window.namesUnverified",
            )}
          </>
        )}
      </p>
    </div>
  );
}

function WindowLine({
  row,
  point,
  states,
}: {
  row: WindowRow;
  point?: Description["points"][number] | undefined;
  states?: ReadonlyMap<bigint, string> | undefined;
}) {
  const text = useText();
  const { values, quality } = row;
  const exponent = point?.exponent ?? 0;
  const unit = point?.unit ?? "";
  const good = quality === PointQuality.GOOD;
  const cell = (mantissa: bigint | undefined, by = exponent) => (
    <td class="numeric">
      {mantissa === undefined ? (
        <span class="minor">–</span>
      ) : (
        <Value mantissa={mantissa} exponent={by} unit={unit} />
      )}
    </td>
  );
  // Codes have an order that says nothing, and a mean that is no code.
  const coded = (code: bigint | undefined) =>
    states === undefined || code === undefined ? (
      cell(code)
    ) : (
      <td class="numeric">
        <StateValue code={code} name={states.get(code)} />
      </td>
    );
  const mean = values && meanMantissa(values.sum, BigInt(row.good));
  return (
    <tr>
      <th scope="row" title={point?.name}>
        {point === undefined
          ? text.t("window.pointNumber", { n: row.point })
          : text.word("point", point.name)}
      </th>
      {coded(values?.last)}
      {coded(values?.min)}
      {cell(states === undefined ? mean : undefined, exponent - 1)}
      {coded(values?.max)}
      <td class="numeric">
        {text.t("window.pollsValue", { good: row.good })}
        {row.missed > 0 && (
          <span class="minor second-line">
            {text.t("window.missed", { n: row.missed })}
          </span>
        )}
      </td>
      <td>
        <span class={good ? "" : "tag tag-warn"}>
          {!good && <Icon.Warning />}
          {text.word("enum", enumName(PointQuality, "POINT_QUALITY", quality))}
        </span>
      </td>
    </tr>
  );
}
