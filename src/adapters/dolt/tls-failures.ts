import { z } from "zod";
import { DoltError, type DoltTls, type TlsTrouble } from "../../ports/dolt-servers.ts";
import { misnamed, namesIn } from "./tls.ts";

/** mysql2's own codes (lib/commands/client_handshake.js); Node's code is lost under the second one. */
const handshakeSchema = z.object({
  code: z.enum(["HANDSHAKE_NO_SSL_SUPPORT", "HANDSHAKE_SSL_ERROR"]),
  message: z.string(),
});

/** What Dolt says to a client without TLS when `require_secure_transport` is set (seen on 2.2.3); MySQL has 3159 for it. */
const tlsRequiredSchema = z
  .object({ errno: z.number(), sqlMessage: z.string() })
  .refine(({ errno, sqlMessage }) => errno === 3159 || /must use SSL\/TLS/i.test(sqlMessage));

/** OpenSSL's texts for a certificate that is out of its time (X509_verify_cert_error_string). */
const expiredText = /has expired|not yet valid/i;
/** Its texts for a chain that ends nowhere: `unable to verify the first certificate`, `self-signed certificate`, … */
const untrustedText = /unable to (verify|get)|self[- ]signed|not trusted|issuer/i;
/** A hint of Node's that leads nobody further here. */
const nodesHint = /; if the root CA is installed locally.*$/s;

/** A failure to connect that TLS alone is to blame for, in words; null for any other. */
export function tlsFailure(error: unknown, tls: DoltTls | null): DoltError | null {
  if (tlsRequiredSchema.safeParse(error).success) {
    return failure("required", "it takes connections over TLS only, and none was used", error);
  }
  const parsed = handshakeSchema.safeParse(error);
  if (!parsed.success) return null;
  const { code, message } = parsed.data;
  if (code === "HANDSHAKE_NO_SSL_SUPPORT") return failure("unsupported", "it does not offer TLS", error);
  const certificate = misnamed(error);
  if (certificate !== null) {
    const wanted = tls?.mode === "verified" ? tls.names.join(" or ") : "its host";
    return failure("name", `its certificate is for ${namesIn(certificate)}, not for ${wanted}`, error);
  }
  const text = message.replace(nodesHint, "");
  if (expiredText.test(text)) return failure("expired", `its certificate is out of its time: ${text}`, error);
  if (untrustedText.test(text)) {
    return failure("untrusted", `its certificate leads to no CA that is trusted here: ${text}`, error);
  }
  return failure("failed", `the handshake failed: ${text}`, error);
}

function failure(tls: TlsTrouble, text: string, cause: unknown): DoltError {
  return new DoltError("unreachable", `TLS: ${text}`, { tls, cause });
}
