import { AppsV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CrateTarget, CrateTargetSpec } from "../../../sandbox/crate-target.ts";
import { HttpCrateServers } from "../../../src/adapters/cratedb/crate-servers.ts";
import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { KubernetesCrateClusters } from "../../../src/adapters/kubernetes/crate-clusters.ts";
import { PooledKubeConfig } from "../../../src/adapters/kubernetes/pooled-kube-config.ts";
import type { CrateCluster } from "../../../src/ports/crate-servers.ts";
import { until } from "../../support/until.ts";

const namespace = "db";
const options = { deadlineMs: 5000, signal: new AbortController().signal };

/** A Kubernetes whose node runs CrateDB's containers as simulated nodes. */
export interface CrateKubernetes {
  readonly kubeconfig: string;
  createCrateTarget(spec: CrateTargetSpec): Promise<CrateTarget>;
  close(): Promise<void>;
}

/** CrateDB's pods: what happens to one of them happens to its cluster. */
export function cratePodsSuite(kind: string, start: () => Promise<CrateKubernetes>): void {
  describe(`a CrateDB cluster in pods: ${kind}`, () => {
    let sandbox: CrateKubernetes;
    let target: CrateTarget;
    let crate: CrateCluster;
    let kubeConfig: PooledKubeConfig;
    let api: KubernetesApi;

    beforeAll(async () => {
      sandbox = await start();
      kubeConfig = new PooledKubeConfig();
      kubeConfig.loadFromString(sandbox.kubeconfig);
      api = new KubernetesApi(kubeConfig);
      target = await sandbox.createCrateTarget({
        namespace,
        name: "metrics",
        masters: 3,
        groups: { hot: 3, cold: 1 },
        tables: [{ name: "t", shards: 4, replicas: "1", shardBytes: 1_000_000 }],
        pace: { faultDetectionMs: 300 },
        argumentsIn: "args",
      });
      crate = new HttpCrateServers().open(await target.addresses(), target.access);
    });

    afterAll(async () => {
      await crate?.close();
      await api?.close();
      await sandbox?.close();
    });

    const names = async () => (await crate.nodes(options)).map(({ name }) => name).toSorted();
    const all = ["data-cold-0", "data-hot-0", "data-hot-1", "data-hot-2", "master-0", "master-1", "master-2"];
    const isWhole = async () => {
      crate.useAddresses(await target.addresses());
      const health = (await crate.health(options)).every((one) => one.health === "GREEN");
      return health && (await names()).join() === all.join();
    };
    const scale = (name: string, replicas: number) =>
      kubeConfig.makeApiClient(AppsV1Api).patchNamespacedStatefulSetScale({
        namespace,
        name,
        body: [{ op: "replace", path: "/spec/replicas", value: replicas }],
      });

    it("has crate-operator's names, roles by start-up arguments, and a master that holds no data", async () => {
      const nodes = await crate.nodes(options);
      const { masterNodeId, settings } = await crate.state(options);
      const master = nodes.find(({ id }) => id === masterNodeId);

      expect(await names()).toEqual(all);
      expect(master?.name).toMatch(/^master-/);
      expect(master?.roles).toEqual(["master_eligible"]);
      expect(settings.gateway).toEqual({ expectedDataNodes: 4, recoverAfterDataNodes: 3 });
      expect((await crate.shards(options)).every(({ node }) => node?.name.startsWith("data-"))).toBe(true);
    });

    it("is found by its annotations, and lets Handover's own user in with the Secret's password", async () => {
      const clusters = new KubernetesCrateClusters(api, { access: {} });
      const { signal } = options;
      const view = await clusters.look({ namespace, workload: "metrics", kind: "CrateDBCluster" }, signal);
      if (view === null) throw new Error("the cluster is not found");
      const access = await clusters.access(view, signal);
      const handover = new HttpCrateServers().open(await target.addresses(), access);
      try {
        expect(view.sets.map(({ name, role }) => [name, role])).toEqual([
          ["crate-master-metrics", "master"],
          ["crate-data-cold-metrics", "data"],
          ["crate-data-hot-metrics", "data"],
        ]);
        expect(access.username).toBe("handover");
        expect(await handover.shards(options)).toHaveLength(8);
        expect((await handover.user(options)).superuser).toBe(false);
        await expect(handover.decommission("data-hot-0", options)).rejects.toMatchObject({ outcome: "privilege" });
      } finally {
        await handover.close();
      }
    });

    it("loses a killed node and has it back when its container was started again", async () => {
      await target.faults.kill("crate-data-hot-metrics-1");
      await until("all are there and GREEN", isWhole);
      const { status } = await kubeConfig
        .makeApiClient(CoreV1Api)
        .readNamespacedPod({ namespace, name: "crate-data-hot-metrics-1" });

      expect(status?.containerStatuses?.[0]?.restartCount).toBe(1);
    });

    it("has a decommissioned node back too: it ended with exit code 0, and its container starts again", async () => {
      await crate.setGlobal("transient", { "cluster.graceful_stop.min_availability": "full" }, options);
      await crate.decommission("data-cold-0", options);
      await until("it has started again", async () => {
        const { status } = await kubeConfig
          .makeApiClient(CoreV1Api)
          .readNamespacedPod({ namespace, name: "crate-data-cold-metrics-0" });
        return status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode === 0;
      });
      await until("all are there and GREEN", isWhole);
      await crate.resetGlobal(["cluster.graceful_stop.min_availability"], options);
    });

    it("goes on without a frozen node once that is noticed, and takes it back when it thaws", async () => {
      await target.faults.freeze("crate-data-hot-metrics-2");
      await until("it is no member", async () => !(await names()).includes("data-hot-2"));
      await target.faults.thaw("crate-data-hot-metrics-2");
      await until("all are there and GREEN", isWhole);
    });

    it("grows and shrinks with its StatefulSets", async () => {
      await scale("crate-data-hot-metrics", 4);
      await until("a node has joined", async () => (await names()).includes("data-hot-3"));
      await until("shards have moved there", async () =>
        (await crate.shards(options)).some(({ node }) => node?.name === "data-hot-3"),
      );
      await crate.setGlobal("transient", { "cluster.routing.allocation.exclude._name": "data-hot-3" }, options);
      expect((await crate.shards(options)).filter(({ node }) => node?.name === "data-hot-3")).toEqual([]);
      await scale("crate-data-hot-metrics", 3);
      await until("it has left", isWhole);
      await crate.resetGlobal(["cluster.routing.allocation.exclude._name"], options);
    });

    it("shows its faults to whoever asks: shards that stick, disks that are full, shards that are lost, snapshots", async () => {
      target.faults.stick("t", 0);
      await crate.setGlobal("transient", { "cluster.routing.allocation.exclude._name": "data-*" }, options);
      const stuck = (await crate.allocations(options)).filter(({ isStuck, shardId }) => isStuck && shardId === 0);
      expect(stuck[0]?.decisions.flatMap(({ explanations }) => explanations).join()).toContain(
        "maximum number of retries",
      );
      await crate.resetGlobal(["cluster.routing.allocation.exclude._name"], options);

      await target.faults.fullDisk("crate-data-cold-metrics-0", true);
      const failed = (await crate.nodeChecks(options)).filter(({ passed }) => !passed).map(({ id }) => id);
      expect(failed.toSorted()).toEqual([5, 6, 7]);

      target.faults.loseShard("t", 1);
      expect((await crate.health(options))[0]).toMatchObject({ health: "RED", missingShards: 1 });

      target.faults.beginSnapshot("backups", "nightly");
      expect(await crate.snapshotWork(options)).toMatchObject([{ kind: "snapshot", name: "nightly" }]);

      await target.faults.heal();
      await until("all is well again", isWhole);
      expect(await crate.snapshotWork(options)).toEqual([]);
      expect((await crate.nodeChecks(options)).every(({ passed }) => passed)).toBe(true);
    });
  });

  describe(`crate-operator's hooks: ${kind}`, () => {
    it("leave graceful_stop behind when a pod is scaled away, and nothing of `enable` when it comes back", async () => {
      const sandbox = await start();
      const kubeConfig = new KubeConfig();
      kubeConfig.loadFromString(sandbox.kubeconfig);
      const core = kubeConfig.makeApiClient(CoreV1Api);
      try {
        const target = await sandbox.createCrateTarget({
          namespace,
          name: "metrics",
          groups: { hot: 3 },
          dcUtil: true,
          tables: [{ name: "t", shards: 3, replicas: "1" }],
        });
        const { settings } = target.cluster;
        const before = target.cluster.members.get(target.cluster.idOf("data-hot-0"));
        await core.deleteNamespacedPod({ namespace, name: "crate-data-hot-metrics-0" });
        await until("another has taken its place", async () => {
          const now = target.cluster.members.get(target.cluster.idOf("data-hot-0"));
          return now !== undefined && now !== before;
        });
        await until(
          "postStart has run",
          async () => settings.at("transient", "cluster.routing.allocation.enable") === undefined,
        );

        expect(settings.at("transient", "cluster.graceful_stop.timeout")).toBe("720s");
        expect(settings.at("transient", "cluster.graceful_stop.force")).toBe("true");
        await kubeConfig.makeApiClient(AppsV1Api).patchNamespacedStatefulSetScale({
          namespace,
          name: "crate-data-hot-metrics",
          body: [{ op: "replace", path: "/spec/replicas", value: 2 }],
        });
        await until("it has left", async () => target.cluster.members.size === 2);
        expect(settings.at("transient", "cluster.routing.allocation.enable")).toBe("primaries");
      } finally {
        await sandbox.close();
      }
    });
  });
}
