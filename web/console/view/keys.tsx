// SPDX-License-Identifier: Apache-2.0
// Loading the trust file: by picker, by drop, by paste. The only way in for a
// key; nothing of it is asked of the ledger.

import { useEffect, useRef, useState } from "preact/hooks";
import { trustFirstLine } from "../../shared/verify/checkpoint";
import { type TrustFailure } from "../model";
import { useModel, useText } from "./context";
import * as Icon from "./icons";

const maxFileBytes = 64 * 1024;

/** Stands on the page until a key is loaded. */
export function KeyPanel() {
  const model = useModel();
  const text = useText();
  if (model.capability !== undefined && model.capability !== "ready") {
    return (
      <section class="banner banner-warn" data-capability={model.capability}>
        <Icon.Warning />
        <p>{text.t(`capability.${model.capability}`)}</p>
      </section>
    );
  }
  if (model.trust !== undefined) return null;
  return (
    <section class="panel key-panel" aria-labelledby="key-title">
      <div>
        <h2 id="key-title">
          <Icon.Key />
          {text.t("key.title")}
        </h2>
        <p>{text.t("key.lead")}</p>
        <Where />
      </div>
      <TrustInput done={() => undefined} />
    </section>
  );
}

function Where() {
  const text = useText();
  const [before, after] = text
    .t("key.where", { first: "\u0000" })
    .split("\u0000");
  return (
    <p class="minor">
      {before}
      <code>{trustFirstLine}</code>
      {after}
    </p>
  );
}

function TrustInput({ done }: { done: () => void }) {
  const model = useModel();
  const text = useText();
  const picker = useRef<HTMLInputElement>(null);
  const [pasted, setPasted] = useState("");
  const [over, setOver] = useState(false);

  const load = async (content: string) => {
    if (await model.loadTrust(content)) done();
  };
  const read = async (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size > maxFileBytes) return model.refuseTrust("too_large");
    let content: string;
    try {
      content = await file.text();
    } catch {
      return model.refuseTrust("unreadable");
    }
    await load(content);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void read(event.dataTransfer?.files[0]);
  };
  return (
    <div
      class={`drop ${over ? "drop-over" : ""}`}
      data-drop="trust"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div class="drop-pick">
        <button
          type="button"
          class="button primary"
          onClick={() => picker.current?.click()}
        >
          {text.t("key.choose")}
        </button>
        <span class="minor">{text.t("key.drop")}</span>
      </div>
      <input
        ref={picker}
        class="visually-hidden"
        type="file"
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          const input = event.currentTarget;
          void read(input.files?.[0]).then(() => {
            input.value = "";
          });
        }}
      />
      <label class="visually-hidden" for="trust-text">
        {text.t("key.paste")}
      </label>
      <textarea
        id="trust-text"
        rows={3}
        spellcheck={false}
        autocomplete="off"
        value={pasted}
        placeholder={trustFirstLine}
        onInput={(event) => setPasted(event.currentTarget.value)}
      />
      {pasted !== "" && (
        <button type="button" class="button" onClick={() => void load(pasted)}>
          {text.t("key.use")}
        </button>
      )}
      {model.trustFailure !== undefined && (
        <p class="problem" role="alert">
          <Icon.Warning />
          {failureText(text, model.trustFailure)}
        </p>
      )}
    </div>
  );
}

function failureText(
  text: ReturnType<typeof useText>,
  failure: TrustFailure,
): string {
  if (failure === "too_large") return text.t("key.tooLarge");
  if (failure === "unreadable") return text.t("key.unreadable");
  return text.t(`trust.${failure.flaw}`, { line: failure.line });
}

/** Which keys are trusted, and how to change that. */
export function KeyDialog({ close }: { close: () => void }) {
  const model = useModel();
  const text = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  const [forgetting, setForgetting] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="keys-title"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <h2 id="keys-title">{text.t("key.manage")}</h2>
      {model.trust !== undefined && (
        <dl class="facts">
          <dt>{text.t("key.current")}</dt>
          <dd>{model.trust.ledger}</dd>
          <dt>{text.t("key.id")}</dt>
          {model.trust.keys.map((key) => (
            <dd key={key.id}>
              <code>{key.id}</code>
            </dd>
          ))}
        </dl>
      )}
      {!model.keeps && <p class="problem">{text.t("key.notKept")}</p>}
      <h3>{text.t(model.trust === undefined ? "key.title" : "key.replace")}</h3>
      <Where />
      <TrustInput done={close} />
      {forgetting ? (
        <div class="confirm" role="alert">
          <p>{text.t("key.forgetConfirm")}</p>
          <div class="actions">
            <button
              type="button"
              class="button danger"
              onClick={() => {
                model.forgetTrust();
                close();
              }}
            >
              {text.t("key.forgetYes")}
            </button>
            <button
              type="button"
              class="button"
              onClick={() => setForgetting(false)}
            >
              {text.t("key.cancel")}
            </button>
          </div>
        </div>
      ) : (
        <div class="actions">
          {model.trust !== undefined && (
            <button
              type="button"
              class="button quiet"
              onClick={() => setForgetting(true)}
            >
              {text.t("key.forget")}
            </button>
          )}
          <span class="spring" />
          <button type="button" class="button" onClick={close}>
            {text.t("help.close")}
          </button>
        </div>
      )}
    </dialog>
  );
}
