// SPDX-License-Identifier: Apache-2.0
// The path as a tree: root on top, this entry's leaf at the bottom, at each
// level the hash that the ledger gave beside the one that was computed here.

import { equal, toHex } from "../../shared/bytes";
import type { EntryProof } from "../../shared/entry_verifier";
import type { PathStep } from "../../shared/verify/merkle";
import { useText } from "./context";
import { shortHex } from "./values";

const box = { width: 122, height: 26 };
const columns = [4, 150] as const;
const width = columns[1] + box.width + 4;
const pitch = box.height + 22;
const top = 20;

interface Node {
  hash: Uint8Array;
  column: 0 | 1;
  row: number; // 0 is the leaf's
  kind: "path" | "sibling";
}

/** Path nodes and their siblings, from the leaf's row upwards. The root stands
 * in the middle; every other path node on the side that its step says. */
function nodesOf(leaf: Uint8Array, steps: PathStep[]): Node[] {
  const nodes: Node[] = [];
  let hash = leaf;
  for (const [row, step] of steps.entries()) {
    const column = step.left ? 1 : 0;
    nodes.push({ hash, column, row, kind: "path" });
    nodes.push({
      hash: step.sibling,
      column: column === 0 ? 1 : 0,
      row,
      kind: "sibling",
    });
    hash = step.result;
  }
  return nodes;
}

export function PathPicture({
  index,
  proof,
}: {
  index: bigint;
  proof: EntryProof;
}) {
  const text = useText();
  const { inclusion } = proof;
  if (inclusion.state === "unproven" || inclusion.steps === undefined) {
    return null;
  }
  const { leaf, steps, accepted } = inclusion;
  const root = steps.at(-1)?.result ?? leaf;
  const signed = accepted?.checkpoint.root;
  const fits = signed !== undefined && equal(root, signed);
  const levels = steps.length;
  const rowY = (row: number) => top + (levels - row) * pitch;
  const height = rowY(0) + box.height + 22;
  const middle = (width - box.width) / 2;
  const x = (row: number, column: 0 | 1) =>
    row === levels ? middle : columns[column];
  const nodes = nodesOf(leaf, steps);
  const parentX = (row: number) => {
    const next = steps[row + 1];
    return x(row + 1, next?.left === true ? 1 : 0) + box.width / 2;
  };
  return (
    <figure class={`picture ${fits ? "" : "picture-refuted"}`}>
      <figcaption>{text.t("proof.picture")}</figcaption>
      <div class="picture-scroll" tabIndex={0}>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          role="img"
          aria-label={text.t("proof.picture")}
        >
          {nodes.map((node, at) => (
            <path
              key={`line-${at}`}
              class={`edge edge-${node.kind}`}
              d={edge(
                x(node.row, node.column) + box.width / 2,
                rowY(node.row),
                parentX(node.row),
                rowY(node.row + 1) + box.height,
              )}
            />
          ))}
          {nodes.map((node, at) => (
            <HashBox
              key={`box-${at}`}
              hash={node.hash}
              x={x(node.row, node.column)}
              y={rowY(node.row)}
              kind={node.kind}
            />
          ))}
          <HashBox
            hash={root}
            x={middle}
            y={rowY(levels)}
            kind={fits ? "root" : "bad"}
          />
          <text class="caption" x={width / 2} y={top - 7}>
            {text.t(fits ? "proof.rootSigned" : "proof.rootComputed")}
          </text>
          <text
            class="caption"
            x={x(0, steps[0]?.left === true ? 1 : 0) + box.width / 2}
            y={rowY(0) + box.height + 14}
          >
            {text.t("entry.index", { index })}
          </text>
        </svg>
      </div>
      <p class="legend">
        <span class="key-box key-path" />
        {text.t("proof.computed")}
        <span class="key-box key-sibling" />
        {text.t("proof.given")}
      </p>
      {!fits && signed !== undefined && (
        <p class="mismatch">
          {text.t("proof.rootSigned")} <code>{shortHex(toHex(signed))}</code> ≠{" "}
          {text.t("proof.rootComputed")} <code>{shortHex(toHex(root))}</code>
        </p>
      )}
      <details class="hashes">
        <summary>{text.t("proof.hashes")}</summary>
        <ol>
          <li>
            {text.t("proof.leaf")} <code>{toHex(leaf)}</code>
          </li>
          {steps.map((step, at) => (
            <li key={at}>
              {text.t("proof.step", { n: at + 1 })},{" "}
              {text.t(step.left ? "proof.left" : "proof.right")}{" "}
              <code>{toHex(step.sibling)}</code>
            </li>
          ))}
          <li>
            {text.t("proof.root")} <code>{toHex(root)}</code>
          </li>
        </ol>
      </details>
    </figure>
  );
}

function edge(x1: number, y1: number, x2: number, y2: number): string {
  const half = (y1 + y2) / 2;
  return `M${x1} ${y1}V${half}H${x2}V${y2}`;
}

function HashBox({
  hash,
  x,
  y,
  kind,
}: {
  hash: Uint8Array;
  x: number;
  y: number;
  kind: string;
}) {
  const hex = toHex(hash);
  return (
    <g class={`node node-${kind}`}>
      <title>{hex}</title>
      <rect x={x} y={y} width={box.width} height={box.height} rx="4" />
      <text x={x + box.width / 2} y={y + box.height / 2}>
        {shortHex(hex)}
      </text>
    </g>
  );
}
