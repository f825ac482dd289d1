import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from "./der.ts";

const OID = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
} as const;

const DAY_MS = 86_400_000;

export interface ServingCertificate {
  /** The certificate; it signs itself, so it is also the authority that clients have to trust. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Makes a key and a certificate for these DNS names and IPv4 addresses, valid for a year (RFC 5280). */
export function selfSignedCertificate(commonName: string, names: readonly string[]): ServingCertificate {
  const keys = newKeys();
  const certificate = signed(
    { subject: commonName, names, isAuthority: true },
    keys.publicKey,
    commonName,
    keys.privateKey,
  );
  return { certificatePem: certificate, privateKeyPem: pemOf(keys.privateKey) };
}

export interface CertificateAuthority {
  readonly certificatePem: string;
  /** A certificate for these DNS names and IPv4 addresses; `expired`: its time was over yesterday. */
  issue(names: readonly string[], options?: { readonly expired?: boolean }): ServingCertificate;
}

/** An authority of its own, which signs certificates that are none. */
export function certificateAuthority(commonName: string): CertificateAuthority {
  const own = newKeys();
  return {
    certificatePem: signed(
      { subject: commonName, names: [], isAuthority: true },
      own.publicKey,
      commonName,
      own.privateKey,
    ),
    issue: (names, { expired = false } = {}) => {
      const keys = newKeys();
      const wanted = { subject: "server", names, isAuthority: false, expired };
      return {
        certificatePem: signed(wanted, keys.publicKey, commonName, own.privateKey),
        privateKeyPem: pemOf(keys.privateKey),
      };
    },
  };
}

interface WantedCertificate {
  readonly subject: string;
  readonly names: readonly string[];
  readonly isAuthority: boolean;
  readonly expired?: boolean;
}

function newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function signed(wanted: WantedCertificate, publicKey: KeyObject, issuer: string, issuersKey: KeyObject): string {
  const body = certificateBody(wanted, publicKey, issuer);
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  return pem("CERTIFICATE", sequence(body, algorithm, bitString(sign("sha256", body, issuersKey))));
}

function certificateBody(wanted: WantedCertificate, publicKey: KeyObject, issuer: string): Buffer {
  const { subject, names, isAuthority, expired = false } = wanted;
  const now = Date.now();
  const untilMs = expired ? now - DAY_MS : now + 365 * DAY_MS;
  const VERSION_3 = 2;
  const alternatives = extension(OID.subjectAltName, sequence(...names.map(alternativeName)), false);
  return sequence(
    explicit(0, integer(Buffer.from([VERSION_3]))),
    integer(serialNumber()),
    sequence(objectIdentifier(OID.ecdsaWithSha256)),
    nameOf(issuer),
    sequence(time(new Date(now - 2 * DAY_MS)), time(new Date(untilMs))),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    explicit(
      3,
      sequence(
        extension(OID.basicConstraints, sequence(...(isAuthority ? [boolean(true)] : [])), true),
        ...(names.length === 0 ? [] : [alternatives]),
      ),
    ),
  );
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Positive and at most 20 bytes long. The first byte is neither zero nor above 127, so that DER keeps it as it is. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function extension(oid: string, value: Buffer, critical: boolean): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** GeneralName: `[2]` a DNS name, `[7]` the bytes of an address. */
function alternativeName(name: string): Buffer {
  return isIPv4(name) ? implicit(7, Buffer.from(name.split(".").map(Number))) : implicit(2, Buffer.from(name, "ascii"));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
