// SPDX-License-Identifier: Apache-2.0
// Byte strings, and their spellings in hex and base64.

/** Bytes with a buffer of their own, as WebCrypto wants them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** What was received is not of the form that it must have. */
export class FormatError extends Error {
  override name = "FormatError";
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text) as Bytes;
}

/** The text of bytes. Throws FormatError when they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes,
    );
  } catch {
    throw new FormatError("not UTF-8");
  }
}

export function concat(...parts: Uint8Array[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; ++i) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Throws FormatError unless `text` is an even number of hex digits. */
export function fromHex(text: string): Bytes {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw new FormatError("not hex");
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; ++i) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  // In pieces: a call cannot take any number of arguments.
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  return btoa(text);
}

/** Standard base64, padded. Strict: exactly one text decodes to given bytes,
 * so that no bit of a text is unauthenticated. Throws FormatError. */
export function fromBase64(text: string): Bytes {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    throw new FormatError("not base64");
  }
  let decoded: string;
  try {
    decoded = atob(text);
  } catch {
    throw new FormatError("not base64");
  }
  const bytes = new Uint8Array(decoded.length);
  for (let i = 0; i < decoded.length; ++i) bytes[i] = decoded.charCodeAt(i);
  if (toBase64(bytes) !== text) throw new FormatError("not canonical base64");
  return bytes;
}

/** A decimal number without sign, leading zero or anything else. */
export function parseDecimal(text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) {
    throw new FormatError("not a decimal number");
  }
  const value = BigInt(text);
  if (value >= 1n << 64n) throw new FormatError("number beyond 64 bits");
  return value;
}
