import { stringify } from "yaml";

/** The text of a kubeconfig with one cluster and one user. */
export function kubeconfigText(access: { server: string; certificateAuthority: string; token: string }): string {
  const { server, certificateAuthority, token } = access;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "sandbox",
        cluster: { server, "certificate-authority-data": Buffer.from(certificateAuthority).toString("base64") },
      },
    ],
    users: [{ name: "user", user: { token } }],
    contexts: [{ name: "sandbox", context: { cluster: "sandbox", user: "user" } }],
    "current-context": "sandbox",
  });
}
