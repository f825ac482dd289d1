/** Writers of the few ASN.1 types that a certificate is made of, in DER (ITU-T X.690). */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function tagged(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

/** Short form below 128; above it a byte with the number of bytes that follow, then these. */
function length(bytes: number): Buffer {
  if (bytes < 0x80) {
    return Buffer.from([bytes]);
  }
  const hex = bytes.toString(16);
  const digits = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.from([0x80 | digits.length]), digits]);
}

export const sequence = (...parts: Uint8Array[]): Buffer => tagged(TAG.sequence, Buffer.concat(parts));
export const set = (...parts: Uint8Array[]): Buffer => tagged(TAG.set, Buffer.concat(parts));
export const octetString = (content: Uint8Array): Buffer => tagged(TAG.octetString, content);
export const utf8String = (text: string): Buffer => tagged(TAG.utf8String, Buffer.from(text, "utf8"));
export const boolean = (value: boolean): Buffer => tagged(TAG.boolean, Buffer.from([value ? 0xff : 0]));

/** Bits that fill whole bytes. */
export const bitString = (content: Uint8Array): Buffer =>
  tagged(TAG.bitString, Buffer.concat([Buffer.from([0]), content]));

/** A non-negative integer, big-endian; a leading zero keeps the sign bit clear. */
export function integer(bytes: Uint8Array): Buffer {
  const needsZero = bytes.length === 0 || (bytes[0] ?? 0) >= 0x80;
  return tagged(TAG.integer, needsZero ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** @param dotted such as `2.5.29.17` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(TAG.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) {
    bytes.unshift((left & 0x7f) | 0x80);
  }
  return bytes;
}

/** RFC 5280, 4.1.2.5: two-digit years up to 2049, four-digit ones after. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-:T]|\.\d+Z/g, "")}Z`;
  return date.getUTCFullYear() < 2050
    ? tagged(TAG.utcTime, Buffer.from(digits.slice(2), "ascii"))
    : tagged(TAG.generalizedTime, Buffer.from(digits, "ascii"));
}

/** `[number]` around a whole value. */
export const explicit = (number: number, content: Uint8Array): Buffer => tagged(0xa0 | number, content);

/** `[number]` in place of a primitive value's own tag. */
export const implicit = (number: number, content: Uint8Array): Buffer => tagged(0x80 | number, content);
