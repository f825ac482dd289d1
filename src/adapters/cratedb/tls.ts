import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity, getCACertificates } from "node:tls";
import { type CrateAccess, type CrateAddress, CrateError } from "../../ports/crate-servers.ts";
import type { TlsTrouble } from "../../ports/dolt-servers.ts";

/** Those of Node and of the machine (SSL_CERT_FILE, SSL_CERT_DIR). Read once: it takes a while. */
let trustedHere: string[] | null = null;

type TlsOptions = Pick<ConnectionOptions, "ca" | "checkServerIdentity" | "rejectUnauthorized" | "servername">;

/** How connections to this node are made, for TLS; empty for plain HTTP. */
export function tlsOptions(address: CrateAddress, { tls }: CrateAccess): TlsOptions {
  if (tls === null) return {};
  const serverName = tls.mode === "verified" ? tls.serverName : null;
  const named = serverName ?? address.host;
  // An address is no name to ask for (RFC 6066).
  const servername = isIP(named) === 0 ? { servername: named } : {};
  if (tls.mode === "insecure") return { ...servername, rejectUnauthorized: false };
  trustedHere ??= [...getCACertificates("default"), ...getCACertificates("system")];
  const names = serverName === null ? [address.host, ...(address.tlsNames ?? [])] : [serverName];
  return {
    ...servername,
    ca: tls.ca ?? trustedHere,
    rejectUnauthorized: true,
    checkServerIdentity: (_, certificate) => {
      if (names.some((name) => checkServerIdentity(name, certificate) === undefined)) return undefined;
      const has = certificate.raw === undefined ? "others" : namesOf(certificate.raw);
      return new CertificateNames(`its certificate is for ${has}, not for ${names.join(" or ")}`);
    },
  };
}

/** Thrown through Node's handshake, so that it can be told from its other failures. */
class CertificateNames extends Error {}

/** OpenSSL's codes (X509_verify_cert_error_string), as Node names them. */
const untrustedCodes: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "CERT_UNTRUSTED",
  "CERT_SIGNATURE_FAILURE",
]);
const expiredCodes: ReadonlySet<string> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/** A failure to connect that TLS alone is to blame for, in words; null for any other. */
export function tlsFailure(error: unknown, code: string | null): CrateError | null {
  if (error instanceof CertificateNames) return failure("name", error.message, error);
  const text = error instanceof Error ? error.message.split("; if the root CA")[0] : String(error);
  if (code === null) return null;
  if (expiredCodes.has(code)) return failure("expired", `its certificate is out of its time: ${text}`, error);
  if (untrustedCodes.has(code)) {
    return failure("untrusted", `its certificate leads to no CA that is trusted here: ${text}`, error);
  }
  // A node without TLS answers a greeting of TLS with plain text.
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return failure("unsupported", "it does not offer TLS", error);
  }
  return code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS")
    ? failure("failed", `the handshake failed: ${text}`, error)
    : null;
}

function failure(tls: TlsTrouble, text: string, cause: unknown): CrateError {
  return new CrateError("unreachable", `TLS: ${text}`, { tls, cause });
}

function namesOf(raw: Buffer): string {
  const certificate = new X509Certificate(raw);
  return certificate.subjectAltName ?? certificate.subject;
}
