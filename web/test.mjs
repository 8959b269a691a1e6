// SPDX-License-Identifier: Apache-2.0
// Runs the tests of the pages with Node's own test runner.
//
//   npm test -- unit    [--outdir=DIR]   the modules, without a browser
//   npm test -- browser [--outdir=DIR]   the pages in Chromium
//
// --only=WORD runs the files with that word in their name.
// Screenshots land in DIR/screenshots. Environment of the browser tests:
//   STRONGROOM_URL, STRONGROOM_TRUST   a real ledger and its trust file, for
//                                      real_ledger.test.ts, else skipped
//   STRONGROOM_CONSOLE                 a bundle that is already built
//   STRONGROOM_CHROMIUM                the browser, /usr/bin/chromium

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { common, generate, webDir } from "./build.mjs";

const suites = {
  unit: [path.join(webDir, "shared"), path.join(webDir, "console")],
  browser: [path.join(webDir, "..", "tests", "browser")],
};

function testFiles(directory) {
  return fs.readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) return testFiles(file);
    return /\.test\.tsx?$/.test(entry.name) ? [file] : [];
  });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { outdir: { type: "string" }, only: { type: "string" } },
});
const [suite = "unit"] = positionals;
const directories = suites[suite];
if (directories === undefined) {
  console.error("usage: npm test -- unit|browser [--outdir=DIR]");
  process.exit(2);
}
const outdir = path.resolve(
  values.outdir ?? fs.mkdtempSync(path.join(os.tmpdir(), "strongroom-web-")),
);

generate();
const scripts = path.join(outdir, `${suite}-tests`);
fs.rmSync(scripts, { recursive: true, force: true });
await esbuild.build({
  ...common,
  entryPoints: directories.flatMap(testFiles),
  outbase: path.join(webDir, ".."),
  outdir: scripts,
  platform: "node",
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  sourcemap: "inline",
  target: "node18",
  external: ["playwright-core", "typescript"],
});

const built = fs
  .readdirSync(scripts, { recursive: true })
  .filter((name) => name.endsWith(".cjs"))
  .filter((name) => name.includes(values.only ?? ""))
  .map((name) => path.join(scripts, name))
  .sort();
const run = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--test", "--test-concurrency=1", ...built],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      NODE_PATH: path.join(webDir, "node_modules"),
      STRONGROOM_WEB: webDir,
      STRONGROOM_TEST_OUTPUT: outdir,
    },
  },
);
process.exit(run.status ?? 1);
