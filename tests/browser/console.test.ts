// SPDX-License-Identifier: Apache-2.0
// What a person sees when the ledger is honest.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { FakeLedger } from "../../web/testing/fake_ledger";
import {
  addMinute,
  leakWindow,
  liveDevices,
  room,
} from "../../web/testing/scene";
import {
  launch,
  loadKey,
  nowUs,
  open,
  openWithKey,
  shot,
  visit,
} from "./harness";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("grey until the key is loaded, verified after, and again after reloading", async (t) => {
  const here = await visit(t, browser);
  const { page, ledger } = here;
  await open(here);
  await page.waitForSelector(".integrity[data-state=nokey]");
  assert.equal(await page.locator(".row[data-state=verified]").count(), 0);
  assert.equal(await page.locator("[data-alarm]").count(), 0);

  await loadKey(page, ledger.trustFile());
  await page.waitForSelector(".integrity[data-state=verified]");
  await page.waitForSelector(".row[data-state=verified]");
  assert.equal(await page.locator(".key-panel").count(), 0);

  await page.reload();
  await page.waitForSelector(".integrity[data-state=verified]");
  assert.equal(await page.locator("[data-alarm]").count(), 0);
  assert.deepEqual(here.complaints, []);
});

test("the key can be pasted, and dropped", async (t) => {
  const pasted = await visit(t, browser);
  await open(pasted);
  await pasted.page.fill("#trust-text", pasted.ledger.trustFile());
  await pasted.page.locator(".drop .button:not(.primary)").click();
  await pasted.page.waitForSelector(".integrity[data-state=verified]");

  const dropped = await visit(t, browser);
  await open(dropped);
  await dropped.page.evaluate((file) => {
    const data = new DataTransfer();
    data.items.add(new File([file], "trust.txt", { type: "text/plain" }));
    const drop = document.querySelector("[data-drop=trust]");
    drop?.dispatchEvent(
      new DragEvent("drop", { dataTransfer: data, bubbles: true }),
    );
  }, dropped.ledger.trustFile());
  await dropped.page.waitForSelector(".integrity[data-state=verified]");
});

test("nonsense in the trust file: says which line, stays grey", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, ledger } = here;
  await open(here);
  const good = ledger.trustFile();
  const cases: [string, RegExp][] = [
    ["", /Line 1/],
    ["\u0000\u0001\u0002 nonsense", /Line 1/],
    ["strongroom-trust/v1\n", /no key/],
    ["strongroom-trust/v1\n\nnot a key\n", /Line 3/],
    [good.replace(/.\n$/, "\n"), /Line 3/],
    [good.replace("+A", "+B"), /Line 3/],
    ["x".repeat(70_000), /too large/],
  ];
  for (const [file, says] of cases) {
    await loadKey(page, file);
    const problem = page.locator(".drop .problem");
    await problem.filter({ hasText: says }).waitFor();
    await page.waitForSelector(".integrity[data-state=nokey]");
  }
  await shot(page, "nonsense-key", false);
  await loadKey(page, good);
  await page.waitForSelector(".integrity[data-state=verified]");
  assert.deepEqual(here.complaints, []);
});

test("a window unfolds to named points, exact values and its proof", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page } = here;
  await openWithKey(here, "#/bj1/telemetry/1/4");
  await page.waitForSelector("[data-proof=verified]");
  const cells = await page
    .locator(".window-table tbody tr")
    .first()
    .locator("th, td")
    .allInnerTexts();
  // last 23.1, sum = 60 * 231 - 17 tenths: a mean of 230.716… tenths.
  assert.deepEqual(
    cells.map((cell) => cell.replace(/\s+/g, " ").trim()),
    ["Temperature", "23.1 °C", "22.8 °C", "23.07 °C", "23.3 °C", "60", "good"],
  );
  const checks = page.locator("[data-check]");
  assert.equal(await checks.count(), 6);
  assert.equal(await page.locator("[data-check=verified]").count(), 6);
  assert.ok((await page.locator(".picture .node").count()) > 8);
  assert.deepEqual(here.complaints, []);
});

/** After the key is loaded: nothing was shown without it. */
async function goTo(page: Page, address: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to;
  }, address);
}

test("states stand by their names, and a device says who it is", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, ledger } = here;
  const startUs = ledger.clockUs - 60_000_000n;
  ledger.append("edge-1@bj1", "telemetry", [leakWindow(5n, startUs)]);
  const { length } = ledger.log(ledger.origin("bj1", "telemetry"));
  await openWithKey(here);
  await goTo(page, `#/bj1/telemetry/1/${length - 2}`);
  await page.waitForSelector("[data-proof=verified]");
  await page.locator(".window .minor a").waitFor();
  const rows = await page
    .locator(".window-table tbody tr")
    .evaluateAll((all) =>
      all.map((row) =>
        [...row.children].map((cell) => (cell as HTMLElement).innerText.trim()),
      ),
    );
  assert.deepEqual(rows[0], ["Leak", "leak", "dry", "–", "leak", "300", "good"]);
  assert.equal(rows[1]?.[1]?.replace(/\s/g, " "), "17 m");
  const note = page.locator(".window > .minor").last();
  assert.match(await note.innerText(), /· verified$/);

  const card = page.locator("[data-device=aisle-a-leak]");
  const leak = card.locator(".point").first();
  assert.equal(await leak.locator(".state").innerText(), "leak");
  assert.equal(await leak.locator(".value").getAttribute("title"), "1");
  assert.equal(await leak.locator(".number").count(), 0, "no bare code");
  assert.deepEqual(
    await card.locator("[data-identity]").allInnerTexts(),
    ["Model LD1500", "Serial no. 0071-22"],
  );
  await shot(page, "states");
  assert.deepEqual(here.complaints, []);
});

test("states that were altered are not called verified", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, ledger } = here;
  ledger.append("edge-1@bj1", "telemetry", [leakWindow(5n, ledger.clockUs)]);
  const { length } = ledger.log(ledger.origin("bj1", "telemetry"));
  const origin = ledger.origin("bj1", "record");
  // The states stand behind two entries of the start and three descriptions.
  ledger.faults.alteredEntry = { origin, index: 5 };
  await openWithKey(here);
  await goTo(page, `#/bj1/telemetry/1/${length - 2}`);
  await page.locator(".window .minor a").waitFor();
  const note = page.locator(".window > .minor").last();
  assert.match(await note.innerText(), /· not verified$/);
});

test("raw bytes are those that the ledger holds", async (t) => {
  const here = await visit(t, browser);
  const { page, ledger } = here;
  await openWithKey(here, "#/bj1/telemetry/1/4");
  await page.locator(".bytes > summary").click();
  const dump = await page.locator(".hex").innerText();
  const shown = dump
    .split("\n")
    .map((line) => line.slice(6, 54).replaceAll(" ", ""))
    .join("");
  const held = ledger.log(ledger.origin("bj1", "telemetry"))[4];
  assert.equal(shown, Buffer.from(held ?? []).toString("hex"));
});

test("every kind of entry unfolds", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, ledger } = here;
  ledger.rotate("edge-1@bj1");
  ledger.revoke("edge-2@bj1", ledger.origin("bj1", "telemetry"), 500);
  await openWithKey(here);
  for (const log of ["bj1/record/1", "central/registry/1"]) {
    const origin = `${ledger.name}/${log}`;
    for (const index of ledger.log(origin).keys()) {
      await page.evaluate((hash) => {
        location.hash = hash;
      }, `#/${log}/${index}`);
      const row = page.locator(`.row-open[data-index="${index}"]`);
      await row.locator(".fields dd").first().waitFor();
      await row.locator("[data-proof=verified]").waitFor();
      const words = await row.innerText();
      assert.doesNotMatch(words, /undefined|NaN|\[object|field\.|enum\./);
    }
  }
  assert.deepEqual(here.complaints, []);
});

test("entries stream in, newest first, and hold still on request", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, ledger, server } = here;
  await openWithKey(here);
  await page.mouse.move(2, 2);
  const first = () => page.locator(".row").first().getAttribute("data-index");
  const newest = async (index: number) => {
    const row = page.locator(".row").first();
    await page.waitForSelector(
      `.rows > .row:first-child[data-index="${index}"]`,
    );
    return row;
  };
  const minute = () =>
    addMinute(ledger, 30n).forEach((at) => server.announce(at));
  const origin = ledger.origin("bj1", "telemetry");
  minute();
  await newest(ledger.log(origin).length - 1);
  await page.waitForSelector(".row:first-child[data-state=verified]");

  // By the button, and on again.
  await page.keyboard.press("p");
  await page.waitForSelector(".toolbar [aria-pressed=true]");
  const before = await first();
  minute();
  await page
    .locator("[data-action=newest]")
    .filter({ hasText: "4 new" })
    .waitFor();
  assert.equal(await first(), before);
  await page.keyboard.press("p");
  await newest(ledger.log(origin).length - 1);

  // By the pointer on the list.
  await page.locator(".row").nth(2).hover();
  const held = await first();
  minute();
  await page
    .locator("[data-action=newest]")
    .filter({ hasText: "4 new" })
    .waitFor();
  assert.equal(await first(), held);
  await page.mouse.move(2, 2);
  await newest(ledger.log(origin).length - 1);
  assert.deepEqual(here.complaints, []);
});

test("a burst of batches does not choke the page", async (t) => {
  const here = await visit(t, browser);
  const { page, ledger, server } = here;
  await openWithKey(here);
  await page.mouse.move(2, 2);
  for (let minute = 0n; minute < 60n; ++minute) {
    for (const at of addMinute(ledger, minute)) server.announce(at);
  }
  const newest = ledger.log(ledger.origin("bj1", "telemetry")).length - 1;
  await page.waitForSelector(
    `.rows > .row:first-child[data-index="${newest}"][data-state=verified]`,
  );
  assert.equal(await page.locator("[data-alarm]").count(), 0);
  assert.deepEqual(here.complaints, []);
});

test("live values change with the stream", async (t) => {
  const here = await visit(t, browser);
  const { page, server } = here;
  await open(here);
  const [device] = liveDevices(nowUs()) as [{ values: { mantissa: bigint }[] }];
  device.values[0]!.mantissa = 9007199254740993n;
  await page.waitForSelector("[data-connection=live]");
  server.send("live", device);
  await page
    .locator("[data-device=aisle-a-climate] .number")
    .filter({ hasText: "900\u202f719\u202f925\u202f474\u202f099.3" })
    .waitFor();
});

test("what is abnormal is marked by an icon and a word", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page } = here;
  await open(here);
  for (const [quality, word] of [
    ["bad", "bad"],
    ["stale", "stale"],
  ]) {
    const point = page.locator(`.point[data-quality=${quality}] .tag-warn`);
    assert.match(await point.innerText(), new RegExp(word ?? ""));
    assert.equal(await point.locator("svg").count(), 1);
  }
  const offline = page.locator("[data-source='edge-2@bj1']");
  assert.match(await offline.innerText(), /Offline/);
  assert.match(await offline.innerText(), /128/);
  assert.match(await offline.innerText(), /signature 3/);
});

test("by keyboard alone: along the rows, open, close, to another log", async (t) => {
  const here = await visit(t, browser);
  const { page } = here;
  await openWithKey(here);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("j");
  const focus = () =>
    page.evaluate(() =>
      document.activeElement?.closest(".row")?.getAttribute("data-index"),
    );
  assert.equal(await focus(), "74");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".row-open[data-index='74']");
  assert.match(page.url(), /#\/bj1\/telemetry\/1\/74$/);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".row-open", { state: "detached" });
  await page.keyboard.press("1");
  await page.waitForSelector(".tab[aria-current] >> text=15");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  // Skipping ahead leads to the log that is in view.
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash === "#log");
  await page.waitForSelector(".tab[aria-current] >> text=15");
  // The focus is seen.
  await page.keyboard.press("j");
  const outline = await page.evaluate(
    () =>
      getComputedStyle(document.activeElement ?? document.body).outlineWidth,
  );
  assert.equal(outline, "2px");
});

test("a link leads to its entry, however far back; a wrong one says so", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page } = here;
  await openWithKey(here, "#/bj1/telemetry/1/3");
  await page.waitForSelector(".row-open[data-index='3']");
  await page.waitForSelector("[data-proof=verified]");
  await page.evaluate(() => {
    location.hash = "#/bj1/telemetry/1/99999";
  });
  await page.locator(".entries .problem").filter({ hasText: "99" }).waitFor();
  await page.fill("#goto", "12");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".row-open[data-index='12']");
  assert.deepEqual(here.complaints, []);
});

test("older entries are brought until the log's beginning", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page } = here;
  await open(here);
  for (const oldest of [16, 0]) {
    await page.locator(".list-end button").click();
    await page.waitForSelector(`.row:last-child[data-index='${oldest}']`);
  }
  await page.locator(".list-end").filter({ hasText: "begins here" }).waitFor();
  assert.equal(await page.locator(".list-end button").count(), 0);
});

test("languages switch at once and stay; nothing is left untranslated", async (t) => {
  const here = await visit(t, browser, { language: "zh-CN" });
  const { page } = here;
  await openWithKey(here, "#/bj1/telemetry/1/4");
  await page.waitForSelector("[data-proof=verified]");
  await page.waitForSelector("html[lang=zh-CN]");
  await page.locator(".segments button[lang=en]").click();
  await page.waitForSelector("html[lang=en]");
  const words = await page.locator("body").innerText();
  assert.doesNotMatch(words.replace("中文", ""), /\p{Script=Han}/u);
  await page.reload();
  await page.waitForSelector("html[lang=en] .row");
});

test("an empty ledger says what to do; so does a broken answer", async (t) => {
  const ledger = new FakeLedger();
  ledger.logs.clear();
  const here = await visit(t, browser, { ledger, language: "en-GB" });
  await open(here);
  await here.page.locator(".empty").filter({ hasText: "enrol" }).waitFor();
  assert.equal(await here.page.locator(".empty").count(), 4);
  await shot(here.page, "empty", false);

  const broken = room(nowUs());
  broken.live = [{ device: 5 }];
  const there = await visit(t, browser, { ledger: broken, language: "en-GB" });
  await open(there);
  await there.page
    .locator(".live .problem")
    .filter({ hasText: "not of its form" })
    .waitFor();
  await there.page.waitForSelector(".row");
});

test("where the browser gives no cryptography the page says so", async (t) => {
  const here = await visit(t, browser, { language: "en-GB" });
  const { page, context } = here;
  await context.addInitScript(() => {
    Object.defineProperty(crypto, "subtle", { value: undefined });
  });
  await open(here, "#/bj1/telemetry/1/4");
  await page.waitForSelector("[data-capability=insecure]");
  await page.locator(".detail .problem").filter({ hasText: "HTTPS" }).waitFor();
  await shot(page, "no-crypto", false);
});

test("printing shows the unfolded entry with its proof", async (t) => {
  const here = await visit(t, browser);
  const { page } = here;
  await openWithKey(here, "#/bj1/telemetry/1/20");
  await page.waitForSelector("[data-proof=verified]");
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.locator(".print-only").isVisible());
  assert.ok(await page.locator(".picture").isVisible());
  assert.ok(!(await page.locator(".side").isVisible()));
  assert.equal(await page.locator(".row:visible").count(), 1);
  await shot(page, "print");
});
