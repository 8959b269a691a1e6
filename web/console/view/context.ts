// SPDX-License-Identifier: Apache-2.0
// What every view may use: the model, the texts, the passing of time.

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { Translator } from "../../shared/i18n";
import type { Model } from "../model";
import type { Trouble } from "../log_view";

export interface Context {
  model: Model;
  text: Translator;
}

export const PageContext = createContext<Context | undefined>(undefined);

function usePage(): Context {
  const context = useContext(PageContext);
  if (context === undefined) throw new Error("no page around this view");
  return context;
}

export function useModel(): Model {
  return usePage().model;
}

export function useText(): Translator {
  return usePage().text;
}

// One clock for all ages, so that they tick together.
const tickers = new Set<() => void>();
setInterval(() => {
  for (const tick of tickers) tick();
}, 1000);

/** The time in Unix ms, every second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const tick = () => setNow(Date.now());
    tickers.add(tick);
    return () => void tickers.delete(tick);
  }, []);
  return now;
}

export function why(text: Translator, trouble: Trouble): string {
  switch (trouble.trouble) {
    case "no_answer":
      return text.t("log.noAnswer");
    case "status":
      return text.t("log.status", { status: trouble.status });
    case "malformed":
      return text.t("log.malformed");
  }
}

export function whyStatus(text: Translator, status: number): string {
  return why(
    text,
    status === 0 ? { trouble: "no_answer" } : { trouble: "status", status },
  );
}
