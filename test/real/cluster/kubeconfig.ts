import { stringify } from "yaml";

/** The text of a kubeconfig with one cluster and one user. */
export function kubeconfigText(access: { server: string; certificateAuthority?: string; token?: string }): string {
  const { server, certificateAuthority, token } = access;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "real",
        cluster: {
          server,
          ...(certificateAuthority === undefined
            ? {}
            : { "certificate-authority-data": Buffer.from(certificateAuthority).toString("base64") }),
        },
      },
    ],
    users: [{ name: "user", user: token === undefined ? {} : { token } }],
    contexts: [{ name: "real", context: { cluster: "real", user: "user" } }],
    "current-context": "real",
  });
}
