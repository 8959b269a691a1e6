// SPDX-License-Identifier: Apache-2.0

/** Offset, 16 bytes in hex, and the letters among them. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16);
    const hex = [...part].map((byte) => byte.toString(16).padStart(2, "0"));
    const [left, right] = [hex.slice(0, 8), hex.slice(8)];
    const columns = `${left.join(" ").padEnd(23)}  ${right.join(" ").padEnd(23)}`;
    const letters = [...part]
      .map((byte) =>
        byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·",
      )
      .join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${columns}  ${letters}`);
  }
  return lines.join("\n");
}
