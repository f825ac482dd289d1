import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { partsUnavailable } from "../parts/build.ts";
import { untilWithin } from "../support/until.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const until = untilWithin(60_000);
const VOLUME_BYTES = 256 * 1024 * 1024;
const unavailable =
  partsUnavailable() ?? (process.getuid?.() === 0 ? null : "only root can mount a volume of a set size");

describe.skipIf(unavailable !== null)(`a full disk${unavailable ? ` (${unavailable})` : ""}`, () => {
  let cluster: RealCluster;
  let target: DoltTarget;
  let core: CoreV1Api;
  let password: string;

  beforeAll(async () => {
    cluster = await startRealCluster({ volumeBytes: VOLUME_BYTES });
    target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 2, databases: ["app"] });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    core = kubeConfig.makeApiClient(CoreV1Api);
    const { data } = await core.readNamespacedSecret({ namespace: "shop", name: "orders-credentials" });
    password = Buffer.from(data?.password ?? "", "base64").toString();
  });

  afterAll(async () => {
    await cluster?.close();
  });

  it("ends the server at its next write, lets it start no more, and lets it come back once there is space", async () => {
    await target.faults.fullDisk("orders-0", true);
    await expect(query("INSERT INTO app.t VALUES (1, 'too much')")).rejects.toThrow(/Connection lost/);
    const status = await until("orders-0 waits in its back-off", async () => {
      const pod = await core.readNamespacedPod({ namespace: "shop", name: "orders-0" });
      const [container] = pod.status?.containerStatuses ?? [];
      return container?.state?.waiting?.reason === "CrashLoopBackOff" ? container : undefined;
    });
    expect(status.lastState?.terminated?.exitCode).toBe(1);

    await target.faults.heal();
    await until("orders-0 takes writes", async () => {
      await query("REPLACE INTO app.t VALUES (2, 'fits')");
      return true;
    });
    expect(await query("SELECT v AS value FROM app.t WHERE id = 2")).toBe("fits");
  });

  async function query(sql: string): Promise<unknown> {
    const address = await target.address("orders-0");
    const connection = await createConnection({ ...address, user: "root", password, connectTimeout: 5_000 });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows[0]?.value;
    } finally {
      connection.destroy();
    }
  }
});
