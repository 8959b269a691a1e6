// SPDX-License-Identifier: Apache-2.0
// An entry unfolded: what it says, the proof that it is what was written, and
// its bytes.

import type { DescMessage, Message } from "@bufbuild/protobuf";
import { EventSchema } from "../../generated/event_pb";
import { BatchHeaderSchema } from "../../generated/wire_pb";
import { toHex } from "../../shared/bytes";
import type { Entry } from "../../shared/verify/entry";
import type { LogView, Row } from "../log_view";
import { entryHash } from "../address";
import { useModel, useText } from "./context";
import { Fields } from "./fields";
import { hexDump } from "./hex_dump";
import * as Icon from "./icons";
import { ProofView } from "./proof_view";
import { kindOf } from "./summary";
import { CopyButton, Hash, saveFile } from "./values";
import { WindowTable } from "./window_table";

export function EntryDetail({ row, view }: { row: Row; view: LogView }) {
  const model = useModel();
  const text = useText();
  const link = `${location.origin}/${entryHash(view.origin, row.index)}`;
  return (
    <>
      <p class="print-only">
        {view.origin} · {text.t("entry.index", { index: row.index })}
      </p>
      <section aria-labelledby={`content-${row.index}`}>
        <h3 id={`content-${row.index}`}>
          {text.t("entry.content")}
          <span class="minor">{text.t("entry.decodedHere")}</span>
        </h3>
        <Content entry={row.entry} origin={view.origin} />
      </section>
      <section aria-labelledby={`proof-${row.index}`}>
        <h3 id={`proof-${row.index}`}>{text.t("entry.proof")}</h3>
        <ProofView row={row} view={view} />
      </section>
      <details class="bytes">
        <summary>
          {text.t("entry.bytes")}
          <span class="minor">
            {text.t("entry.bytesCount", { n: row.bytes.length })}
          </span>
        </summary>
        <pre class="hex" tabIndex={0}>
          {hexDump(row.bytes)}
        </pre>
        <div class="actions">
          <CopyButton
            label={text.t("entry.copyHex")}
            value={toHex(row.bytes)}
          />
          <button
            type="button"
            class="button quiet"
            onClick={() =>
              saveFile(
                `${view.origin.replaceAll("/", "-")}-${row.index}.entry`,
                row.bytes,
                "application/octet-stream",
              )
            }
          >
            <Icon.Save />
            {text.t("entry.saveBytes")}
          </button>
        </div>
      </details>
      <div class="actions detail-actions">
        <a
          class="button quiet"
          href={model.api.packUrl(view.origin, row.index)}
          download
          title={text.t("entry.packHint")}
        >
          <Icon.Save />
          {text.t("entry.savePack")}
        </a>
        <CopyButton label={text.t("entry.copyLink")} value={link} />
        <button type="button" class="button quiet" onClick={() => print()}>
          <Icon.Print />
          {text.t("entry.print")}
        </button>
      </div>
    </>
  );
}

function Content({
  entry,
  origin,
}: {
  entry: Entry | undefined;
  origin: string;
}) {
  const text = useText();
  if (entry === undefined) {
    return (
      <p class="problem">
        <Icon.Warning />
        {text.t("entry.malformed")}
      </p>
    );
  }
  if (entry.type === "header") {
    return (
      <>
        <Fields schema={BatchHeaderSchema} message={entry.header} />
        <dl class="fields">
          <div>
            <dt>{text.t("field.signature")}</dt>
            <dd>
              <Hash bytes={entry.signature} long />
            </dd>
          </div>
        </dl>
      </>
    );
  }
  const { event } = entry;
  const { body } = event;
  const schema = bodySchema(body.case);
  const message = body.value as Message | undefined;
  const unknown =
    event.$unknown !== undefined || message?.$unknown !== undefined;
  return (
    <>
      {body.case === "windows" ? (
        <WindowTable event={event} window={body.value} origin={origin} />
      ) : schema !== undefined && message !== undefined ? (
        <Fields schema={schema} message={message} />
      ) : (
        <p>{kindOf(text, entry)}</p>
      )}
      {unknown && <p class="minor">{text.t("entry.unknownFields")}</p>}
      <details class="envelope">
        <summary>{text.t("entry.envelope")}</summary>
        <Fields schema={EventSchema} message={event} />
      </details>
    </>
  );
}

function bodySchema(body: string | undefined): DescMessage | undefined {
  return EventSchema.fields.find((field) => field.localName === body)?.message;
}
