// SPDX-License-Identifier: Apache-2.0
// SHA-256 and Ed25519 as the browser has them.

import { type Bytes, concat, fromHex, toHex } from "../bytes";

export const hashLength = 32;

/** SHA-256 of the concatenation of `parts`. */
export async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  const bytes = await crypto.subtle.digest("SHA-256", concat(...parts));
  return new Uint8Array(bytes);
}

/** Points of small order: under such a key anything can be "signed". The sign
 * bit is left out of the comparison. */
const weakKeys = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

export function isWeakKey(key: Uint8Array): boolean {
  const plain = Uint8Array.from(key);
  plain[31] = (plain[31] ?? 0) & 0x7f;
  return weakKeys.has(toHex(plain));
}

/** RFC 8032. False for a wrong signature or a weak key. */
export async function verifyEd25519(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (key.length !== 32 || signature.length !== 64 || isWeakKey(key)) {
    return false;
  }
  try {
    const imported = await crypto.subtle.importKey(
      "raw",
      concat(key),
      { name: "Ed25519" },
      false,
      ["verify"],
    );
    return await crypto.subtle.verify(
      { name: "Ed25519" },
      imported,
      concat(signature),
      concat(message),
    );
  } catch (error) {
    // A key that is no point of the curve is a wrong key; that the browser
    // knows no Ed25519 is found out beforehand, by canVerify().
    if (error instanceof DOMException) return false;
    throw error;
  }
}

export type Capability = "ready" | "insecure" | "no_ed25519";

/** Whether this browser can verify here: WebCrypto needs a secure context
 * (HTTPS or loopback), and Ed25519 a browser that has it. Asks it to verify a
 * published signature (RFC 8032 section 7.1, test 1). */
export async function canVerify(): Promise<Capability> {
  if (globalThis.crypto?.subtle === undefined) return "insecure";
  const works = await verifyEd25519(
    fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
    new Uint8Array(0),
    fromHex(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
  );
  return works ? "ready" : "no_ed25519";
}
