import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import type { Parameters } from "../../../src/domain/plan.ts";
import type { OperationContext } from "../../../src/operations/operation.ts";
import { DoltError, type DoltSession, type ReplicationRow } from "../../../src/ports/dolt-servers.ts";
import type { WorkloadView } from "../../../src/ports/workloads.ts";
import { plainAccess } from "../../support/plain-access.ts";
import { FailoverBench } from "./support/failover-bench.ts";

/** What is refused beforehand, and what is chosen; nothing here changes a server. */
describe("the preflight of a failover", () => {
  let cluster: SandboxCluster;
  let bench: FailoverBench;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    bench = await FailoverBench.start(cluster, "orders");
  });

  afterAll(async () => {
    await bench?.close();
    await cluster?.close();
  });

  afterEach(async () => {
    await bench.target.faults.heal();
  });

  async function refusal(parameters: Parameters = {}, changed: Partial<OperationContext> = {}): Promise<string> {
    const result = await bench.planned(parameters, bench.context(changed));
    if (result.kind === "plan") throw new Error("it was expected to be refused");
    return result.problems.map(({ code, what }) => `${code}: ${what}`).join("\n");
  }

  async function candidate(parameters: Parameters, changed: Partial<OperationContext> = {}): Promise<string> {
    const result = await bench.planned(parameters, bench.context(changed));
    if (result.kind === "refused") throw new Error(result.problems.map(({ what }) => what).join("\n"));
    return result.draft.now.find((line) => line.startsWith("Candidate")) ?? "none";
  }

  it("takes the standby asked for, not the one to be avoided, and any while the bound of lag allows it", async () => {
    expect(await candidate({ to: "orders-2" })).toMatch(/^Candidate orders-2/);
    expect(await candidate({ avoid: "orders-1" })).toMatch(/^Candidate orders-2/);
    expect(await candidate({ avoid: "orders-2" })).toMatch(/^Candidate orders-1/);
    expect(await candidate({ expectedPrimary: "orders-0", maxLagMs: 1 })).toMatch(/^Candidate orders-/);
  });

  it.each<[Parameters, RegExp]>([
    [{ expectedPrimary: "orders-1" }, /^dolt_primary_not_expected: The primary is orders-0, not orders-1/],
    [{ to: "orders-0" }, /^dolt_candidate_is_primary/],
    [{ to: "orders-9" }, /^dolt_candidate_unknown: orders-9/],
    [{ avoid: "billing-0" }, /^dolt_candidate_unknown: billing-0/],
    [{ to: "orders-1", avoid: "orders-1" }, /^dolt_no_candidate.*orders-1: to be avoided.*orders-2: not orders-1/s],
    [{ minCaughtUp: 3 }, /^dolt_bound_too_high: 3 standbys must be caught up, and this target has only 2/],
  ])("refuses %j", async (parameters, reason) => {
    expect(await refusal(parameters)).toMatch(reason);
  });

  it("refuses while a server is silent: it could be a primary", async () => {
    await bench.target.faults.freeze("orders-2");

    expect(await refusal()).toMatch(/dolt_other_primary_possible: orders-2 do not answer, and no container/);
  });

  it("refuses a standby that lags more than the bound, and says how much", async () => {
    await bench.target.faults.partition("orders-0", "orders-1");
    await bench.write("orders-0", 1);

    expect(await refusal({ to: "orders-1", maxLagMs: 1 })).toMatch(/dolt_no_candidate.*orders-1: (lag|replication)/s);
  });

  it("refuses a login that the servers refuse", async () => {
    const wrong = { ...workloads(), credentials: async () => ({ ...plainAccess, password: "wrong" }) };

    expect(await refusal({}, { workloads: wrong })).toMatch(/dolt_credentials: orders-0 answers/);
  });

  it("refuses while the StatefulSet's controller may still delete pods, and not below its partition", async () => {
    const rolling = (changed: Partial<WorkloadView>) => ({
      ...workloads(),
      look: async () => ({ ...(await bench.workload()), updateRevision: "newer", ...changed }),
    });

    expect(await refusal({}, { workloads: rolling({ rollsFromOrdinal: 2 }) })).toMatch(/^dolt_rollout_running/);
    expect(await refusal({}, { workloads: rolling({ rollsFromOrdinal: 3 }) })).toMatch(/^dolt_no_candidate.*revision/);
  });

  describe("when the primary can say no lag and nothing fails", () => {
    it("compares states, and takes a standby whose state is equal", async () => {
      expect(await candidate({ to: "orders-1" }, { dolt: withoutLag() })).toBe(
        "Candidate orders-1: lag unknown, states equal",
      );
    });

    it("refuses one whose state differs, or cannot be read", async () => {
      const differing = withoutLag((session) => ({
        ...session,
        dataState: async () => ({ databases: { app: String(Math.random()) }, users: "u", branchControl: "b" }),
      }));
      const unreadable = withoutLag((session) => ({
        ...session,
        dataState: async () => {
          throw new DoltError("unknown", "no answer");
        },
      }));

      expect(await refusal({}, { dolt: differing })).toMatch(
        /lag of app is unknown.*it differs from the primary in database app/,
      );
      expect(await refusal({}, { dolt: unreadable })).toMatch(
        /lag of app is unknown.*could not be compared \(orders-0: no answer\)/,
      );
    });
  });

  describe("when there is not one primary, and the newest", () => {
    const cut = async () => {
      await bench.target.faults.partition("orders-0", "orders-1");
      await bench.target.faults.partition("orders-0", "orders-2");
      await bench.target.faults.partition("orders-1", "orders-2");
    };
    const assume = async (ordinal: number, role: "primary" | "standby", epoch: number) =>
      bench.sql(`orders-${ordinal}`, `CALL dolt_assume_cluster_role('${role}', ${epoch})`);

    it("refuses each, one after the other on servers cut off from one another", async () => {
      await cut();
      await assume(2, "standby", 5);
      expect(await refusal()).toMatch(/^dolt_epochs_apart/);
      await assume(1, "primary", 6);
      expect(await refusal()).toMatch(
        /^dolt_many_primaries: .*orders-0 is primary at epoch 1.*orders-1 is primary at epoch 6/,
      );

      await assume(0, "primary", 6);
      await bench.target.faults.heal();
      await bench.until("they met at one epoch", async () => (await bench.identity("orders-0")).role !== "primary");
      expect(await refusal()).toMatch(/dolt_broken_config: .*\ndolt_no_primary/);

      await assume(0, "primary", 9);
      for (const ordinal of [1, 2]) await bench.untilIs(`orders-${ordinal}`, { role: "standby", epoch: 9 });
      await bench.sql("orders-0", "CALL dolt_cluster_transition_to_standby(10, 0)");
      expect(await refusal()).toMatch(/^dolt_no_primary: No server is primary: orders-0 is standby at epoch 10/);
    });
  });

  const workloads = () => ({
    targets: (signal: AbortSignal) => bench.workloads.targets(signal),
    marks: () => never(),
    freezes: () => never(),
    look: async (): Promise<WorkloadView | null> => await bench.workload(),
    labelPod: () => never(),
    evictPod: () => never(),
    events: () => never(),
    podLog: () => never(),
    surroundings: () => never(),
    scaling: bench.workloads.scaling,
    rollouts: bench.workloads.rollouts,
    credentials: (view: WorkloadView, signal: AbortSignal) => bench.workloads.credentials(view, signal),
  });

  /** Servers whose status says no lag, as after a promotion or a restart. */
  function withoutLag(change: (session: DoltSession) => DoltSession = (session) => session) {
    const unknown = (row: ReplicationRow): ReplicationRow => ({ ...row, lagMs: null, lastUpdateMs: null });
    return {
      async connect(...args: globalThis.Parameters<FailoverBench["dolt"]["connect"]>): Promise<DoltSession> {
        const real = await bench.dolt.connect(...args);
        const session: DoltSession = {
          identity: (options) => real.identity(options),
          databases: (options) => real.databases(options),
          replication: async (options) => (await real.replication(options)).map(unknown),
          privileges: (options) => real.privileges(options),
          details: (options) => real.details(options),
          dataState: (options) => real.dataState(options),
          assumeRole: (role, epoch, options) => real.assumeRole(role, epoch, options),
          transitionToStandby: (epoch, minCaughtUp, options) => real.transitionToStandby(epoch, minCaughtUp, options),
          evidence: real.evidence,
          backups: real.backups,
          close: () => real.close(),
        };
        return change(session);
      },
    };
  }
});

function never(): never {
  throw new Error("a preflight changes nothing");
}
