// SPDX-License-Identifier: Apache-2.0
// What a person sees of logs that are not whole or not the newest: frozen,
// closed and succeeded, pruned; of new epochs, and of the scrubber.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { EpochReason } from "../../web/generated/event_pb";
import type { FakeLedger } from "../../web/testing/fake_ledger";
import { room } from "../../web/testing/scene";
import { launch, nowUs, open, openWithKey, shot, visit } from "./harness";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const languages = ["zh-CN", "en-GB"];

/** The site's telemetry goes on in its second generation. */
function succeed(ledger: FakeLedger): { old: string; next: string } {
  const old = ledger.origin("bj1", "telemetry");
  const next = ledger.origin("bj1", "telemetry", 2);
  const size = ledger.size(old);
  ledger.append(
    "console@bj1",
    "telemetry",
    [
      {
        case: "epochOpened",
        value: { reason: EpochReason.LOG_SUCCEEDED },
      },
      {
        case: "logSucceeded",
        value: {
          predecessor: old,
          frozenSize: BigInt(size),
          frozenRoot: new Uint8Array(32),
          signedSize: BigInt(size),
          signedRoot: new Uint8Array(32),
          chainCount: 0n,
          firstPerson: "p-1",
          secondPerson: "p-2",
        },
      },
    ],
    ledger.keys.get("console@bj1") ?? ledger.enrol("console@bj1", 2),
    2,
  );
  ledger.more.set(old, { closed_at: size, successor: next });
  return { old, next };
}

for (const language of languages) {
  test(`a frozen log says what to do, ${language}`, async (t) => {
    const ledger = room(nowUs());
    const record = ledger.origin("bj1", "record");
    ledger.more.set(record, { frozen: "index 4 does not read back" });
    const here = await visit(t, browser, { language, ledger });
    await openWithKey(here, "#/bj1/record/1");
    const banner = here.page.locator("[data-banner=recovery]");
    await banner.waitFor();
    const words = (await banner.textContent()) ?? "";
    assert.match(words, /strongroom recover/);
    assert.ok(words.includes(record));
    await here.page.waitForSelector("[data-log=frozen]");
    await shot(here.page, `frozen-${language}`);
    assert.deepEqual(here.complaints, []);
  });

  test(`a closed log names its successor and back, ${language}`, async (t) => {
    const ledger = room(nowUs());
    const { old, next } = succeed(ledger);
    const here = await visit(t, browser, { language, ledger });
    await openWithKey(here, "#/bj1/telemetry/1");
    const closed = here.page.locator("[data-log=closed] a");
    await closed.waitFor();
    assert.ok(((await closed.textContent()) ?? "").includes(next));
    assert.equal(await here.page.locator("[data-banner=recovery]").count(), 0);
    await shot(here.page, `closed-${language}`);
    await closed.click();
    const succeeds = here.page.locator("[data-log=succeeds]");
    await succeeds.waitFor();
    assert.ok(((await succeeds.textContent()) ?? "").includes(old));
    // Its entries are proven by the keys that the registry holds.
    await here.page.waitForSelector(".row[data-state=verified]");
    assert.equal(
      await here.page.locator(".row[data-state=refuted]").count(),
      0,
    );
    await shot(here.page, `successor-${language}`);
    assert.deepEqual(here.complaints, []);
  });

  test(`pruned entries are said, not asked for, ${language}`, async (t) => {
    const ledger = room(nowUs());
    const telemetry = ledger.origin("bj1", "telemetry");
    const pruned = ledger.size(telemetry) - 5;
    ledger.more.set(telemetry, { pruned_to: pruned });
    const here = await visit(t, browser, { language, ledger });
    await openWithKey(here, "#/bj1/telemetry/1");
    await here.page.waitForSelector("[data-log=pruned]");
    await here.page.waitForSelector(".row[data-state=verified]");
    assert.equal(await here.page.locator(".row").count(), 5);
    assert.equal(await here.page.locator(".entries .problem").count(), 0);
    await shot(here.page, `pruned-${language}`);
    assert.deepEqual(here.complaints, []);
  });

  test(`a new epoch is confirmed by somebody, ${language}`, async (t) => {
    const ledger = room(nowUs());
    const finding = {
      origin: ledger.origin("bj1", "record"),
      index: 1,
      source: "console@bj1",
      at_us: ledger.clockUs.toString(),
      kind: "FINDING_KIND_NEW_EPOCH",
      subject: "edge-1@bj1",
      epoch: "4660",
      count: "1",
    };
    const kinds = [
      "SOURCE_ROLLED_BACK",
      "SOURCE_CLONED",
      "LOG_FROZEN",
      "ENTRY_DAMAGED",
      "LOG_SUCCEEDED",
      "RESUPPLY_INCOMPLETE",
      "JOURNAL_PRESSURE",
      "TELEMETRY_LOST",
      "SALVAGED",
    ];
    ledger.findings = [
      finding,
      ...kinds.map((kind, at) => ({
        ...finding,
        index: at + 2,
        kind: `FINDING_KIND_${kind}`,
      })),
    ];
    ledger.scrub = {
      origin: ledger.origin("bj1", "telemetry"),
      index: 25,
      size: 100,
      rounds: 1,
      round_done_us: (ledger.clockUs - 7_200_000_000n).toString(),
    };
    const here = await visit(t, browser, { language, ledger });
    await open(here);
    const state = here.page.locator("[data-confirmed=no]");
    await state.waitFor();
    assert.match(
      (await state.textContent()) ?? "",
      /strongroom confirm edge-1@bj1 4660/,
    );
    const scrub = here.page.locator("[data-scrub]");
    await scrub.waitFor();
    assert.match((await scrub.textContent()) ?? "", /25 %/);
    const list = (await here.page.locator(".findings").textContent()) ?? "";
    assert.doesNotMatch(list, /FINDING_KIND|undefined/);
    here.server.send("confirmed", {
      source: "edge-1@bj1",
      epoch: "4660",
      by: "local:7",
      at_us: ledger.clockUs.toString(),
      origin: finding.origin,
      index: 9,
    });
    await here.page.waitForSelector("[data-confirmed=yes]");
    assert.match(
      (await here.page.locator("[data-confirmed=yes]").textContent()) ?? "",
      /local:7/,
    );
    await here.page.locator(".findings").scrollIntoViewIfNeeded();
    await shot(here.page, `confirmed-${language}`, false);
    assert.deepEqual(here.complaints, []);
  });
}
