// SPDX-License-Identifier: Apache-2.0
// What a person sees when the ledger lies, forgets, or dies.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { TestKey } from "../../web/testing/fake_ledger";
import { addMinute } from "../../web/testing/scene";
import { launch, loadKey, open, openWithKey, shot, visit } from "./harness";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function alarm(page: Page, kind: string): Promise<void> {
  await page.waitForSelector(`[data-alarm=${kind}]`);
  const words = await page.locator(`[data-alarm=${kind}]`).innerText();
  assert.ok(words.trim().length > 10, "an alarm has words");
  const icons = page.locator(`[data-alarm=${kind}] > svg`);
  assert.equal(await icons.count(), 1, "and an icon");
}

test("an altered entry is red, and says where", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, ledger } = here;
  const origin = ledger.origin("bj1", "telemetry");
  ledger.faults.alteredEntry = { origin, index: 20 };
  await openWithKey(here, "#/bj1/telemetry/1/20");
  await alarm(page, "entry_altered");
  await page.waitForSelector(".row[data-index='20'][data-state=refuted]");
  await page.waitForSelector("[data-proof=refuted] .picture-refuted");
  // Its neighbour is as good as before.
  await page.waitForSelector(".row[data-index='18'][data-state=verified]");
  await shot(page, "altered-entry-en");
  assert.deepEqual(here.complaints, []);
});

test("an alarm stays until its meaning was read, over reloads", async (t) => {
  const here = await visit(t, browser);
  const { page, ledger } = here;
  const origin = ledger.origin("bj1", "telemetry");
  ledger.faults.alteredEntry = { origin, index: 20 };
  await openWithKey(here, "#/bj1/telemetry/1/20");
  await alarm(page, "entry_altered");
  await page.waitForFunction(() => document.title.startsWith("(1!)"));
  delete ledger.faults.alteredEntry;
  await page.reload();
  await alarm(page, "entry_altered");
  const button = page.locator("[data-alarm] .alarm-actions button");
  await button.click();
  await page.waitForSelector(".alarm .meaning");
  await shot(page, "alarm-meaning-zh", false);
  await button.click();
  await page.waitForSelector("[data-alarm]", { state: "detached" });
  await page.reload();
  await page.waitForSelector(".past-alarms");
  assert.equal(await page.locator("[data-alarm]").count(), 0);
});

test("an altered proof is red", async (t) => {
  const here = await visit(t, browser);
  const { page, ledger } = here;
  ledger.faults.alteredProof = ledger.origin("bj1", "telemetry");
  await openWithKey(here, "#/bj1/telemetry/1/20");
  await alarm(page, "entry_altered");
  await page.waitForSelector("[data-proof=refuted]");
  await shot(page, "altered-proof-zh");
});

test("no proof is no verdict: amber words, no accusation", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, ledger } = here;
  ledger.faults.proofAnswer = { status: 500, type: "text/plain", body: "" };
  await openWithKey(here, "#/bj1/telemetry/1/20");
  await page.waitForSelector("[data-proof=unproven]");
  assert.equal(await page.locator("[data-alarm]").count(), 0);
  delete ledger.faults.proofAnswer;
  await page.locator(".proof-checks button").click();
  await page.waitForSelector("[data-proof=verified]");
});

test("a fork is red, live and after a visit", async (t) => {
  const here = await visit(t, browser);
  const { page, ledger, server } = here;
  const origin = ledger.origin("bj1", "telemetry");
  await openWithKey(here);
  ledger.fork(origin, 30);
  server.send("checkpoint", { origin, note: ledger.checkpoint(origin) });
  await alarm(page, "checkpoint_forked");
  await page.waitForSelector(".integrity[data-state=refuted]");
  await shot(page, "forked-zh", false);
  // And after growth and a reload it is still another history.
  addMinute(ledger, 40n);
  await page.reload();
  await alarm(page, "checkpoint_inconsistent");
  await page.waitForSelector(".integrity[data-state=refuted]");
});

test("a rolled-back log is red", async (t) => {
  const here = await visit(t, browser, { dark: true });
  const { page, ledger } = here;
  const origin = ledger.origin("bj1", "telemetry");
  await openWithKey(here);
  ledger.faults.rolledBack = { origin, size: 40 };
  await page.reload();
  await alarm(page, "checkpoint_rolled_back");
  await page.waitForSelector(".integrity[data-state=refuted]");
  await shot(page, "rolled-back-dark-zh", false);
});

test("a checkpoint by another key, and the wrong key loaded, are red", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, ledger } = here;
  await openWithKey(here);
  ledger.faults.otherKey = new TestKey();
  await page.reload();
  await alarm(page, "checkpoint_other_key");
  await page.waitForSelector(".integrity[data-state=refuted]");

  const there = await visit(t, browser, { language: "en-GB" });
  await open(there);
  await loadKey(there.page, there.ledger.trustFile(new TestKey()));
  await alarm(there.page, "checkpoint_other_key");
  await there.page.waitForSelector(".integrity[data-state=refuted]");
  await shot(there.page, "wrong-key-en", false);
  // The right one after it: what was alarmed stays to be read, the log is good.
  await there.page.locator(".header-states button").click();
  await loadKey(there.page, there.ledger.trustFile());
  await there.page.waitForSelector(".integrity[data-state=verified]");
});

test("a key of another ledger is red", async (t) => {
  const here = await visit(t, browser);
  await open(here);
  const { ledger } = here;
  await loadKey(here.page, ledger.trustFile(ledger.logKey, "other.example"));
  await alarm(here.page, "checkpoint_other_ledger");
});

test("a batch that its source did not sign is red", async (t) => {
  const here = await visit(t, browser);
  const { page, ledger } = here;
  const at = ledger.append(
    "edge-1@bj1",
    "record",
    [{ case: "boot", value: { bootId: new Uint8Array(16), version: "x" } }],
    new TestKey(),
  );
  await openWithKey(here, `#/bj1/record/1/${at.firstIndex}`);
  await alarm(page, "key_signature");
  await page.waitForSelector("[data-proof=refuted]");
});

test("the ledger dies: the screen says that it stands still, and recovers", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, server } = here;
  await openWithKey(here);
  await page.waitForSelector("[data-connection=live]");
  await server.stop();
  await page.waitForSelector("[data-connection=lost]");
  await page.waitForSelector(".banner-warn");
  await page.waitForSelector(".live.is-stale");
  assert.match(await page.locator(".device").first().innerText(), /old value/);
  await page.waitForTimeout(1500);
  await shot(page, "lost-en", false);
  await server.start();
  await page.waitForSelector("[data-connection=live]");
  await page.waitForSelector(".live:not(.is-stale)");
  await page.waitForFunction(
    () => document.querySelector(".row:not([data-state=verified])") === null,
  );
  assert.equal(await page.locator(".banner-warn").count(), 0);
  assert.equal(await page.locator("[data-alarm]").count(), 0);
  assert.deepEqual(here.complaints, []);
});

test("the stream breaks between entries: what was missed is caught up", async (t) => {
  const here = await visit(t, browser);
  const { page, ledger, server } = here;
  await openWithKey(here);
  await page.mouse.move(2, 2);
  await server.stop();
  await page.waitForSelector("[data-connection=lost]");
  addMinute(ledger, 31n);
  await server.start();
  const newest = ledger.log(ledger.origin("bj1", "telemetry")).length - 1;
  await page.waitForSelector(
    `.rows > .row:first-child[data-index="${newest}"]`,
  );
});
