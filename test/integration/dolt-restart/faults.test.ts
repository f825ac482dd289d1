import { AppsV1Api, KubeConfig, PatchStrategy, PolicyV1Api, setHeaderOptions } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { restartOperation } from "../../../src/operations/dolt/restart.ts";
import { FailoverBench } from "../dolt-failover/support/failover-bench.ts";
import { interceptedWorkloads } from "../dolt-failover/support/intercepted.ts";

/** Each test breaks something, on servers of its own. */
describe("a rolling restart in which something is in the way", () => {
  let cluster: SandboxCluster;
  let kubeConfig: KubeConfig;
  let bench: FailoverBench;
  let targets = 0;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
  });

  afterAll(async () => {
    await cluster?.close();
  });

  afterEach(async () => {
    await bench?.target.faults.heal();
    await bench?.close();
  });

  async function prepare(replicas = 3): Promise<void> {
    targets += 1;
    bench = await FailoverBench.start(cluster, `target${targets}`, { replicas, operation: restartOperation });
    await bench.write(bench.pod(0), 1);
  }

  const uids = async () => (await bench.workload()).pods.map(({ pod }) => pod?.uid ?? "missing");
  const codes = (problems: readonly { code: string }[]) => problems.map(({ code }) => code);
  const refusal = async (parameters: Parameters<FailoverBench["planned"]>[0] = {}) => {
    const result = await bench.planned(parameters);
    if (result.kind === "plan") throw new Error("a refusal was expected");
    return result.problems;
  };
  const patchSet = (body: object, strategy: PatchStrategy = PatchStrategy.MergePatch) =>
    kubeConfig
      .makeApiClient(AppsV1Api)
      .patchNamespacedStatefulSet(
        { namespace: "shop", name: bench.target.name, body },
        setHeaderOptions("Content-Type", strategy),
      );
  const policy = () => kubeConfig.makeApiClient(PolicyV1Api);
  async function forbidDisruptions(): Promise<void> {
    const { name } = bench.target;
    const selector = { matchLabels: { "app.kubernetes.io/instance": name } };
    await policy().createNamespacedPodDisruptionBudget({
      namespace: "shop",
      body: { metadata: { name }, spec: { minAvailable: 3, selector } },
    });
    await bench.until("the budget is known", async () => {
      const { status } = await policy().readNamespacedPodDisruptionBudget({ namespace: "shop", name });
      return status?.currentHealthy === 3;
    });
  }

  it("waits for a PodDisruptionBudget, and tells how often it refused", async () => {
    await prepare();
    await forbidDisruptions();
    const workloads = interceptedWorkloads(bench.workloads, {
      async afterEviction(_, eviction) {
        if (eviction.kind !== "refused") return;
        await policy().deleteNamespacedPodDisruptionBudget({ namespace: "shop", name: bench.target.name });
      },
    });

    const { state, steps } = await bench.run(await bench.plan({ only: bench.pod(2) }), { workloads });

    expect(state).toBe("succeeded");
    expect(steps.at(-1)?.note).toMatch(/evicted after 1 refusals/);
  });

  it("gives up with the budget's own words, and nothing was changed", async () => {
    await prepare();
    await forbidDisruptions();
    const before = await uids();

    const { state, outcome } = await bench.run(await bench.plan({ waitMs: 3_000 }));

    expect({ state, codes: codes(outcome.problems) }).toEqual({ state: "failed", codes: ["dolt_pod_not_evicted"] });
    expect(outcome.summary).toMatch(/needs 3 healthy pods and has 3 currently/);
    expect(await uids()).toEqual(before);
  });

  it("stops at a pod that does not come back: the primary is untouched, and events and log are shown", async () => {
    await prepare();
    // The API server counts whole seconds: a pod made in the second in which the restart begins would be new enough.
    const preparedInSecond = Math.floor(Date.now() / 1_000);
    await expect.poll(() => Math.floor(Date.now() / 1_000)).toBeGreaterThan(preparedInSecond);
    const before = await uids();
    const workloads = interceptedWorkloads(bench.workloads, {
      beforeEviction: (pod) => bench.target.faults.crashLoop(pod.name, true),
    });
    const plan = await bench.plan({ waitMs: 6_000 });

    const { state, outcome } = await bench.run(plan, { workloads });

    expect({ state, codes: codes(outcome.problems) }).toEqual({
      state: "failed",
      codes: ["dolt_restart_stopped", "dolt_pod_not_back"],
    });
    const [stopped, failure] = outcome.problems;
    expect(stopped?.what).toMatch(/Restarted: target\d+-2\. Not restarted: target\d+-1, target\d+-0\./);
    expect(stopped?.what).toMatch(/target\d+-0 is primary as before; writes go on/);
    expect(stopped?.next).toMatch(/--before \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
    expect(failure?.what).toMatch(/did not come back within 6 s: .*(CrashLoopBackOff|Error)/);
    expect(failure?.next).toMatch(/Warning BackOff: Back-off restarting failed container dolt/);
    expect(failure?.next).toMatch(/Accepting connections/);
    const after = await uids();
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]).not.toBe(before[2]);
    expect(await bench.routed()).toEqual([bench.pod(0)]);
    await bench.write(bench.pod(0), 2);

    // Mended, the same command goes on: the pod that came back is new enough.
    await bench.target.faults.heal();
    const [, time = ""] = /--before (\S+):/.exec(stopped?.next ?? "") ?? [];
    await bench.untilIs(bench.pod(2), { role: "standby" });
    const again = await bench.plan({ beforeMs: Date.parse(time) });
    expect(again.steps.map(({ id }) => id)).not.toContain(`restart-${bench.pod(2)}`);
    expect((await bench.run(again)).state).toBe("succeeded");
    expect((await uids())[2]).toBe(after[2]);
  });

  it("stops before the failover when the candidate falls, with the primary untouched", async () => {
    await prepare();
    // The minute in which it may become fit again passes in 3 s, and so do the pods' ten minutes in 30 s.
    const clock = { ...systemClock, monotonicMs: () => performance.now() * 20 };
    const run = bench.begin(await bench.plan({ waitMs: 600_000 }), { clock });
    for (const step of run.steps.slice(0, 3)) await step.act(AbortSignal.timeout(30_000));
    await bench.target.faults.crashLoop(bench.pod(1), true);
    await bench.target.faults.crashLoop(bench.pod(2), true);
    const check = run.steps[3];
    const failure = await check?.act(AbortSignal.timeout(30_000)).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/outside the plan's bounds/);
    expect(String(failure)).not.toMatch(/Nothing was changed/);

    const undone = await run.undo(
      { code: "dolt_out_of_bounds", kind: "failed", what: "out of bounds", next: "" },
      AbortSignal.timeout(10_000),
    );
    await run.close();

    expect(undone).toMatchObject({ kind: "stopped", problem: { code: "dolt_restart_stopped" } });
    expect(await bench.routed()).toEqual([bench.pod(0)]);
    expect(await bench.identity(bench.pod(0))).toMatchObject({ role: "primary", epoch: 1, readOnly: false });
  });

  it("goes on through a moment in which the Kubernetes API is away", async () => {
    await prepare();
    let isFirst = true;
    const workloads = interceptedWorkloads(bench.workloads, {
      async afterEviction() {
        if (!isFirst) return;
        isFirst = false;
        cluster.apiFaults.failNext({ method: "GET" }, 503, 3);
      },
    });

    const { state } = await bench.run(await bench.plan(), { workloads });

    expect(state).toBe("succeeded");
  });

  it("refuses while the StatefulSet's controller may delete pods, with the very patch that helps", async () => {
    await prepare();
    await patchSet({ spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } } });

    const [problem] = await refusal();

    expect(problem?.code).toBe("dolt_controller_restarts");
    const [, patch = ""] = /--type=merge -p '(.*)'$/.exec(problem?.next ?? "") ?? [];
    await patchSet(JSON.parse(patch));
    expect((await bench.planned()).kind).toBe("plan");
    await patchSet({ spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 3 } } } });
    expect((await bench.planned()).kind).toBe("plan");
    await patchSet({ spec: { template: { metadata: { annotations: { changed: "yes" } } } } });
    await bench.until("the controller has seen it", async () => {
      const { updateRevision, pods } = await bench.workload();
      return pods.every(({ pod }) => pod?.revision !== updateRevision);
    });
    expect(codes(await refusal())).toEqual(["dolt_partition_keeps_revision"]);
  });

  it("routes to the primary again whose label others took away meanwhile", async () => {
    await prepare();
    const primary = bench.pod(0);
    const workloads = interceptedWorkloads(bench.workloads, {
      afterEviction: () => bench.label(primary, "none"),
    });

    const { state } = await bench.run(await bench.plan({ only: bench.pod(1) }), { workloads });

    expect(state).toBe("succeeded");
    expect(await bench.routed()).toEqual([primary]);
  });

  it("restarts what is outdated, and nothing else", async () => {
    await prepare();
    expect(codes(await refusal({ outdated: true }))).toEqual(["dolt_nothing_to_restart"]);
    await patchSet({ spec: { template: { metadata: { annotations: { changed: "yes" } } } } });
    await bench.until("the controller has seen it", async () => {
      const { updateRevision, pods } = await bench.workload();
      return pods.every(({ pod }) => pod?.revision !== updateRevision);
    });

    const { state } = await bench.run(await bench.plan({ outdated: true }));

    expect(state).toBe("succeeded");
    const { updateRevision, pods } = await bench.workload();
    expect(pods.map(({ pod }) => pod?.revision)).toEqual(pods.map(() => updateRevision));
    expect(codes(await refusal({ outdated: true }))).toEqual(["dolt_nothing_to_restart"]);
  });

  it("restarts a target of two, and says what that costs; a single server it refuses", async () => {
    await prepare(2);
    const plan = await bench.plan();
    expect(plan.warnings.map(({ code }) => code)).toEqual(["no_standby_meanwhile"]);
    expect((await bench.run(plan)).state).toBe("succeeded");
    expect(await bench.routed()).toEqual([bench.pod(1)]);
    await bench.close();

    await prepare(1);
    expect(codes(await refusal())).toEqual(["dolt_no_standby"]);
  });

  it("restarts standbys side by side, where enough others stay", async () => {
    await prepare(5);
    const batches = async (parameters: Parameters<FailoverBench["planned"]>[0]) =>
      (await bench.plan(parameters)).steps.map(({ id }) => id).filter((id) => id.startsWith("restart-"));
    const name = (...ordinals: number[]) => `restart-${ordinals.map((ordinal) => bench.pod(ordinal)).join("-")}`;
    expect(await batches({ maxUnavailable: 4 })).toEqual([name(4, 3, 2), name(1), name(0)]);
    expect(await batches({ maxUnavailable: 4, minCaughtUp: 3 })).toEqual([name(4), name(3), name(2), name(1), name(0)]);

    const { state, steps } = await bench.run(await bench.plan({ maxUnavailable: 2 }));

    expect(state).toBe("succeeded");
    expect(steps.map(({ id }) => id).filter((id) => id.startsWith("restart-"))).toEqual([
      name(4, 3),
      name(2, 1),
      name(0),
    ]);
  });

  it("begins with a standby that does not run, and mends it", async () => {
    await prepare();
    await bench.target.faults.crashLoop(bench.pod(1), true);
    await bench.until("its container was seen ended", async () => {
      const { pods } = await bench.workload();
      return pods[1]?.pod?.container.state === "stopped";
    });
    const plan = await bench.plan();
    expect(plan.steps.map(({ id }) => id).slice(1, 3)).toEqual([`restart-${bench.pod(1)}`, `restart-${bench.pod(2)}`]);
    const workloads = interceptedWorkloads(bench.workloads, {
      beforeEviction: (pod) => bench.target.faults.crashLoop(pod.name, false),
    });

    expect((await bench.run(plan, { workloads })).state).toBe("succeeded");
  });

  it("stops where a person wishes, between two pods", async () => {
    await prepare();
    let asked = 0;
    const safePoints = {
      isHeld: () => false,
      pauseOnRecord: () => null,
      wish: async () => {
        asked += 1;
        return asked < 2 ? ({ kind: "go_on" } as const) : ({ kind: "stop", by: "Alice" } as const);
      },
      hold: async () => undefined,
      goOn: async () => undefined,
    };
    const before = await uids();

    const { state, outcome } = await bench.run(await bench.plan(), {}, false, safePoints);

    expect(state).toBe("cancelled");
    expect(outcome.problems[0]?.what).toMatch(
      /Restarted, and replicating again: target\d+-2\. target\d+-0 is primary as before\. Left: target\d+-1, target\d+-0; .*--before .*Alice/,
    );
    expect((await uids()).filter((uid) => before.includes(uid))).toHaveLength(2);
  });
});
