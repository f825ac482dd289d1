import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";

/** The name of the cluster's one node. */
export const NODE_NAME = "node1";

/** Who speaks to the API server, under the names and groups for which Kubernetes brings its own roles. */
const IDENTITIES = {
  administrator: { user: "administrator", groups: ["system:masters"] },
  controllerManager: { user: "system:kube-controller-manager", groups: [] },
  scheduler: { user: "system:kube-scheduler", groups: [] },
  kubelet: { user: `system:node:${NODE_NAME}`, groups: ["system:nodes"] },
  kubeProxy: { user: "system:kube-proxy", groups: [] },
} as const;

type Identity = keyof typeof IDENTITIES;

export interface Identities {
  /** For the API server's `--token-auth-file`. */
  readonly tokenFile: string;
  /** Paths of a kubeconfig for each. */
  readonly kubeconfigs: Readonly<Record<Identity, string>>;
  /** The administrator's kubeconfig as text. */
  readonly administrator: string;
}

/** Makes a token for each identity, and the kubeconfigs that use them. */
export async function makeIdentities(folder: string, server: string, authorityFile: string): Promise<Identities> {
  const authority = (await readFile(authorityFile)).toString("base64");
  const tokenFile = join(folder, "tokens.csv");
  const lines: string[] = [];
  const write = async (identity: Identity): Promise<string> => {
    const { user, groups } = IDENTITIES[identity];
    const token = randomBytes(24).toString("hex");
    lines.push(`${token},${user},${identity},"${groups.join(",")}"`);
    const file = join(folder, `${identity}.kubeconfig`);
    await writeFile(file, kubeconfig(server, authority, user, token), { mode: 0o600 });
    return file;
  };
  const kubeconfigs = {
    administrator: await write("administrator"),
    controllerManager: await write("controllerManager"),
    scheduler: await write("scheduler"),
    kubelet: await write("kubelet"),
    kubeProxy: await write("kubeProxy"),
  };
  await writeFile(tokenFile, `${lines.join("\n")}\n`, { mode: 0o600 });
  return { tokenFile, kubeconfigs, administrator: await readFile(kubeconfigs.administrator, "utf8") };
}

function kubeconfig(server: string, authority: string, user: string, token: string): string {
  const name = "handover-test";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": authority } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name, context: { cluster: name, user } }],
    "current-context": name,
  });
}
