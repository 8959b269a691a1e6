// SPDX-License-Identifier: Apache-2.0
// Bundles one application of this folder into files that a program can embed:
// no inline script, no inline style, nothing fetched from elsewhere.
//
//   npm run build -- --app=console --outdir=DIR
//   node build.mjs --generate        only the code from proto/*.proto

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";

export const webDir = path.dirname(fileURLToPath(import.meta.url));
const protoDir = path.join(webDir, "..", "proto");
const generatedDir = path.join(webDir, "generated");
const protoFiles = ["event.proto", "wire.proto"];

/** Makes generated/*_pb.ts. Files that would not change are not touched, so
 * that two builds may run at once. */
export function generate() {
  const scratch = fs.mkdtempSync(path.join(webDir, ".generated-"));
  try {
    execFileSync(
      process.env.PROTOC ?? "protoc",
      [
        `--plugin=protoc-gen-es=${path.join(
          webDir,
          "node_modules/.bin/protoc-gen-es",
        )}`,
        `--proto_path=${protoDir}`,
        `--es_out=${scratch}`,
        "--es_opt=target=ts",
        ...protoFiles,
      ],
      { stdio: "inherit" },
    );
    fs.mkdirSync(generatedDir, { recursive: true });
    for (const name of fs.readdirSync(scratch)) {
      const from = path.join(scratch, name);
      const to = path.join(generatedDir, name);
      const same =
        fs.existsSync(to) && fs.readFileSync(from).equals(fs.readFileSync(to));
      if (!same) fs.renameSync(from, to);
    }
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** What every bundle of ours is built with. */
export const common = {
  absWorkingDir: webDir,
  bundle: true,
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
  nodePaths: [path.join(webDir, "node_modules")],
};

async function bundle(app, outdir) {
  const source = path.join(webDir, app);
  fs.mkdirSync(outdir, { recursive: true });
  await esbuild.build({
    ...common,
    entryPoints: {
      [app]: path.join(source, "main.tsx"),
    },
    outdir,
    format: "esm",
    target: ["es2022"],
    minify: true,
    // The licences of what is bundled travel with it.
    legalComments: "eof",
  });
  for (const name of ["index.html", "icon.svg"]) {
    fs.copyFileSync(path.join(source, name), path.join(outdir, name));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      app: { type: "string", default: "console" },
      outdir: { type: "string" },
      generate: { type: "boolean", default: false },
    },
  });
  generate();
  if (!values.generate) {
    if (!values.outdir) {
      console.error("usage: npm run build -- [--app=APP] --outdir=DIR");
      process.exit(2);
    }
    await bundle(values.app, path.resolve(values.outdir));
  }
}
