import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../machine/command.ts";
import type { ClusterNetwork } from "../machine/network.ts";

/** Files of the API server: an authority of its own, its serving certificate, and the key that signs service account tokens. */
export interface Certificates {
  readonly authority: string;
  readonly serving: string;
  readonly servingKey: string;
  readonly serviceAccountKey: string;
}

/** Longer than any test run; the cluster is gone afterwards. */
const VALID_DAYS = "2";

/**
 * Clients in pods refuse the certificate that the API server would make for itself, so it gets one from an authority that
 * the service account's `ca.crt` names, for every name it is reached by.
 */
export async function makeCertificates(folder: string, network: ClusterNetwork): Promise<Certificates> {
  const file = (name: string) => join(folder, name);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await command("openssl", [
    ...["req", "-x509", ...newKey, "-days", VALID_DAYS, "-subj", "/CN=handover-test-authority"],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ...["-keyout", file("authority.key"), "-out", file("authority.crt")],
  ]);
  await command("openssl", [
    ...["req", "-new", ...newKey, "-subj", "/CN=kube-apiserver"],
    ...["-keyout", file("serving.key"), "-out", file("serving.csr")],
  ]);
  const names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  const addresses = ["127.0.0.1", network.apiServiceAddress, network.nodeAddress];
  const alternatives = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)];
  await writeFile(
    file("serving.ext"),
    `subjectAltName=${alternatives.join(",")}\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n`,
  );
  await command("openssl", [
    ...["x509", "-req", "-in", file("serving.csr"), "-CA", file("authority.crt"), "-CAkey", file("authority.key")],
    ...["-CAcreateserial", "-days", VALID_DAYS, "-extfile", file("serving.ext"), "-out", file("serving.crt")],
  ]);
  await command("openssl", ["genrsa", "-out", file("service-accounts.key"), "2048"]);
  return {
    authority: file("authority.crt"),
    serving: file("serving.crt"),
    servingKey: file("serving.key"),
    serviceAccountKey: file("service-accounts.key"),
  };
}
