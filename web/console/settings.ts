// SPDX-License-Identifier: Apache-2.0
// How a person wants the page to look; kept beside, not among, what is trusted.

import { type Language, preferredLanguage } from "../shared/i18n";
import type { Storage } from "../shared/memory";

export type Theme = "auto" | "light" | "dark";

export interface Settings {
  language: Language;
  theme: Theme;
}

const key = "strongroom/v1/settings";

export function loadSettings(
  storage: Storage,
  languages: readonly string[],
): Settings {
  let kept: Partial<Settings> = {};
  try {
    kept = JSON.parse(storage.getItem(key) ?? "{}") as Partial<Settings>;
  } catch {
    // as if nothing was kept
  }
  const { language, theme } = kept ?? {};
  return {
    language:
      language === "zh" || language === "en"
        ? language
        : preferredLanguage(languages),
    theme: theme === "light" || theme === "dark" ? theme : "auto",
  };
}

export function keepSettings(storage: Storage, settings: Settings): void {
  storage.setItem(key, JSON.stringify(settings));
}
