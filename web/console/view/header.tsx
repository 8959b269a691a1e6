// SPDX-License-Identifier: Apache-2.0
// Who speaks, whether it still speaks, and whom this browser trusts.

import { useEffect, useRef } from "preact/hooks";
import type { Language } from "../../shared/i18n";
import type { Settings, Theme } from "../settings";
import { entryHash } from "../address";
import { useModel, useNow, useText } from "./context";
import * as Icon from "./icons";

export function Header({
  settings,
  change,
  showHelp,
  showKeys,
}: {
  settings: Settings;
  change: (settings: Partial<Settings>) => void;
  showHelp: () => void;
  showKeys: () => void;
}) {
  const model = useModel();
  const text = useText();
  const ledger = model.trust?.ledger ?? model.tabs[0]?.info.name.ledger ?? "";
  const languages: Language[] = ["zh", "en"];
  const themes: [Theme, () => preact.JSX.Element][] = [
    ["auto", Icon.HalfMoon],
    ["light", Icon.Sun],
    ["dark", Icon.Moon],
  ];
  return (
    <header class="page-header">
      <a class="skip" href="#log">
        {text.t("app.skip")}
      </a>
      <div class="brand">
        <Icon.Mark />
        <h1>{text.t("app.title")}</h1>
        <span class="ledger-name">{ledger}</span>
      </div>
      <div class="header-states">
        <ConnectionMark />
        <button
          type="button"
          class={`pill ${model.trust === undefined ? "pill-off" : ""}`}
          onClick={showKeys}
        >
          <Icon.Key />
          {text.t(model.trust === undefined ? "key.missing" : "key.loaded")}
        </button>
      </div>
      <div class="header-tools">
        <div
          class="segments"
          role="group"
          aria-label={text.t("language.label")}
        >
          {languages.map((language) => (
            <button
              type="button"
              key={language}
              lang={language}
              aria-pressed={settings.language === language}
              onClick={() => change({ language })}
            >
              {text.t(`language.${language}`)}
            </button>
          ))}
        </div>
        <div class="segments" role="group" aria-label={text.t("theme.label")}>
          {themes.map(([theme, ThemeIcon]) => (
            <button
              type="button"
              key={theme}
              aria-pressed={settings.theme === theme}
              aria-label={text.t(`theme.${theme}`)}
              title={text.t(`theme.${theme}`)}
              onClick={() => change({ theme })}
            >
              <ThemeIcon />
            </button>
          ))}
        </div>
        <button
          type="button"
          class="button quiet icon-only"
          aria-label={text.t("help.open")}
          title={`${text.t("help.open")} (?)`}
          onClick={showHelp}
        >
          <Icon.Keyboard />
        </button>
      </div>
    </header>
  );
}

function ConnectionMark() {
  const { connection } = useModel();
  const text = useText();
  const lost = connection.state === "lost";
  return (
    <span
      class={`pill pill-plain ${lost ? "pill-warn" : ""}`}
      data-connection={connection.state}
    >
      {lost ? <Icon.Lost /> : <Icon.Live />}
      {text.t(`connection.${connection.state}`)}
    </span>
  );
}

/** Says, as long as it is so, that what is shown stands still. */
export function ConnectionBanner() {
  const { connection } = useModel();
  const text = useText();
  const now = useNow();
  if (connection.state !== "lost") return null;
  const { since } = connection;
  return (
    <div class="banner banner-warn">
      <Icon.Lost />
      <p>
        {since === 0
          ? text.t("connection.bannerNever")
          : text.t("connection.banner", {
              age: text.duration(now - since),
              time: text.time(BigInt(since) * 1000n),
            })}
      </p>
    </div>
  );
}

/** Logs that sign nothing more: what that means and what a person does. */
export function RecoveryBanner() {
  const model = useModel();
  const text = useText();
  const frozen = model.tabs.filter(({ info }) => info.frozen !== undefined);
  if (frozen.length === 0) return null;
  return (
    <div class="banner banner-warn" role="alert" data-banner="recovery">
      <Icon.Warning />
      <div>
        <p>
          <strong>{text.t("recovery.title", { n: frozen.length })}</strong>{" "}
          {frozen.map(({ info }) => (
            <a key={info.origin} href={entryHash(info.origin)}>
              {info.origin}{" "}
            </a>
          ))}
        </p>
        <p>{text.t("recovery.what")}</p>
        <p>{text.t("recovery.do")}</p>
      </div>
    </div>
  );
}

const shortcuts = [
  ["j", "help.next"],
  ["k", "help.previous"],
  ["Enter", "help.toggle"],
  ["Esc", "help.fold"],
  ["p", "help.pause"],
  ["1–9", "help.log"],
  ["?", "help.help"],
] as const;

export function Help({ close }: { close: () => void }) {
  const text = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="help-title"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <h2 id="help-title">{text.t("help.title")}</h2>
      <dl class="shortcuts">
        {shortcuts.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text.t(what)}</dd>
          </div>
        ))}
      </dl>
      <div class="actions">
        <button type="button" class="button" onClick={close}>
          {text.t("help.close")}
        </button>
      </div>
    </dialog>
  );
}
