// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { EventSchema } from "../generated/event_pb";
import { BatchHeaderSchema } from "../generated/wire_pb";
import { groupDigits, preferredLanguage, Translator } from "./i18n";
import en from "./i18n/en.json";
import zh from "./i18n/zh.json";

const both: Record<string, Record<string, string>> = { en, zh };
const placeholders = (text: string) =>
  [...text.matchAll(/\{(\w+)/g)].map((match) => match[1]);

test("both languages have the same texts with the same parameters", () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(zh).sort());
  for (const key of Object.keys(en)) {
    const [a, b] = [both["en"]?.[key] ?? "", both["zh"]?.[key] ?? ""];
    assert.deepEqual(new Set(placeholders(a)), new Set(placeholders(b)), key);
  }
});

test("every field and enumerator of an event has a name", () => {
  const translator = new Translator("zh");
  const seen = new Set<string>();
  const visit = (message: typeof EventSchema | typeof BatchHeaderSchema) => {
    for (const field of message.fields) {
      if (field.oneof !== undefined) {
        assert.ok(translator.has("body", field.localName), field.name);
        assert.ok(translator.has("body", field.localName));
      } else {
        assert.ok(translator.has("field", field.name), field.name);
      }
      const values = field.enum?.values ?? [];
      for (const { name } of values) {
        assert.ok(translator.has("enum", name), name);
      }
      const inner = field.message;
      if (inner !== undefined && !seen.has(inner.typeName)) {
        seen.add(inner.typeName);
        visit(inner as typeof EventSchema);
      }
    }
  };
  visit(EventSchema);
  visit(BatchHeaderSchema);
  assert.ok(seen.size > 10);
});

// A text in the code would be in one language only.
test("no text stands in the pages' code", () => {
  const web = process.env["STRONGROOM_WEB"] ?? assert.fail();
  const offenders: string[] = [];
  const files = (directory: string): string[] =>
    fs.readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const name = path.join(directory, entry.name);
      return entry.isDirectory() ? files(name) : [name];
    });
  const shown = new Set(["aria-label", "title", "placeholder", "alt"]);
  for (const file of files(web).filter(
    (name) => name.endsWith(".tsx") && !name.includes("node_modules"),
  )) {
    const source = ts.createSourceFile(
      file,
      fs.readFileSync(file, "utf8"),
      ts.ScriptTarget.Latest,
      true,
      ts.ScriptKind.TSX,
    );
    const visit = (node: ts.Node) => {
      const at = () =>
        `${path.relative(web, file)}:${
          source.getLineAndCharacterOfPosition(node.getStart()).line + 1
        }: ${node.getText()}`;
      if (ts.isJsxText(node) && /\p{L}{2,}/u.test(node.text)) {
        offenders.push(at());
      }
      if (
        ts.isJsxAttribute(node) &&
        shown.has(node.name.getText()) &&
        node.initializer !== undefined &&
        ts.isStringLiteral(node.initializer)
      ) {
        offenders.push(at());
      }
      if (ts.isStringLiteralLike(node) && /\p{Script=Han}/u.test(node.text)) {
        offenders.push(at());
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  assert.deepEqual(offenders, []);
});

test("the browser's first known language decides, Chinese otherwise", () => {
  assert.equal(preferredLanguage(["de", "en-US", "zh"]), "en");
  assert.equal(preferredLanguage(["zh-TW", "en"]), "zh");
  assert.equal(preferredLanguage(["fr"]), "zh");
  assert.equal(preferredLanguage([]), "zh");
});

test("parameters and plurals are filled in", () => {
  const english = new Translator("en");
  assert.equal(english.t("log.pending", { n: 1 }), "1 new entry");
  assert.equal(english.t("log.pending", { n: 2 }), "2 new entries");
  assert.equal(english.word("enum", "FROM_THE_FUTURE"), "FROM_THE_FUTURE");
});

test("times are exact, and durations use the largest unit that fits", () => {
  const english = new Translator("en");
  assert.match(english.exactTime(1_795_161_149_123_456n), /\.123456 UTC/);
  const day = 86_400_000;
  assert.match(english.shortTime(5000n, 5), /^\d\d:\d\d:\d\d$/);
  assert.match(english.shortTime(5000n, 9 * day), /^\d\d-\d\d \d\d:\d\d$/);
  assert.equal(english.duration(59_999), "59 s");
  assert.equal(english.duration(3_600_000), "1 h");
  assert.equal(english.duration(-5), "0 s");
  assert.equal(groupDigits("1234"), "1234");
  assert.equal(groupDigits("\u22121234567.25"), "\u22121\u202f234\u202f567.25");
});
