// SPDX-License-Identifier: Apache-2.0
// The page in both languages, light and dark, wide and narrow: that nothing is
// cut off, and pictures for people to look at.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, open, openWithKey, shot, visit } from "./harness";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Nothing reaches beyond the window but what scrolls by itself. */
async function noSidewaysScroll(page: Page): Promise<void> {
  const beyond = await page.evaluate(() => {
    const scrolls =
      ".table-scroll, .table-card, .hex, .picture-scroll, .meaning";
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.closest(scrolls) === null)
      .filter((element) => !element.matches(".visually-hidden, .skip"))
      .filter((element) => element.getBoundingClientRect().right > innerWidth)
      .map((element) => `${element.tagName}.${element.className}`);
  });
  assert.deepEqual(beyond, []);
}

for (const language of ["zh-CN", "en-GB"]) {
  for (const dark of [false, true]) {
    const name = `${language.slice(0, 2)}-${dark ? "dark" : "light"}`;
    test(`before and after the key is loaded, ${name}`, async (t) => {
      const here = await visit(t, browser, { language, dark });
      await open(here);
      await here.page.waitForTimeout(300);
      await shot(here.page, `grey-${name}`);
      await noSidewaysScroll(here.page);
      await openWithKey(here);
      await here.page.locator(".row-verified .row-head").nth(1).click();
      await here.page.waitForSelector("[data-proof=verified]");
      await here.page
        .locator("[data-window-names], .window .minor a")
        .first()
        .waitFor();
      await shot(here.page, `verified-${name}`);
      await noSidewaysScroll(here.page);
      assert.deepEqual(here.complaints, []);
    });
  }
}

test("narrow", async (t) => {
  const here = await visit(t, browser, { width: 390, height: 844 });
  await openWithKey(here, "#/bj1/telemetry/1/20");
  await here.page.waitForSelector("[data-proof=verified]");
  await shot(here.page, "narrow-zh");
  await noSidewaysScroll(here.page);
});
