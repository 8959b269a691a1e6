// SPDX-License-Identifier: Apache-2.0
// Texts in Chinese and English, and how numbers and times read in them.

import en from "./i18n/en.json";
import zh from "./i18n/zh.json";

export type Language = "zh" | "en";
export type Key = keyof typeof zh;
export type Params = Record<string, string | number | bigint>;

const texts: Record<Language, Record<string, string>> = { zh, en };

/** Chinese, unless the browser asks for English before it. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (tag.startsWith("zh")) return "zh";
    if (tag.startsWith("en")) return "en";
  }
  return "zh";
}

const placeholder = /\{(\w+)(?:#([^|}]*)\|([^}]*))?\}/g;

export class Translator {
  constructor(readonly language: Language) {}

  /** `{name}` is a parameter; `{name#entry|entries}` is the word that fits
   * the number in it. */
  t(key: Key, params: Params = {}): string {
    return this.#fill(texts[this.language][key] ?? key, params);
  }

  /** The text for a word that comes from outside; the word itself when there
   * is none. */
  word(group: string, word: string): string {
    return texts[this.language][`${group}.${word}`] ?? word;
  }

  has(group: string, word: string): boolean {
    return texts[this.language][`${group}.${word}`] !== undefined;
  }

  #fill(text: string, params: Params): string {
    return text.replace(
      placeholder,
      (whole, name: string, one?: string, other?: string) => {
        const value = params[name];
        if (value === undefined) return whole;
        if (one !== undefined && other !== undefined) {
          return Number(value) === 1 ? one : other;
        }
        return typeof value === "string" ? value : this.integer(value);
      },
    );
  }

  integer(value: number | bigint): string {
    return groupDigits(value.toString());
  }

  get #locale(): string {
    return this.language === "zh" ? "zh-CN" : "en-GB";
  }

  /** 07:52:29, in the time zone of this browser. */
  time(us: bigint): string {
    return new Intl.DateTimeFormat(this.#locale, {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    }).format(dateOf(us));
  }

  /** The time for today, day and minute for other days. */
  shortTime(us: bigint, now = Date.now()): string {
    const day = this.day(us);
    return day === this.day(BigInt(now) * 1000n)
      ? this.time(us)
      : `${day.slice(5)} ${this.time(us).slice(0, 5)}`;
  }

  day(us: bigint): string {
    const date = dateOf(us);
    const pad = (value: number) => value.toString().padStart(2, "0");
    return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  }

  /** 2026-11-20 07:52:29.123456 UTC+8: to the microsecond, zeros left out. */
  exactTime(us: bigint): string {
    const date = dateOf(us);
    const digits = (((us % 1_000_000n) + 1_000_000n) % 1_000_000n)
      .toString()
      .padStart(6, "0");
    const fraction = `.${digits}`.replace(/\.?(000){1,2}$/, "");
    const minutes = -date.getTimezoneOffset();
    const hours = Math.abs(minutes) / 60;
    const sign = minutes < 0 ? "\u2212" : "+";
    const zone = minutes === 0 ? "UTC" : `UTC${sign}${hours}`;
    return `${this.day(us)} ${this.time(us)}${fraction} ${zone}`;
  }

  /** How long, in the largest unit that fits: 12 s, 3 min, 2 h, 5 d. */
  duration(ms: number): string {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    if (seconds < 60) return this.t("duration.s", { n: seconds });
    if (seconds < 3600) {
      return this.t("duration.min", { n: Math.floor(seconds / 60) });
    }
    if (seconds < 48 * 3600) {
      return this.t("duration.h", { n: Math.floor(seconds / 3600) });
    }
    return this.t("duration.d", { n: Math.floor(seconds / 86_400) });
  }
}

function dateOf(us: bigint): Date {
  return new Date(Number(us / 1000n));
}

/** Thin spaces between groups of three, from five digits on. */
export function groupDigits(digits: string): string {
  const [, sign = "", whole = "", rest = ""] =
    /^([\u2212-]?)(\d+)(.*)$/.exec(digits) ?? [];
  if (whole.length < 5) return digits;
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") + rest;
}
