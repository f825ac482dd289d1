import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { PayloadReader, PayloadWriter } from "./bytes.ts";

/** Capability flags, https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html */
const capability = {
  longPassword: 1 << 0,
  foundRows: 1 << 1,
  longFlag: 1 << 2,
  connectWithDatabase: 1 << 3,
  protocol41: 1 << 9,
  transactions: 1 << 13,
  secureConnection: 1 << 15,
  pluginAuth: 1 << 19,
  connectAttributes: 1 << 20,
  pluginAuthLengthEncoded: 1 << 21,
} as const;

/** Announced only by a server that has a certificate. */
const TLS = 1 << 11;
/** Length of the packet in which a client asks for TLS, before it says who it is. */
const TLS_REQUEST_LENGTH = 32;

const SERVER_CAPABILITIES = Object.values(capability).reduce((all, flag) => all | flag, 0);
const NATIVE_PASSWORD = "mysql_native_password";

/** Character set utf8mb4_0900_bin, the one Dolt announces; only the number travels. */
export const CHARACTER_SET = 255;

export interface Login {
  readonly user: string;
  /** Empty when the client sent no password. */
  readonly token: Buffer;
  /** Undefined when the client named no database. May be `db/branch`. */
  readonly database: string | undefined;
  readonly foundRows: boolean;
}

/** The 20 random bytes that a password is scrambled with. Zero bytes would end the string they travel in. */
export function newScramble(): Buffer {
  return Buffer.from(randomBytes(20).map((byte) => (byte % 127) + 1));
}

export function handshakePayload(
  connectionId: number,
  serverVersion: string,
  scramble: Buffer,
  offersTls: boolean,
): Buffer {
  const capabilities = offersTls ? SERVER_CAPABILITIES | TLS : SERVER_CAPABILITIES;
  return new PayloadWriter()
    .uint(10, 1)
    .nullTerminated(serverVersion)
    .uint(connectionId, 4)
    .bytes(scramble.subarray(0, 8))
    .uint(0, 1)
    .uint(capabilities & 0xffff, 2)
    .uint(CHARACTER_SET, 1)
    .uint(2, 2)
    .uint((capabilities >>> 16) & 0xffff, 2)
    .uint(scramble.length + 1, 1)
    .bytes(Buffer.alloc(10))
    .bytes(scramble.subarray(8))
    .uint(0, 1)
    .nullTerminated(NATIVE_PASSWORD)
    .toBuffer();
}

/** Whether the client's first packet asks for TLS; what it says of itself comes after that, encrypted. */
export function isTlsRequest(payload: Buffer): boolean {
  return payload.length === TLS_REQUEST_LENGTH && (new PayloadReader(payload).uint(4) & TLS) !== 0;
}

/** Asks the client for its password in the scheme that this server understands. */
export function authSwitchPayload(scramble: Buffer): Buffer {
  return new PayloadWriter().uint(0xfe, 1).nullTerminated(NATIVE_PASSWORD).bytes(scramble).uint(0, 1).toBuffer();
}

/** Reads the client's answer to the handshake. `plugin` is the scheme its token is made with. */
export function parseHandshakeResponse(payload: Buffer): Login & { plugin: string } {
  const reader = new PayloadReader(payload);
  const flags = reader.uint(4) & SERVER_CAPABILITIES;
  const has = (flag: number) => (flags & flag) !== 0;
  if (!has(capability.protocol41)) throw new Error("The client speaks the protocol of MySQL before 4.1.");
  reader.skip(4 + 1 + 23);
  const user = reader.nullTerminated();
  const token = has(capability.pluginAuthLengthEncoded) ? reader.lengthEncodedBytes() : reader.bytes(reader.uint(1));
  const database = has(capability.connectWithDatabase) ? reader.nullTerminated() : "";
  const plugin = has(capability.pluginAuth) && reader.remaining > 0 ? reader.nullTerminated() : NATIVE_PASSWORD;
  return {
    user,
    token,
    database: database === "" ? undefined : database,
    foundRows: has(capability.foundRows),
    plugin: plugin === "" ? NATIVE_PASSWORD : plugin,
  };
}

export function isNativePassword(plugin: string): boolean {
  return plugin === NATIVE_PASSWORD;
}

const sha1 = (...parts: Buffer[]) => parts.reduce((hash, part) => hash.update(part), createHash("sha1")).digest();

/** What a server stores of a password: SHA1(SHA1(password)), in hex; empty for no password. */
export function passwordVerifier(password: string): string {
  return password === "" ? "" : sha1(sha1(Buffer.from(password, "utf8"))).toString("hex");
}

/** Whether a token made by `mysql_native_password` proves the password behind `verifier`. */
export function tokenProvesPassword(token: Buffer, scramble: Buffer, verifier: string): boolean {
  if (verifier === "") return token.length === 0;
  if (token.length !== 20) return false;
  const stored = Buffer.from(verifier, "hex");
  const mask = sha1(scramble, stored);
  const once = Buffer.from(token.map((byte, index) => byte ^ (mask[index] ?? 0)));
  return timingSafeEqual(sha1(once), stored);
}
