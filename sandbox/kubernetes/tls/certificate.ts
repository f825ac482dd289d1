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

/** Makes a key and a certificate for these DNS names and IPv4 addresses, valid from yesterday for a year (RFC 5280). */
export function selfSignedCertificate(commonName: string, names: readonly string[]): ServingCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = certificateBody(commonName, names, publicKey);
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const certificate = sequence(body, algorithm, bitString(sign("sha256", body, privateKey)));
  return {
    certificatePem: pem("CERTIFICATE", certificate),
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function certificateBody(commonName: string, names: readonly string[], publicKey: KeyObject): Buffer {
  const name = sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
  const now = Date.now();
  const VERSION_3 = 2;
  return sequence(
    explicit(0, integer(Buffer.from([VERSION_3]))),
    integer(serialNumber()),
    sequence(objectIdentifier(OID.ecdsaWithSha256)),
    name,
    sequence(time(new Date(now - DAY_MS)), time(new Date(now + 365 * DAY_MS))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    explicit(
      3,
      sequence(
        extension(OID.basicConstraints, sequence(boolean(true)), true),
        extension(OID.subjectAltName, sequence(...names.map(alternativeName)), false),
      ),
    ),
  );
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
