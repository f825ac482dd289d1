import { AppsV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSandboxCluster } from "../../../sandbox/cluster.ts";
import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../../src/adapters/kubernetes/pooled-kube-config.ts";
import { KubernetesWorkloads } from "../../../src/adapters/kubernetes/workloads.ts";
import type { Problem } from "../../../src/domain/errors.ts";
import type { Parameters } from "../../../src/domain/plan.ts";
import { scaleOperation } from "../../../src/operations/dolt/scale.ts";
import type { OperationContext } from "../../../src/operations/operation.ts";
import type { Workloads } from "../../../src/ports/workloads.ts";
import { FailoverBench } from "../dolt-failover/support/failover-bench.ts";
import { refused, refusing } from "./support/turns.ts";

let sandbox: Awaited<ReturnType<typeof startSandboxCluster>>;
let bench: FailoverBench;

async function start(): Promise<void> {
  sandbox = await startSandboxCluster();
  bench = await FailoverBench.start(sandbox, "orders", { operation: scaleOperation });
}

async function close(): Promise<void> {
  await bench.close();
  await sandbox.close();
}

/** Waiting for what does not come is part of it. */
const timeout = 240_000;

describe("a scaling that cannot be", { timeout }, () => {
  beforeAll(start);
  afterAll(close);

  it.each<[Parameters, RegExp]>([
    [{}, /^dolt_scale_number: How many servers there shall be was not said. Now there are 3/],
    [{ replicas: 1 }, /^dolt_scale_number: 1 server is not enough/],
    [{ replicas: 3 }, /^dolt_scale_done: There are 3 servers already/],
  ])("refuses %j", async (parameters, expected) => {
    expect(texts(await problems(parameters))).toMatch(expected);
  });

  it("refuses a configuration that is in no ConfigMap, and tells it from what the servers say", async () => {
    await bench.core.createNamespacedSecret({
      namespace: "shop",
      body: { metadata: { name: "orders-secret-config" } },
    });
    const layout = await bench.workloads.scaling.layout(bench.context().target, bench.context().signal);
    if (layout === null) throw new Error("no layout");
    const hidden = {
      ...layout,
      mounts: [
        { mountPath: "/etc/dolt", subPath: null, volume: { kind: "secret" as const, name: "orders-secret-config" } },
      ],
    };
    const workloads = refusing(bench.workloads, { layout: async () => hidden });

    const [problem] = await problems({ replicas: 4 }, { workloads });

    expect(problem?.code).toBe("dolt_scale_hidden");
    expect(problem?.what).toContain("in the Secret orders-secret-config, which Handover does not write");
    expect(problem?.next).toMatch(/# orders-2\ncluster:(.*\n)* {4}- \{name: "orders-3", /);
  });

  it("refuses without the rights, and names them", async () => {
    const kubeConfig = new PooledKubeConfig();
    kubeConfig.loadFromString(sandbox.kubeconfigFor("reader", ["system:masters"]));
    const api = new KubernetesApi(kubeConfig);
    try {
      const real = new KubernetesWorkloads(api, { cluster: "main", namespaces: ["shop"] });
      expect(await real.scaling.missingRights(bench.context().target, "orders-config", bench.context().signal)).toEqual(
        [],
      );
    } finally {
      await api.close();
    }
    const workloads = refusing(bench.workloads, { missingRights: async () => ["configmaps", "replicas"] });

    expect(texts(await problems({ replicas: 4 }, { workloads }))).toMatch(
      /^dolt_scale_rights: .*patch configmaps, patch statefulsets\/scale/,
    );
  });

  it("refuses what Helm keeps, and shows what has to be changed; once that is done there, the rest is Handover's", async () => {
    await mark("configmap", { annotations: { "meta.helm.sh/release-name": "orders" } });
    await mark("statefulset", { labels: { "app.kubernetes.io/managed-by": "Helm" } });

    const [problem, ...more] = await problems({ replicas: 4 });

    expect(more).toEqual([]);
    expect(problem?.what).toMatch(
      /ConfigMap orders-config: Helm writes it \(meta\.helm\.sh.*StatefulSet orders: Helm writes it/,
    );
    expect(problem?.next).toContain("set replicas to 4 there");
    expect(problem?.next).toMatch(
      /# orders-0.yaml\ncluster:\n {2}standby_remotes:\n(.*\n){2} {4}- \{name: "orders-3", remote_url_template: "http:\/\/orders-3-repl\.shop\.svc:50051\/\{database\}"\}/,
    );
    expect(problem?.next).toMatch(/# orders-3.yaml\n(.*\n)*? {2}bootstrap_role: standby/);
  });
});

describe("a scaling that fails on its way", { timeout }, () => {
  beforeEach(start);
  afterEach(close);

  it("changes nothing when the configuration is not the approved one any more", async () => {
    const plan = await bench.plan({ replicas: 4 });
    await mark("configmap", {}, { "orders-0.yaml": `${(await data())["orders-0.yaml"]}# edited\n` });

    const { state, outcome } = await bench.run(plan);

    expect({ state, codes: outcome.problems.map(({ code }) => code) }).toMatchObject({ state: "failed" });
    expect(outcome.problems.map(({ what }) => what).join()).toContain("is not what it was when this was planned");
    expect(await replicas()).toBe(3);
    expect(Object.keys(await data())).toHaveLength(3);
  });

  it("puts number and configuration back when a new pod does not come up", async () => {
    const before = await data();
    await bench.target.faults.crashLoop("orders-3", true);

    const { state, outcome } = await bench.run(await bench.plan({ replicas: 4, waitMs: 4_000 }));

    expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
      state: "failed",
      codes: ["dolt_scale_undone", "dolt_scale_not_up"],
    });
    expect(await replicas()).toBe(3);
    expect(await data()).toEqual(before);
    expect(await bench.routed()).toEqual(["orders-0"]);
  });

  it("puts everything back when the number of pods may not be changed", async () => {
    const before = await data();
    const workloads = refusing(bench.workloads, { setReplicas: async () => refused("scaling StatefulSet") });

    const { state, outcome } = await bench.run(await bench.plan({ replicas: 4 }), { workloads });

    expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
      state: "failed",
      codes: ["dolt_scale_undone", "kubernetes_refused"],
    });
    expect(await data()).toEqual(before);
  });

  it("stops when a restarted pod does not come back; the same command goes on once it is mended", async () => {
    const plan = await bench.plan({ replicas: 4, waitMs: 8_000 });
    const crashing: Workloads = {
      ...refusing(bench.workloads, {}),
      evictPod: async (pod, signal) => {
        await bench.target.faults.crashLoop(pod.name, true);
        return await bench.workloads.evictPod(pod, signal);
      },
    };
    const stopped = await bench.run(plan, { workloads: crashing });
    expect({ state: stopped.state, code: stopped.outcome.problems[0]?.code }).toEqual({
      state: "failed",
      code: "dolt_scale_stopped",
    });
    expect(stopped.outcome.problems[0]?.next).toContain("dolt scale orders --replicas 4");
    expect(await bench.routed()).toEqual(["orders-0"]);

    await bench.target.faults.crashLoop("orders-2", false);
    await bench.until("orders-2 answers", async () => (await bench.identity("orders-2").catch(() => null)) !== null);
    const { state, outcome } = await bench.run(await bench.plan({ replicas: 4 }));

    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    const again = await problems({ replicas: 4 });
    expect(texts(again)).toMatch(/^dolt_scale_done/);
  });
});

async function problems(parameters: Parameters, changed: Partial<OperationContext> = {}): Promise<readonly Problem[]> {
  const result = await bench.planned(parameters, bench.context(changed));
  if (result.kind === "plan") throw new Error(`it was planned: ${JSON.stringify(result.draft.steps)}`);
  return result.problems;
}

function apps(): AppsV1Api {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(sandbox.kubeconfig);
  return kubeConfig.makeApiClient(AppsV1Api);
}

async function data(): Promise<Record<string, string>> {
  const found = await bench.core.readNamespacedConfigMap({ namespace: "shop", name: "orders-config" });
  return found.data ?? {};
}

async function replicas(): Promise<number> {
  return (await bench.workload()).replicas;
}

async function mark(kind: "configmap" | "statefulset", metadata: object, newData?: object): Promise<void> {
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  if (kind === "statefulset") {
    const body = { metadata };
    await apps().patchNamespacedStatefulSet({ namespace: "shop", name: "orders", body }, merge);
    return;
  }
  const body = { metadata, ...(newData === undefined ? {} : { data: newData }) };
  await bench.core.patchNamespacedConfigMap({ namespace: "shop", name: "orders-config", body }, merge);
}

function texts(problems: readonly Problem[]): string {
  return problems.map(({ code, what }) => `${code}: ${what}`).join("\n");
}
