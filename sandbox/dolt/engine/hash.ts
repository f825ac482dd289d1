import { createHash } from "node:crypto";

const ALPHABET = "0123456789abcdefghijklmnopqrstuv";

/** A hash of 20 bytes as Dolt writes it: 32 characters of base 32. */
export function doltHash(...parts: readonly string[]): string {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  const digest = hash.digest();
  let text = "";
  for (let bit = 0; bit < 160; bit += 5) {
    const pair = ((digest[bit >> 3] ?? 0) << 8) | (digest[(bit >> 3) + 1] ?? 0);
    text += ALPHABET[(pair >> (11 - (bit & 7))) & 31];
  }
  return text;
}
