import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import type { Contender } from "./contender.ts";
import { runProgram } from "./run-program.ts";

const commands = { failover: "gracefulfailover", restart: "rollingrestart" } as const;
const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The real doltclusterctl, from a binary on this machine. It only knows how to run in a pod, so it gets a mount namespace
 * with a service account's folder and with the pods' names in /etc/hosts. Takes root.
 */
export async function doltclusterctlContender(options: {
  binary: string;
  kubeconfig: string;
  namespace: string;
  workload: string;
  password: string;
}): Promise<Contender> {
  const { binary, kubeconfig, namespace, workload, password } = options;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(kubeconfig);
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw new Error("the kubeconfig has no current context");
  const folder = await mkdtemp(join(tmpdir(), "handover-bench-"));
  const account = join(folder, "account");
  await mkdir(account);
  const certificate = Buffer.from(cluster.caData ?? "", "base64").toString("utf8");
  await writeFile(join(account, "ca.crt"), certificate);
  await writeFile(join(account, "token"), await administratorToken(kubeConfig, namespace), { mode: 0o600 });
  await writeFile(join(account, "namespace"), namespace);
  const { hostname, port } = new URL(cluster.server);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  return {
    name: "doltclusterctl",
    async run(action) {
      const hosts = join(folder, "hosts");
      const pods = await core.listNamespacedPod({ namespace });
      const lines = pods.items.map(
        ({ metadata, status }) => `${status?.podIP} ${metadata?.name}.${workload}-internal.${namespace}`,
      );
      await writeFile(hosts, ["127.0.0.1 localhost", ...lines, ""].join("\n"));
      const script = [
        "set -e",
        "mount -t tmpfs tmpfs /var/run",
        `mkdir -p ${serviceAccountFolder}`,
        `cp ${account}/* ${serviceAccountFolder}/`,
        `mount --bind ${hosts} /etc/hosts`,
        `exec ${binary} -n ${namespace} -timeout 120s ${commands[action]} ${workload}`,
      ].join("\n");
      await runProgram("unshare", ["--mount", "sh", "-c", script], {
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        DOLT_PASSWORD: password,
      });
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A token as a pod has one: of a service account that may do everything. */
async function administratorToken(kubeConfig: KubeConfig, namespace: string): Promise<string> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const name = "doltclusterctl";
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  await kubeConfig.makeApiClient(RbacAuthorizationV1Api).createClusterRoleBinding({
    body: {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  });
  const body = { spec: { audiences: [], expirationSeconds: 86_400 } };
  const { status } = await core.createNamespacedServiceAccountToken({ namespace, name, body });
  return status?.token ?? "";
}
