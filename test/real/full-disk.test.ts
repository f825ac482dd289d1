import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { partsUnavailable } from "../parts/build.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const VOLUME_BYTES = 256 * 1024 * 1024;
const unavailable =
  partsUnavailable() ?? (process.getuid?.() === 0 ? null : "only root can mount a volume of a set size");

describe.skipIf(unavailable !== null)(`a full disk${unavailable ? ` (${unavailable})` : ""}`, () => {
  let cluster: RealCluster;
  let target: DoltTarget;
  let password: string;

  beforeAll(async () => {
    cluster = await startRealCluster({ volumeBytes: VOLUME_BYTES });
    target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 2, databases: ["app"] });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    const core = kubeConfig.makeApiClient(CoreV1Api);
    const { data } = await core.readNamespacedSecret({ namespace: "shop", name: "orders-credentials" });
    password = Buffer.from(data?.password ?? "", "base64").toString();
  });

  afterAll(async () => {
    await cluster?.close();
  });

  it("refuses writes on the pod it is ordered for, and takes them again afterwards", async () => {
    await target.faults.fullDisk("orders-0", true);
    await expect(query("INSERT INTO app.t VALUES (1, REPEAT('x', 60000))")).rejects.toThrow(/no space left on device/);

    await target.faults.fullDisk("orders-0", false);
    await query("INSERT INTO app.t VALUES (2, 'fits')");
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
