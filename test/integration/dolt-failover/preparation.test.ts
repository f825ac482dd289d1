import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { fail } from "../../../src/domain/errors.ts";
import { FailoverBench } from "./support/failover-bench.ts";
import { InterceptedServers, interceptedWorkloads, type RoleCalls } from "./support/intercepted.ts";

/** What is done before the gap to make it short, and that none of it stays. */
describe("the preparation of a failover", () => {
  let cluster: SandboxCluster;
  let bench: FailoverBench;
  let old: string;
  let candidate: string;
  let targets = 0;
  let during: string[] = [];

  beforeAll(async () => {
    cluster = await startSandboxCluster();
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
    during = [];
    bench = await FailoverBench.start(cluster, `prepared${targets}`, { replicas });
    old = bench.pod(0);
    candidate = bench.pod(1);
    await bench.write(old, 1);
  }

  const servers = (calls: RoleCalls = {}) =>
    new InterceptedServers(bench.dolt, {
      beforeDemotion: async () => {
        during = await bench.roleLabels();
      },
      ...calls,
    });

  it("sends no reads to the candidate while the role changes hands", async () => {
    await prepare();

    const { state } = await bench.run(await bench.plan({ to: candidate }), { dolt: servers() });

    expect(state).toBe("succeeded");
    expect(during).toEqual(["primary", "candidate", "standby"]);
    expect(await bench.roleLabels()).toEqual(["standby", "primary", "standby"]);
  });

  it("is put back when the failover is undone", async () => {
    await prepare();
    const dolt = servers({ afterDemotion: () => bench.target.faults.kill(candidate) });

    const { state } = await bench.run(await bench.plan({ to: candidate }), { dolt });

    expect(state).toBe("failed");
    expect(during).toEqual(["primary", "candidate", "standby"]);
    expect(await bench.roleLabels()).toEqual(["primary", "standby", "standby"]);
  });

  it("is taken up by another process", async () => {
    await prepare();
    const plan = await bench.plan({ to: candidate });
    const first = bench.begin(plan);
    for (const step of first.steps) {
      await step.act(AbortSignal.timeout(20_000));
      if (step.id === "prepare") break;
    }
    await first.close();
    expect(await bench.roleLabels()).toEqual(["primary", "candidate", "standby"]);

    const { state } = await bench.run(plan, {}, true);

    expect(state).toBe("succeeded");
    expect(await bench.roleLabels()).toEqual(["standby", "primary", "standby"]);
  });

  it("leaves the only standby to those who read", async () => {
    await prepare(2);

    const { state } = await bench.run(await bench.plan(), { dolt: servers() });

    expect(state).toBe("succeeded");
    expect(during).toEqual(["primary", "standby"]);
  });

  it("is done without when its label is refused", async () => {
    await prepare();
    const workloads = interceptedWorkloads(bench.workloads, {
      async beforeLabel(_pod, value) {
        if (value === "candidate") throw fail("kubernetes_refused", { doing: "a test", why: "denied by a webhook" });
      },
    });

    const { state, steps } = await bench.run(await bench.plan({ to: candidate }), { dolt: servers(), workloads });

    expect(state).toBe("succeeded");
    expect(steps.find(({ id }) => id === "prepare")?.note).toMatch(/^not done: /);
  });
});
