// SPDX-License-Identifier: Apache-2.0
// The page, and its keyboard.

import { useEffect, useMemo, useReducer, useState } from "preact/hooks";
import { Translator } from "../../shared/i18n";
import type { Storage } from "../../shared/memory";
import { entryHash } from "../address";
import type { Model } from "../model";
import { keepSettings, type Settings } from "../settings";
import { Alarms, groupAlarms } from "./alarms";
import { PageContext } from "./context";
import { ConnectionBanner, Header, Help, RecoveryBanner } from "./header";
import { KeyDialog, KeyPanel } from "./keys";
import { LogPanel } from "./log_panel";
import { Findings, Live, SourceTable } from "./site";

export function App({
  model,
  storage,
  initial,
}: {
  model: Model;
  storage: Storage;
  initial: Settings;
}) {
  const [settings, setSettings] = useState(initial);
  const [dialog, setDialog] = useState<"help" | "keys" | undefined>();
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => model.subscribe(() => redraw(undefined)), [model]);

  const text = useMemo(
    () => new Translator(settings.language),
    [settings.language],
  );
  const change = (part: Partial<Settings>) => {
    const next = { ...settings, ...part };
    keepSettings(storage, next);
    setSettings(next);
  };
  useEffect(() => {
    document.documentElement.lang = settings.language === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset["theme"] = settings.theme;
  }, [settings]);

  const unread = model.alarms.filter(({ readAt }) => readAt === undefined);
  const open = groupAlarms(unread).length;
  useEffect(() => {
    const title = text.t("app.title");
    document.title = open > 0 ? `(${open}!) ${title}` : title;
  }, [open, text]);

  useEffect(() => {
    const go = () => model.go();
    const key = (event: KeyboardEvent) => {
      if (dialog === undefined && press(model, event)) event.preventDefault();
      if (event.key === "?" && !isTyping(event)) setDialog("help");
    };
    addEventListener("hashchange", go);
    addEventListener("keydown", key);
    return () => {
      removeEventListener("hashchange", go);
      removeEventListener("keydown", key);
    };
  }, [model, dialog]);

  // A new object for each drawing: what is below reads the model anew.
  const context = { model, text };
  const close = () => setDialog(undefined);
  return (
    <PageContext.Provider value={context}>
      <Header
        settings={settings}
        change={change}
        showHelp={() => setDialog("help")}
        showKeys={() => setDialog("keys")}
      />
      <div role="status" aria-live="polite">
        <ConnectionBanner />
      </div>
      <RecoveryBanner />
      <Alarms />
      <KeyPanel />
      <main class="columns">
        <div class="side">
          <Live />
          <SourceTable />
          <Findings />
        </div>
        <LogPanel />
      </main>
      <footer>
        <p>{text.t("footer.note")}</p>
      </footer>
      {dialog === "help" && <Help close={close} />}
      {dialog === "keys" && <KeyDialog close={close} />}
    </PageContext.Provider>
  );
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return target?.closest("input, textarea, select, dialog") != null;
}

/** True when the key meant something. Enter on a row is the browser's. */
function press(model: Model, event: KeyboardEvent): boolean {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  const { view } = model;
  if (event.key === "j") return step(1);
  if (event.key === "k") return step(-1);
  if (event.key === "p" && view !== undefined) {
    view.setPaused(!view.paused);
    return true;
  }
  if (event.key === "Escape" && view?.open !== undefined) {
    history.replaceState(null, "", entryHash(view.origin));
    view.fold();
    return true;
  }
  const number = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
  const log = model.tabs[number - 1];
  if (log !== undefined) {
    location.hash = entryHash(log.info.origin);
    return true;
  }
  return false;
}

/** Moves the focus along the rows. */
function step(by: 1 | -1): boolean {
  const heads = [...document.querySelectorAll<HTMLButtonElement>(".row-head")];
  const row = document.activeElement?.closest(".row");
  const at = heads.findIndex((head) => head.parentElement === row);
  const next = heads[at < 0 ? 0 : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return next !== undefined;
}
