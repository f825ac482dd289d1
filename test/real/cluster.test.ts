import { AppsV1Api, CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLE_LABEL } from "../../sandbox/dolt-manifests.ts";
import type { DoltTarget } from "../../sandbox/handle.ts";
import { partsUnavailable } from "../parts/build.ts";
import { TargetSql } from "../support/target-sql.ts";
import { untilWithin } from "../support/until.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const until = untilWithin(60_000);
const unavailable = partsUnavailable();

describe.skipIf(unavailable !== null)(`the cluster of real processes${unavailable ? ` (${unavailable})` : ""}`, () => {
  let cluster: RealCluster;
  let target: DoltTarget;
  let core: CoreV1Api;
  let sql: TargetSql;

  beforeAll(async () => {
    cluster = await startRealCluster();
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    core = kubeConfig.makeApiClient(CoreV1Api);
    target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 3, databases: ["app"] });
    sql = await TargetSql.open(target, kubeConfig);
  });

  afterAll(async () => {
    await cluster?.close();
  });

  it("starts one primary and two standbys, and labels them so", async () => {
    const roles = await Promise.all(
      target.pods.map((pod) => sql.value(pod, "SELECT @@GLOBAL.dolt_cluster_role AS value")),
    );
    const labels = await Promise.all(target.pods.map(async (pod) => (await read(pod)).metadata?.labels?.[ROLE_LABEL]));

    expect(roles).toEqual(["primary", "standby", "standby"]);
    expect(labels).toEqual(["primary", "standby", "standby"]);
  });

  it("replicates a write on the primary to both standbys", async () => {
    await sql.value("orders-0", "INSERT INTO app.t VALUES (1, 'kept')");

    for (const standby of ["orders-1", "orders-2"]) {
      await until(`the row is on ${standby}`, async () => {
        return (await sql.value(standby, "SELECT v AS value FROM app.t WHERE id = 1")) === "kept";
      });
    }
  });

  it("replaces a deleted pod by another with the same volume, and replicates to it", async () => {
    const before = await read("orders-1");

    await core.deleteNamespacedPod({ namespace: "shop", name: "orders-1" });
    await until("orders-1 is another pod, and ready", async () => {
      const pod = await read("orders-1");
      const ready = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
      return ready && pod.metadata?.uid !== before.metadata?.uid;
    });

    expect(await sql.value("orders-1", "SELECT v AS value FROM app.t WHERE id = 1")).toBe("kept");
    await sql.value("orders-0", "INSERT INTO app.t VALUES (2, 'later')");
    await until("the later row is on orders-1", async () => {
      return (await sql.value("orders-1", "SELECT v AS value FROM app.t WHERE id = 2")) === "later";
    });
  });

  it("starts a killed server again in the same pod, and says so in its status", async () => {
    const before = await read("orders-2");

    await target.faults.kill("orders-2");
    const after = await until("orders-2 was restarted, and is ready", async () => {
      const pod = await read("orders-2");
      const [status] = pod.status?.containerStatuses ?? [];
      return status?.ready && status.restartCount === 1 ? pod : undefined;
    });

    expect(after.metadata?.uid).toBe(before.metadata?.uid);
    expect(after.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
      exitCode: 137,
      reason: "Error",
    });
  });

  it("reports CrashLoopBackOff for a server that dies at each start, and brings it back when that ends", async () => {
    await target.faults.crashLoop("orders-2", true);
    await until("orders-2 waits in its back-off", async () => {
      const reason = (await read("orders-2")).status?.containerStatuses?.[0]?.state?.waiting?.reason;
      return reason === "CrashLoopBackOff";
    });

    await target.faults.crashLoop("orders-2", false);
    await until("orders-2 answers", () => sql.value("orders-2", "SELECT 1 AS value"));
  });

  it("cuts replication between two pods, and heals it", async () => {
    await target.faults.partition("orders-0", "orders-1");
    await sql.value("orders-0", "INSERT INTO app.t VALUES (3, 'cut off')");
    await until("the row is on orders-2", () => sql.value("orders-2", "SELECT v AS value FROM app.t WHERE id = 3"));
    expect(await sql.value("orders-1", "SELECT v AS value FROM app.t WHERE id = 3")).toBeUndefined();

    await target.faults.heal();
    await until("the row is on orders-1", () => sql.value("orders-1", "SELECT v AS value FROM app.t WHERE id = 3"));
  });

  it("leaves a frozen server's connections open and unanswered, until it is thawed", async () => {
    const connection = await sql.connect("orders-2");
    try {
      await target.faults.freeze("orders-2");
      const answer = connection.query("SELECT 1").then(() => "answered");
      await until("the API calls orders-2 not ready", async () => {
        const ready = (await read("orders-2")).status?.containerStatuses?.[0]?.ready;
        return ready === false;
      });
      expect(await Promise.race([answer, Promise.resolve("silent")])).toBe("silent");

      await target.faults.thaw("orders-2");
      expect(await answer).toBe("answered");
    } finally {
      connection.destroy();
    }
  });

  it("delays replication to one standby only", async () => {
    await target.faults.slowReplication("orders-0", "orders-1", 1_000);
    await sql.value("orders-0", "INSERT INTO app.t VALUES (4, 'slow')");
    await until("the row is on orders-2", () => sql.value("orders-2", "SELECT v AS value FROM app.t WHERE id = 4"));
    expect(await sql.value("orders-1", "SELECT v AS value FROM app.t WHERE id = 4")).toBeUndefined();

    await target.faults.slowReplication("orders-0", "orders-1", 0);
    await until("the row is on orders-1", () => sql.value("orders-1", "SELECT v AS value FROM app.t WHERE id = 4"));
  });

  it("lets a user do what RBAC gives them and nothing else", async () => {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfigFor("ada", ["handover:readers"]));
    const apps = kubeConfig.makeApiClient(AppsV1Api);
    await expect(apps.listNamespacedStatefulSet({ namespace: "shop" })).rejects.toMatchObject({ code: 403 });

    const admin = new KubeConfig();
    admin.loadFromString(cluster.kubeconfig);
    const rbac = admin.makeApiClient(RbacAuthorizationV1Api);
    await rbac.createNamespacedRole({
      namespace: "shop",
      body: {
        metadata: { name: "reader" },
        rules: [{ apiGroups: ["apps"], resources: ["statefulsets"], verbs: ["list"] }],
      },
    });
    await rbac.createNamespacedRoleBinding({
      namespace: "shop",
      body: {
        metadata: { name: "reader" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "handover:readers" }],
      },
    });

    // The API server hears of a new binding by a watch of its own.
    await until("the role is in force", () => apps.listNamespacedStatefulSet({ namespace: "shop" }));
    await expect(apps.listNamespacedStatefulSet({ namespace: "default" })).rejects.toMatchObject({ code: 403 });
  });

  const read = (pod: string) => core.readNamespacedPod({ namespace: "shop", name: pod });
});
