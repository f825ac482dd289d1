import { stringify } from "yaml";

export interface ClusterAccess {
  readonly server: string;
  /** In PEM. Without one the server speaks plain HTTP, or a certificate that the client trusts anyway. */
  readonly certificateAuthority?: string;
  /** Without one the client stays anonymous. */
  readonly token?: string;
}

/** The text of a kubeconfig with one cluster and one user. */
export function kubeconfigText({ server, certificateAuthority, token }: ClusterAccess): string {
  const authority =
    certificateAuthority === undefined
      ? {}
      : { "certificate-authority-data": Buffer.from(certificateAuthority).toString("base64") };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "cluster", cluster: { server, ...authority } }],
    users: [{ name: "user", user: token === undefined ? {} : { token } }],
    contexts: [{ name: "context", context: { cluster: "cluster", user: "user" } }],
    "current-context": "context",
  });
}
