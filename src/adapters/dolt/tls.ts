import { X509Certificate } from "node:crypto";
import { isIP, Socket } from "node:net";
import { getCACertificates } from "node:tls";
import type { SslOptions } from "mysql2";
import { z } from "zod";
import type { DoltAddress, DoltTls } from "../../ports/dolt-servers.ts";

/** mysql2 keeps a parsed context and the sessions of an options object, so each CA has one. */
const optionsByCa = new Map<string, SslOptions>();

/** Those of Node and of the machine, as OpenSSL finds them (SSL_CERT_FILE, SSL_CERT_DIR). Read once: it takes a while. */
let trustedHere: string[] | null = null;

/** What mysql2 needs for TLS in this mode. */
export function sslOptions(tls: DoltTls): SslOptions {
  if (tls.mode === "insecure") return { rejectUnauthorized: false };
  const key = tls.ca ?? "";
  const known = optionsByCa.get(key);
  if (known !== undefined) return known;
  trustedHere ??= [...getCACertificates("default"), ...getCACertificates("system")];
  const options: SslOptions = { ca: tls.ca ?? trustedHere, rejectUnauthorized: true, verifyIdentity: true };
  optionsByCa.set(key, options);
  return options;
}

/**
 * A socket to the server that Node takes for one to `name` when it checks the certificate. mysql2 verifies nothing but the
 * host it was given, and of an IP address not even that: it leaves the name out, and Node then takes the socket's `_host`,
 * or “localhost” (node, lib/_tls_wrap.js). So where that should ever change, nothing is accepted.
 */
class NamedSocket extends Socket {
  readonly _host: string;

  constructor(name: string) {
    super();
    this._host = name;
  }
}

/** Dials the server, for mysql2 to speak TLS over as to `name`. */
export function dial(address: DoltAddress, name: string): Socket {
  const socket = new NamedSocket(name);
  // As mysql2 sets its own sockets.
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  socket.connect({ host: address.host, port: address.port });
  return socket;
}

/** What Node throws when a certificate is for other names; mysql2 puts a code of its own over Node's. */
const identityErrorSchema = z.object({ reason: z.string(), cert: z.object({ raw: z.instanceof(Uint8Array) }) });

/** The certificate of a check that failed over its names; null when something else failed. */
export function misnamed(error: unknown): X509Certificate | null {
  const parsed = identityErrorSchema.safeParse(error);
  return parsed.success ? new X509Certificate(parsed.data.cert.raw) : null;
}

/** Names and addresses that a certificate is for, as OpenSSL writes them: `DNS:orders-0.orders-internal.shop`. */
export function namesIn(certificate: X509Certificate): string {
  return certificate.subjectAltName ?? certificate.subject;
}

/** The first of these names that the certificate is for; null when there is none. */
export function nameThatFits(certificate: X509Certificate, names: readonly string[]): string | null {
  const fits = (name: string) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name));
  return names.find((name) => fits(name) !== undefined) ?? null;
}
