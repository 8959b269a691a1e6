// SPDX-License-Identifier: Apache-2.0
// The page of a real ledger, straight and through a proxy that lies.
//   STRONGROOM_URL    http://127.0.0.1:9480, with entries in its logs
//   STRONGROOM_TRUST  its trust file
// Without them these tests are skipped.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, loadKey, shot, timeoutMs } from "./harness";
import { type Lie, LyingProxy } from "./proxy";

const address = process.env["STRONGROOM_URL"];
const trustFile = process.env["STRONGROOM_TRUST"];
const skip =
  address === undefined || trustFile === undefined
    ? "STRONGROOM_URL and STRONGROOM_TRUST name no ledger"
    : false;

let browser: Browser | undefined;
before(async () => {
  if (skip === false) browser = await launch();
});
after(() => browser?.close());

interface Here {
  page: Page;
  proxy: LyingProxy;
  complaints: string[];
  trust: string;
}

async function arrive(t: TestContext, lie?: Lie): Promise<Here> {
  assert.ok(browser && address && trustFile);
  const proxy = new LyingProxy(new URL(address));
  proxy.lie = lie;
  await proxy.start();
  const context = await browser.newContext({ locale: "zh-CN" });
  t.after(async () => {
    await context.close();
    await proxy.stop();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(timeoutMs);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return { page, proxy, complaints, trust: fs.readFileSync(trustFile, "utf8") };
}

async function enter({ page, proxy, trust }: Here): Promise<void> {
  await page.goto(proxy.url);
  await page.waitForSelector(".row");
  await loadKey(page, trust);
}

test(
  "an honest ledger: grey, then verified down to the source",
  { skip },
  async (t) => {
    const here = await arrive(t);
    const { page } = here;
    await page.goto(here.proxy.url);
    await page.waitForSelector(".integrity[data-state=nokey]");
    await loadKey(page, here.trust);
    await page.waitForSelector(".integrity[data-state=verified]");
    const tabs = page.locator(".tab");
    for (let at = 0; at < (await tabs.count()); ++at) {
      await tabs.nth(at).click();
      await page.waitForSelector(`.tab:nth-child(${at + 1})[aria-current]`);
      await page.waitForSelector(".integrity[data-state=verified]");
      await page.locator(".row-head").first().click();
      await page.waitForSelector("[data-proof=verified]");
      assert.equal(await page.locator("[data-check=verified]").count(), 6);
      const words = await page.locator(".row-open").innerText();
      assert.doesNotMatch(words, /undefined|NaN|\[object/);
      await shot(page, `real-${at}`);
    }
    assert.equal(await page.locator("[data-alarm]").count(), 0);
    assert.deepEqual(here.complaints, []);
  },
);

test("every listed entry of every log verifies", { skip }, async (t) => {
  const here = await arrive(t);
  const { page } = here;
  await enter(here);
  const tabs = page.locator(".tab");
  for (let at = 0; at < (await tabs.count()); ++at) {
    await tabs.nth(at).click();
    await page.waitForSelector(`.tab:nth-child(${at + 1})[aria-current]`);
    await page.waitForSelector(".row[data-state=verified]");
    await page.locator(".row").first().hover(); // holds the list still
    await page.waitForFunction(
      () => document.querySelector(".row:not([data-state=verified])") === null,
    );
  }
  assert.equal(await page.locator("[data-alarm]").count(), 0);
});

test("an altered entry is caught", { skip }, async (t) => {
  const here = await arrive(t, (path, body) => {
    if (!path.startsWith("/api/v1/entries/")) return undefined;
    const entries = JSON.parse(body.toString()) as { entry: string }[];
    for (const entry of entries) {
      const bytes = Buffer.from(entry.entry, "base64");
      bytes[bytes.length - 1]! ^= 1;
      entry.entry = bytes.toString("base64");
    }
    return Buffer.from(JSON.stringify(entries));
  });
  await enter(here);
  await here.page.waitForSelector("[data-alarm=entry_altered]");
  await here.page.waitForSelector(".row[data-state=refuted]");
});

test("an altered proof is caught", { skip }, async (t) => {
  const here = await arrive(t, (path, body) => {
    if (!path.startsWith("/api/v1/proof/")) return undefined;
    const lines = body.toString().split("\n");
    const hash = Buffer.from(lines[2] ?? "", "base64");
    if (hash.length !== 32) return undefined;
    hash[0]! ^= 1;
    lines[2] = hash.toString("base64");
    return Buffer.from(lines.join("\n"));
  });
  await enter(here);
  await here.page.waitForSelector("[data-alarm=entry_altered]");
});

test("a forged checkpoint is caught", { skip }, async (t) => {
  const here = await arrive(t, (path, body) =>
    path.endsWith("/checkpoint")
      ? Buffer.from(body.toString().replace(/\n(\d+)\n/, "\n1$1\n"))
      : undefined,
  );
  await enter(here);
  await here.page.waitForSelector("[data-alarm=checkpoint_signature]");
});

test("a rolled-back log is caught", { skip }, async (t) => {
  const first = new Map<string, Buffer>();
  let back = false;
  const here = await arrive(t, (path, body) => {
    if (!path.endsWith("/checkpoint")) return undefined;
    if (!first.has(path)) first.set(path, body);
    return back ? first.get(path) : undefined;
  });
  const { page } = here;
  await enter(here);
  await page.waitForSelector(".integrity[data-state=verified]");
  // The log grows; then what was served first is served again.
  const newest = await page.locator(".row").first().getAttribute("data-index");
  await page.waitForSelector(`.row:first-child:not([data-index="${newest}"])`, {
    timeout: 120_000,
  });
  await page.waitForSelector(".row:first-child[data-state=verified]");
  back = true;
  await page.reload();
  await page.waitForSelector("[data-alarm=checkpoint_rolled_back]");
});

test("a key whose name is no ledger's is refused", { skip }, async (t) => {
  const here = await arrive(t);
  // C2SP's own example key, which signed nothing here.
  const other =
    "strongroom-trust/v1\n" +
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n";
  await here.page.goto(here.proxy.url);
  await here.page.waitForSelector(".row");
  await loadKey(here.page, other);
  await here.page.waitForSelector(".drop .problem");
  await here.page.waitForSelector(".integrity[data-state=nokey]");
});
