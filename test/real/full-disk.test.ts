import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { partsUnavailable } from "../parts/build.ts";
import { TargetSql } from "../support/target-sql.ts";
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
  let sql: TargetSql;

  beforeAll(async () => {
    cluster = await startRealCluster({ volumeBytes: VOLUME_BYTES });
    target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 2, databases: ["app"] });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    core = kubeConfig.makeApiClient(CoreV1Api);
    sql = await TargetSql.open(target, kubeConfig);
  });

  afterAll(async () => {
    await cluster?.close();
  });

  it("ends the server at its next write, lets it start no more, and lets it come back once there is space", async () => {
    await target.faults.fullDisk("orders-0", true);
    await expect(sql.value("orders-0", "INSERT INTO app.t VALUES (1, 'too much')")).rejects.toThrow(/Connection lost/);
    const status = await until("orders-0 waits in its back-off", async () => {
      const pod = await core.readNamespacedPod({ namespace: "shop", name: "orders-0" });
      const [container] = pod.status?.containerStatuses ?? [];
      return container?.state?.waiting?.reason === "CrashLoopBackOff" ? container : undefined;
    });
    expect(status.lastState?.terminated?.exitCode).toBe(1);

    await target.faults.heal();
    await until("orders-0 takes writes", async () => {
      await sql.value("orders-0", "REPLACE INTO app.t VALUES (2, 'fits')");
      return true;
    });
    expect(await sql.value("orders-0", "SELECT v AS value FROM app.t WHERE id = 2")).toBe("fits");
  });
});
