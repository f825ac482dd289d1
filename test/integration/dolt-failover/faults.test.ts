import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { fail, problemOf } from "../../../src/domain/errors.ts";
import { FailoverBench } from "./support/failover-bench.ts";
import { InterceptedServers, interceptedWorkloads, type RoleCalls } from "./support/intercepted.ts";

/** Each test breaks something at the exact call where it hurts most, on servers of its own. */
describe("a failover in which something breaks", () => {
  let cluster: SandboxCluster;
  let bench: FailoverBench;
  let old: string;
  let candidate: string;
  let targets = 0;

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

  async function prepare(): Promise<void> {
    targets += 1;
    bench = await FailoverBench.start(cluster, `target${targets}`);
    old = bench.pod(0);
    candidate = bench.pod(1);
    await bench.write(old, 1);
  }

  const servers = (calls: RoleCalls) => new InterceptedServers(bench.dolt, calls);
  const hostOf = async (pod: string) => (await bench.target.address(pod)).host;
  const codes = (problems: readonly { code: string }[]) => problems.map(({ code }) => code);

  it("succeeds with one standby crash-looping, says beforehand what that costs, and a primary is routed at every moment", async () => {
    await prepare();
    await bench.target.faults.crashLoop(bench.pod(2), true);
    await bench.until("its container was seen ended", async () => {
      const { pods } = await bench.workload();
      return pods[2]?.pod?.container.state === "stopped";
    });
    const plan = await bench.plan({ minCaughtUp: 1 });
    const routedAfterEachLabel: string[][] = [];
    const afterLabel = async () => {
      routedAfterEachLabel.push(await bench.routed());
    };

    const { state, outcome } = await bench.run(plan, {
      workloads: interceptedWorkloads(bench.workloads, { afterLabel }),
    });

    expect(plan.cost).toMatch(/about 10 s.*target\d+-2 \(/);
    expect(plan.warnings.map(({ code }) => code)).toEqual([`standby_stopped:${bench.pod(2)}`]);
    expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    expect(routedAfterEachLabel).toEqual([[old, candidate], [candidate]]);
    expect(await bench.ids(candidate)).toEqual([1]);
  });

  it("is undone when the candidate is killed between demotion and promotion, though the API fails meanwhile", async () => {
    await prepare();
    let isKilled = false;
    let failures = 0;
    const dolt = servers({
      async afterDemotion() {
        await bench.target.faults.kill(candidate);
        isKilled = true;
      },
    });
    const workloads = interceptedWorkloads(bench.workloads, {
      async beforeLook() {
        if (!isKilled || failures >= 3) return;
        failures += 1;
        throw fail("kubernetes_away", { doing: "a test", why: "ECONNREFUSED" });
      },
    });

    const { state, outcome } = await bench.run(await bench.plan({ to: candidate }), { dolt, workloads });

    expect({ state, codes: codes(outcome.problems)[0] }).toEqual({ state: "failed", codes: "dolt_undone" });
    expect(failures).toBe(3);
    expect(await bench.identity(old)).toMatchObject({ role: "primary", readOnly: false });
    expect(await bench.routed()).toEqual([old]);
    await bench.untilIs(candidate, { role: "standby", epoch: (await bench.identity(old)).epoch });
  });

  it("fences a promotion whose answer was lost: the old primary is back above it, and the thawed candidate follows", async () => {
    await prepare();
    const [oldHost, candidateHost] = [await hostOf(old), await hostOf(candidate)];
    const dolt = servers({
      async beforeRole(host, role) {
        if (host === candidateHost && role === "primary") await bench.target.faults.freeze(candidate);
      },
      async afterRole(host, role) {
        if (host === oldHost && role === "primary") await bench.target.faults.thaw(candidate);
      },
    });

    const { state, outcome } = await bench.run(await bench.plan({ to: candidate }), { dolt });

    expect({ state, codes: codes(outcome.problems) }).toEqual({
      state: "failed",
      codes: ["dolt_undone", "dolt_silent"],
    });
    const { role, epoch } = await bench.identity(old);
    expect({ role, epoch }).toEqual({ role: "primary", epoch: 4 });
    await bench.untilIs(candidate, { role: "standby", epoch });
    expect(await bench.routed()).toEqual([old]);
    await bench.write(old, 2);
  });

  it("leaves it unknown when the candidate dies right after it was promoted and routed: the old one is never put back", async () => {
    await prepare();
    let isRouted = false;
    const workloads = interceptedWorkloads(bench.workloads, {
      async afterLabel(pod, value) {
        if (isRouted || pod.name !== candidate || value !== "primary") return;
        isRouted = true;
        await bench.write(candidate, 2);
        await bench.target.faults.crashLoop(candidate, true);
      },
    });
    // The 30 s that it may take to follow pass in 1 s.
    const clock = { ...systemClock, monotonicMs: () => performance.now() * 30 };
    const run = bench.begin(await bench.plan({ to: candidate }), { workloads, clock });
    const failure = await actAll(run.steps);

    const undone = await run.undo(failure, AbortSignal.timeout(2_000));

    expect(undone.kind).toBe("unknown");
    expect(undone.kind === "unknown" && undone.problem.next).toContain(`Do not promote ${old}`);
    expect(await bench.identity(old)).toMatchObject({ role: "standby", readOnly: true });
    expect(await bench.routed()).toEqual([candidate]);

    await bench.target.faults.heal();
    await bench.untilIs(candidate, { role: "primary" });
    const later = await run.undo(failure, AbortSignal.timeout(20_000));
    expect(later.kind).toBe("finished");
    expect(await bench.ids(candidate)).toEqual([1, 2]);
    await run.close();
  });

  it("says the same in a run that another process left, by the labels alone", async () => {
    await prepare();
    const plan = await bench.plan({ to: candidate });
    const first = bench.begin(plan);
    await actThrough("route", first.steps);
    await first.close();
    await bench.write(candidate, 2);
    await bench.target.faults.freeze(candidate);

    const resumed = bench.begin(plan, {}, true);
    const failure = problemOf(fail("step_timed_out", { step: "Promote", seconds: 30, state: "" }), "a test");
    const undone = await resumed.undo(failure, AbortSignal.timeout(6_000));

    expect(undone.kind).toBe("unknown");
    expect(await bench.identity(old)).toMatchObject({ role: "standby" });
    expect(await bench.routed()).toEqual([candidate]);
    await bench.target.faults.thaw(candidate);
    expect(await resumed.undo(failure, AbortSignal.timeout(20_000))).toMatchObject({ kind: "finished" });
    await resumed.close();
  });

  it("goes on when the demoted server falls silent: its own answer says that it is standby", async () => {
    await prepare();
    const candidateHost = await hostOf(candidate);
    const dolt = servers({
      afterDemotion: () => bench.target.faults.freeze(old),
      async afterRole(host, role) {
        if (host === candidateHost && role === "primary") await bench.target.faults.thaw(old);
      },
    });

    const { state } = await bench.run(await bench.plan({ to: candidate }), { dolt });

    expect(state).toBe("succeeded");
    expect(await bench.identity(old)).toMatchObject({ role: "standby" });
  });

  it("routes again when somebody takes the new primary's label before the end", async () => {
    await prepare();
    const workloads = interceptedWorkloads(bench.workloads, {
      async afterLabel(pod, value) {
        if (pod.name === old && value === "standby") await bench.label(candidate, "standby");
      },
    });

    const { state } = await bench.run(await bench.plan({ to: candidate }), { workloads });

    expect(state).toBe("succeeded");
    expect(await bench.routed()).toEqual([candidate]);
  });

  it("finishes what another process left between demotion and promotion", async () => {
    await prepare();
    const plan = await bench.plan({ to: candidate });
    const first = bench.begin(plan);
    await actThrough("demote", first.steps);
    await first.close();

    const { state, steps } = await bench.run(plan, {}, true);

    expect(state).toBe("succeeded");
    expect(steps.find(({ id }) => id === "promote")?.note).toContain("both servers hold the same");
    expect(await bench.routed()).toEqual([candidate]);
  });

  async function actThrough(last: string, steps: ReturnType<FailoverBench["begin"]>["steps"]) {
    for (const step of steps) {
      await step.act(AbortSignal.timeout(20_000));
      if (step.id === last) return;
    }
    throw new Error(`there is no step ${last}`);
  }

  async function actAll(steps: ReturnType<FailoverBench["begin"]>["steps"]) {
    try {
      for (const step of steps) await step.act(AbortSignal.timeout(30_000));
    } catch (error) {
      return problemOf(error, "a failover");
    }
    throw new Error("a step was expected to fail");
  }
});
