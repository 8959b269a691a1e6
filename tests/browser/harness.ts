// SPDX-License-Identifier: Apache-2.0
// One Chromium for a file of tests, one fresh profile for each test.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Page,
} from "playwright-core";
import type { FakeLedger } from "../../web/testing/fake_ledger";
import { room } from "../../web/testing/scene";
import { LedgerServer } from "./server";

const output = process.env["STRONGROOM_TEST_OUTPUT"] ?? "/tmp";
const web = process.env["STRONGROOM_WEB"] ?? "web";

export const screenshots = path.join(output, "screenshots");
fs.mkdirSync(screenshots, { recursive: true });

/** Long, for slow machines: what is awaited is a condition, never a time. */
export const timeoutMs = 30_000;

export const nowUs = () => BigInt(Date.now()) * 1000n;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["STRONGROOM_CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

let bundle: string | undefined;
/** The page as the build makes it; made once for all tests. */
export function builtPage(): string {
  bundle ??= process.env["STRONGROOM_CONSOLE"];
  if (bundle === undefined) {
    bundle = path.join(output, "console");
    const build = path.join(web, "build.mjs");
    execFileSync(
      process.execPath,
      [build, "--app=console", `--outdir=${bundle}`],
      { stdio: "inherit" },
    );
  }
  return bundle;
}

export interface Visit {
  ledger: FakeLedger;
  server: LedgerServer;
  context: BrowserContext;
  page: Page;
  /** What the page complained of; a test that passes has none. */
  complaints: string[];
}

export interface Wish {
  ledger?: FakeLedger;
  language?: string;
  dark?: boolean;
  width?: number;
  height?: number;
  reducedMotion?: boolean;
}

/** A browser that has never been here, before the page is opened. */
export async function visit(
  t: TestContext,
  browser: Browser,
  wish: Wish = {},
): Promise<Visit> {
  const ledger = wish.ledger ?? room(nowUs());
  const server = new LedgerServer(ledger, builtPage());
  await server.start();
  const context = await browser.newContext({
    locale: wish.language ?? "zh-CN",
    timezoneId: "Asia/Shanghai",
    colorScheme: wish.dark === true ? "dark" : "light",
    reducedMotion: wish.reducedMotion === false ? "no-preference" : "reduce",
    viewport: { width: wish.width ?? 1440, height: wish.height ?? 900 },
    permissions: ["clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(timeoutMs);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    // A refused connection is what some tests are about.
    const network = /Failed to load resource|ERR_/.test(text);
    if (message.type() === "error" && !network) complaints.push(text);
  });
  t.after(async () => {
    await context.close();
    await server.stop();
  });
  return { ledger, server, context, page, complaints };
}

export async function open(visit: Visit, hash = ""): Promise<void> {
  await visit.page.goto(`${visit.server.url}/${hash}`);
  await visit.page.waitForSelector(".row, .empty, .problem");
}

/** Gives the page a trust file as a person does, through the picker. */
export async function loadKey(page: Page, file: string): Promise<void> {
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles({
      name: "trust.txt",
      mimeType: "text/plain",
      buffer: Buffer.from(file),
    });
}

export async function openWithKey(visit: Visit, hash = ""): Promise<void> {
  await open(visit, hash);
  await loadKey(visit.page, visit.ledger.trustFile());
  await visit.page.waitForSelector(".integrity[data-state=verified]");
}

export function shot(page: Page, name: string, fullPage = true) {
  return page.screenshot({
    path: path.join(screenshots, `${name}.png`),
    fullPage,
  });
}
