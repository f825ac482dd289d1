import { CoreV1Api, type KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { ROLE_LABEL, SQL_PORT } from "../../../../sandbox/dolt-manifests.ts";
import type { Contender } from "./contender.ts";

/**
 * The steps of doltclusterctl, one after the other: every primary label off, the old primary demoted, the next ordinal
 * promoted, its label on; each time on a connection of its own, each label by an update of the whole pod.
 */
export function sequentialContender(options: {
  kubeConfig: KubeConfig;
  namespace: string;
  pods: readonly string[];
  credentials: { user: string; password: string };
}): Contender {
  const { kubeConfig, namespace, pods, credentials } = options;
  const core = kubeConfig.makeApiClient(CoreV1Api);

  const ask = async <T>(pod: V1Pod, sql: string, read: (rows: RowDataPacket[]) => T): Promise<T> => {
    const connection = await createConnection({ host: pod.status?.podIP ?? "", port: SQL_PORT, ...credentials });
    connection.on("error", () => undefined);
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return read(rows);
    } finally {
      connection.destroy();
    }
  };
  const label = async (pod: V1Pod, role: string) => {
    const metadata = { ...pod.metadata, labels: { ...pod.metadata?.labels, [ROLE_LABEL]: role } };
    await core.replaceNamespacedPod({ namespace, name: pod.metadata?.name ?? "", body: { ...pod, metadata } });
  };

  async function failover(): Promise<void> {
    const found: { pod: V1Pod; role: string; epoch: number }[] = [];
    for (const name of pods) {
      const pod = await core.readNamespacedPod({ namespace, name });
      const sql = "SELECT @@GLOBAL.dolt_cluster_role AS role, @@GLOBAL.dolt_cluster_role_epoch AS epoch";
      const [role, epoch] = await ask(pod, sql, ([row]) => [String(row?.role), Number(row?.epoch)] as const);
      found.push({ pod, role, epoch });
    }
    const place = found.findIndex(({ role }) => role === "primary");
    const old = found[place];
    const next = found[(place + 1) % found.length];
    if (old === undefined || next === undefined) throw new Error("there is no primary to hand over");
    const epoch = Math.max(...found.map((one) => one.epoch)) + 1;
    for (const { pod } of found) {
      if (pod.metadata?.labels?.[ROLE_LABEL] !== "standby") await label(pod, "standby");
    }
    await ask(old.pod, `CALL dolt_assume_cluster_role('standby', ${epoch})`, () => undefined);
    await ask(next.pod, `CALL dolt_assume_cluster_role('primary', ${epoch})`, () => undefined);
    const name = next.pod.metadata?.name ?? "";
    await label(await core.readNamespacedPod({ namespace, name }), "primary");
  }

  return {
    name: "sequential script",
    async run(action) {
      if (action === "restart") throw new Error("the sequential script has no rolling restart");
      await failover();
    },
    close: async () => undefined,
  };
}
