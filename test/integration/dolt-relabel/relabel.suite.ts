import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { fail } from "../../../src/domain/errors.ts";
import type { Plan } from "../../../src/domain/plan.ts";
import { planFrom } from "../../../src/execution/preflight.ts";
import { type ExecutionResult, runSteps } from "../../../src/execution/run-steps.ts";
import { relabelOperation } from "../../../src/operations/dolt/relabel.ts";
import type { OperationContext } from "../../../src/operations/operation.ts";
import { FailoverBench } from "../dolt-failover/support/failover-bench.ts";
import { interceptedWorkloads } from "../dolt-failover/support/intercepted.ts";

/** Labels set right by the servers' own word, in each trouble in which somebody types it. */
export function relabelSuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`dolt.relabel on ${name}`, () => {
    let cluster: ClusterHandle;
    let bench: FailoverBench;

    beforeAll(async () => {
      cluster = await start();
      bench = await FailoverBench.start(cluster, "orders");
    });

    beforeEach(async () => {
      for (const pod of bench.target.pods) await bench.label(pod, pod === bench.pod(0) ? "primary" : "standby");
      for (const pod of bench.target.pods) await bench.untilIs(pod, {});
    });

    afterEach(async () => {
      await bench.target.faults.heal();
    });

    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

    const pod = (ordinal: number) => bench.pod(ordinal);

    const planned = (changed: Partial<OperationContext> = {}) => relabelOperation.plan(bench.context(changed), {});

    const plan = async (): Promise<Plan> => {
      const result = await planned();
      if (result.kind === "refused") throw new Error(`refused: ${result.problems.map((one) => one.what).join(" ")}`);
      const { namespace, name: workload } = bench.target;
      const target = { cluster: "main", namespace, name: workload, workload };
      const requester = { teamId: "T1", userId: "U1" };
      const about = { requestId: "a-test", operation: relabelOperation.name, target, requester, parameters: {} };
      return planFrom(result.draft, about, Date.now());
    };

    const run = async (
      given: Plan,
      changed: Partial<OperationContext> = {},
      resumed = false,
      shutdown = new AbortController().signal,
    ): Promise<ExecutionResult> => {
      const operationRun = relabelOperation.begin(bench.context(changed), given, resumed);
      const never = new AbortController().signal;
      try {
        return await runSteps({
          run: operationRun,
          lease: { lost: never, assertHeld: () => undefined, confirm: async () => undefined },
          reporter: { progress: () => undefined, commit: async () => undefined },
          clock: systemClock,
          committed: resumed,
          shutdown,
        });
      } finally {
        await operationRun.close();
      }
    };

    const labels = async () =>
      (await bench.workload()).pods.map(({ pod: seen }) => seen?.labels["dolthub.com/cluster_role"] ?? null);

    it("has nothing to do, and says so without asking for an approval", async () => {
      const result = await planned();

      expect(result).toMatchObject({ kind: "plan", draft: { steps: [] } });
      expect(result.kind === "plan" ? result.draft.now[0] : "").toContain("Every label says what its server says");
    });

    it("gives the label back to the primary before it is taken from a standby", async () => {
      await bench.label(pod(0), "standby");
      await bench.label(pod(1), "primary");
      const told: string[] = [];
      const workloads = interceptedWorkloads(bench.workloads, {
        beforeLabel: async ({ name: labelled }, value) => {
          told.push(`${labelled} ${value}`);
        },
      });

      const given = await plan();
      const { state, outcome } = await run(given, { workloads });

      expect(given.now).toContain(`Label of ${pod(0)}: standby → primary`);
      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      expect(told).toEqual([`${pod(0)} primary`, `${pod(1)} standby`]);
      expect(await labels()).toEqual(["primary", "standby", "standby"]);
      await bench.write(pod(0), Date.now());
    });

    it("labels every pod of a target that carries none", async () => {
      for (const name of bench.target.pods) await bench.label(name, "");

      const { state } = await run(await plan());

      expect(state).toBe("succeeded");
      expect(await labels()).toEqual(["primary", "standby", "standby"]);
    });

    it("goes on where another process died between two labels", async () => {
      for (const name of bench.target.pods) await bench.label(name, "");
      const given = await plan();
      const dying = interceptedWorkloads(bench.workloads, {
        afterLabel: async () => {
          throw new Error("the process died here");
        },
      });
      const unfinished = await run(given, { workloads: dying });

      const { state } = await run(given, {}, true);

      expect(unfinished.state).toBe("unknown");
      expect(state).toBe("succeeded");
      expect(await labels()).toEqual(["primary", "standby", "standby"]);
    });

    it("tries again while the Kubernetes API is away", async () => {
      await bench.label(pod(0), "standby");
      await bench.label(pod(1), "primary");
      let calls = 0;
      const workloads = interceptedWorkloads(bench.workloads, {
        beforeLabel: async () => {
          calls += 1;
          if (calls < 4) throw fail("kubernetes_away", { doing: "labelling", why: "ECONNRESET" });
        },
      });

      expect((await run(await plan(), { workloads })).state).toBe("succeeded");
      expect(await labels()).toEqual(["primary", "standby", "standby"]);
    });

    it("changes nothing when the roles have changed since the plan", async () => {
      await bench.label(pod(1), "primary");
      const given = await plan();
      const epoch = (await bench.identity(pod(0))).epoch;
      await bench.sql(pod(0), `CALL dolt_assume_cluster_role('primary', ${epoch + 1})`);

      const { state, outcome } = await run(given);

      expect(state).toBe("failed");
      expect(outcome.problems.map(({ code }) => code)).toEqual(["dolt_out_of_bounds"]);
      expect(await bench.routed()).toEqual([pod(0), pod(1)]);
      for (const name of [pod(1), pod(2)]) await bench.untilIs(name, { epoch: epoch + 1 });
    });

    it("routes to the primary though a standby is frozen, and leaves the frozen one's label alone", async () => {
      await bench.label(pod(0), "standby");
      await bench.label(pod(2), "");
      await bench.target.faults.freeze(pod(2));

      const given = await plan();
      const { state } = await run(given);

      expect(given.warnings.map(({ code }) => code)).toEqual([`silent:${pod(2)}`]);
      expect(state).toBe("succeeded");
      expect(await labels()).toEqual(["primary", "standby", ""]);
    });

    it("refuses while the pod that carries the primary's label is frozen, and names what to do", async () => {
      await bench.label(pod(0), "standby");
      await bench.label(pod(2), "primary");
      await bench.target.faults.freeze(pod(2));

      const result = await planned({ surface: "terminal" });

      expect(result).toMatchObject({ kind: "refused", problems: [{ code: "dolt_labels_undecided" }] });
      expect(await bench.routed()).toEqual([pod(2)]);
    });

    it("refuses a broken configuration, and names repair as it is typed there", async () => {
      for (const other of [1, 2]) await bench.target.faults.partition(pod(0), pod(other));
      const { epoch } = await bench.identity(pod(0));
      for (const ordinal of [0, 1]) {
        await bench.sql(pod(ordinal), `CALL dolt_assume_cluster_role('primary', ${epoch + 5})`);
      }
      const apart = await planned({ surface: "slack" });
      await bench.target.faults.heal();
      await bench.untilIs(pod(0), { role: "detected_broken_config" });
      const met = await planned({ surface: "terminal" });

      const next = (result: typeof met) => (result.kind === "refused" ? result.problems.map((one) => one.next) : []);
      expect(next(apart).join(" ")).toContain("/dolt repair orders");
      expect(next(met).join(" ")).toContain("npx handover dolt repair shop/orders");
      expect(await bench.routed()).toEqual([pod(0)]);
    });
  });
}
