import { CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import type { RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SandboxCluster, type SandboxClusterOptions, startSandboxCluster } from "../../sandbox/cluster.ts";
import { ROLE_LABEL } from "../../sandbox/dolt-manifests.ts";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { TargetSql } from "../support/target-sql.ts";
import { untilWithin } from "../support/until.ts";

/** Real servers were seen to replicate again only 12 s after a partition. */
const until = untilWithin(45_000);

/** Longer than it takes a row to reach the other standby, with much to spare. */
const SLOW_MS = 3_000;

/** What the embedded cluster does whatever its Dolt servers are. */
export function sandboxClusterSuite(name: string, options: SandboxClusterOptions, disksCanBeFull = true): void {
  describe(`the embedded cluster with ${name}`, () => {
    let cluster: SandboxCluster;
    let target: DoltTarget;
    let core: CoreV1Api;
    let sql: TargetSql;

    beforeAll(async () => {
      cluster = await startSandboxCluster({
        ...options,
        restartTimes: { firstWaitMs: 20, longestWaitMs: 40, forgetAfterMs: 600_000 },
      });
      target = await cluster.createDoltTarget({
        namespace: "shop",
        name: "orders",
        replicas: 3,
        databases: ["orders"],
      });
      const kubeConfig = new KubeConfig();
      kubeConfig.loadFromString(cluster.kubeconfig);
      core = kubeConfig.makeApiClient(CoreV1Api);
      sql = await TargetSql.open(target, kubeConfig);
    });
    afterAll(() => cluster?.close());

    const read = (name: string) => core.readNamespacedPod({ namespace: "shop", name });
    const isReady = ({ status }: V1Pod) =>
      status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
    const restarts = ({ status }: V1Pod) => status?.containerStatuses?.[0]?.restartCount ?? 0;
    const untilReady = (pod: string, ready = true) =>
      until(`${pod} is ${ready ? "" : "not "}ready`, async () => isReady(await read(pod)) === ready);

    const untilRow = (pod: string, id: number) =>
      until(
        `${pod} has row ${id}`,
        async () => (await sql.rows(pod, `SELECT v FROM orders.t WHERE id = ${id}`)).length === 1,
      );

    test("three servers are up, one primary and two standbys, labelled, and rows replicate", async () => {
      const roles = await Promise.all(
        target.pods.map(async (pod) => (await sql.rows(pod, "SELECT @@global.dolt_cluster_role AS role"))[0]?.role),
      );
      expect(roles).toEqual(["primary", "standby", "standby"]);
      const pods = await Promise.all(target.pods.map(read));
      expect(pods.map(({ metadata }) => metadata?.labels?.[ROLE_LABEL])).toEqual(["primary", "standby", "standby"]);
      await sql.rows("orders-0", "INSERT INTO orders.t VALUES (1, 'one')");
      await until(
        "a standby has the row",
        async () => (await sql.rows("orders-2", "SELECT v FROM orders.t"))[0]?.v === "one",
      );
    });

    test("a server that is killed is started again, with its data", async () => {
      const before = restarts(await read("orders-2"));
      await target.faults.kill("orders-2");
      await until("it was restarted", async () => restarts(await read("orders-2")) === before + 1);
      await untilReady("orders-2");
      expect((await sql.rows("orders-2", "SELECT v FROM orders.t"))[0]?.v).toBe("one");
    });

    test("a frozen server keeps its connections and answers nothing until it is thawed", async () => {
      const connection = await sql.connect("orders-1");
      await target.faults.freeze("orders-1");
      const answer = connection.query<RowDataPacket[]>("SELECT 1 AS one");
      await untilReady("orders-1", false);
      await target.faults.thaw("orders-1");
      expect((await answer)[0][0]?.one).toBe(1);
      connection.destroy();
      await untilReady("orders-1");
    });

    test("a server in a crash loop refuses connections until the loop ends", async () => {
      await target.faults.crashLoop("orders-2", true);
      await untilReady("orders-2", false);
      await expect(sql.rows("orders-2", "SELECT 1")).rejects.toThrow();
      await target.faults.heal();
      await untilReady("orders-2");
      expect((await sql.rows("orders-2", "SELECT 1 AS one"))[0]?.one).toBe(1);
    });

    test("a partition stops replication until it is healed", async () => {
      await target.faults.partition("orders-0", "orders-1");
      await sql.rows("orders-0", "INSERT INTO orders.t VALUES (2, 'two')");
      await until("the primary reports an error for one standby", async () => {
        const rows = await sql.rows(
          "orders-0",
          "SELECT standby_remote, current_error FROM dolt_cluster.dolt_cluster_status",
        );
        return rows.some((row) => row.standby_remote === "orders-1" && row.current_error !== null);
      });
      await target.faults.heal();
      await untilRow("orders-1", 2);
    });

    test("slow replication to one standby keeps a row from it, and from no other", async () => {
      await target.faults.slowReplication("orders-0", "orders-1", SLOW_MS);
      await sql.rows("orders-0", "INSERT INTO orders.t VALUES (3, 'three')");
      await untilRow("orders-2", 3);
      expect(await sql.rows("orders-1", "SELECT v FROM orders.t WHERE id = 3")).toEqual([]);
      await target.faults.slowReplication("orders-0", "orders-1", 0);
      await untilRow("orders-1", 3);
    });

    test.skipIf(!disksCanBeFull)(
      "a server with a full disk ends at its next write, and comes back with space",
      async () => {
        await target.faults.fullDisk("orders-0", true);
        await expect(sql.rows("orders-0", "INSERT INTO orders.t VALUES (4, 'too much')")).rejects.toThrow(
          /Connection lost/,
        );
        await until("it fails at each start", async () => {
          const [container] = (await read("orders-0")).status?.containerStatuses ?? [];
          return (
            container?.state?.waiting?.reason === "CrashLoopBackOff" && container.lastState?.terminated?.exitCode === 1
          );
        });
        await target.faults.heal();
        await untilReady("orders-0");
        await sql.rows("orders-0", "INSERT INTO orders.t VALUES (5, 'fits')");
        await untilRow("orders-1", 5);
        expect(await sql.rows("orders-0", "SELECT v FROM orders.t WHERE id = 4")).toEqual([]);
      },
    );

    test("a pod that is deleted comes back with its data", async () => {
      const before = await read("orders-1");
      await core.deleteNamespacedPod({ namespace: "shop", name: "orders-1" });
      await until("another is ready", async () => {
        const { items } = await core.listNamespacedPod({ namespace: "shop", fieldSelector: "metadata.name=orders-1" });
        return items.some((pod) => pod.metadata?.uid !== before.metadata?.uid && isReady(pod));
      });
      expect((await sql.rows("orders-1", "SELECT v FROM orders.t WHERE id = 1"))[0]?.v).toBe("one");
    });
  });
}
