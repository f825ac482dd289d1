import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppsV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { ClusterHandle } from "../../../../sandbox/handle.ts";
import { systemClock } from "../../../../src/adapters/clock.ts";
import type { Parameters, Plan, PlanDraft } from "../../../../src/domain/plan.ts";
import { planFrom } from "../../../../src/execution/preflight.ts";
import { type ExecutionResult, runSteps } from "../../../../src/execution/run-steps.ts";
import { repairOperation } from "../../../../src/operations/dolt/repair.ts";
import type { OperationContext, PlanResult } from "../../../../src/operations/operation.ts";
import { FailoverBench } from "../../dolt-failover/support/failover-bench.ts";

/** A repair on one target of a cluster, with the real adapters and without Slack, Redis or a lease. */
export class RepairBench {
  /** The target's servers, its labels and its faults. */
  readonly servers: FailoverBench;
  /** A folder that all servers reach, as a URL. */
  readonly saveTo: string;
  readonly #folder: string;
  readonly #kubeconfig: string;

  private constructor(servers: FailoverBench, folder: string, kubeconfig: string) {
    this.servers = servers;
    this.#kubeconfig = kubeconfig;
    this.#folder = folder;
    this.saveTo = `file://${folder}`;
  }

  static async start(cluster: ClusterHandle, name: string): Promise<RepairBench> {
    const folder = await mkdtemp(join(tmpdir(), "handover-repair-"));
    return new RepairBench(await FailoverBench.start(cluster, name), folder, cluster.kubeconfig);
  }

  pod(ordinal: number): string {
    return this.servers.pod(ordinal);
  }

  planned(parameters: Parameters = {}, changed: Partial<OperationContext> = {}): Promise<PlanResult> {
    return repairOperation.plan(this.servers.context(changed), parameters);
  }

  async draft(parameters: Parameters = {}): Promise<PlanDraft> {
    const result = await this.planned(parameters);
    if (result.kind === "refused") throw new Error(`refused: ${result.problems.map((one) => one.what).join(" ")}`);
    return result.draft;
  }

  async plan(parameters: Parameters = {}): Promise<Plan> {
    const { namespace, name } = this.servers.target;
    const about = {
      requestId: "a-test",
      operation: repairOperation.name,
      target: { cluster: "main", namespace, name, workload: name },
      requester: { teamId: "T1", userId: "U1" },
      parameters,
    };
    return planFrom(await this.draft(parameters), about, Date.now());
  }

  /** Carries it out as the executor does, under a lease that is never lost. `resumed`: as the next process would. */
  async run(plan: Plan, changed: Partial<OperationContext> = {}, resumed = false): Promise<ExecutionResult> {
    const run = repairOperation.begin(this.servers.context(changed), plan, resumed);
    const never = new AbortController().signal;
    try {
      return await runSteps({
        run,
        lease: { lost: never, assertHeld: () => undefined, confirm: async () => undefined },
        reporter: { progress: () => undefined, commit: async () => undefined },
        clock: systemClock,
        committed: resumed,
        shutdown: never,
      });
    } finally {
      await run.close();
    }
  }

  /** Carries it out up to one of its steps, and ends as a process does that loses power: before that step, or right after it. */
  async crash(
    plan: Plan,
    step: string,
    when: "before" | "after",
    changed: Partial<OperationContext> = {},
  ): Promise<void> {
    const run = repairOperation.begin(this.servers.context(changed), plan, false);
    const signal = AbortSignal.timeout(60_000);
    for (const one of run.steps) {
      if (one.id === step && when === "before") return;
      await one.act(signal);
      if (one.id === step) return;
    }
  }

  /** The rows that one statement gives. */
  async rows(ordinal: number, sql: string): Promise<Record<string, unknown>[]> {
    const { username, password } = await this.servers.credentials();
    const address = await this.servers.target.address(this.pod(ordinal));
    const connection = await createConnection({ ...address, user: username, password });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows.map((row) => ({ ...row }));
    } finally {
      connection.destroy();
    }
  }

  /** User databases of one server. */
  async databases(ordinal: number): Promise<string[]> {
    const rows = await this.rows(ordinal, "SHOW DATABASES");
    const names = rows.map((row) => String(row.Database));
    return names.filter((name) => !["information_schema", "mysql", "dolt_cluster"].includes(name)).sort();
  }

  /** Cuts every pair of servers off from one another. */
  async isolate(): Promise<void> {
    for (const [one, other] of [[0, 1] as const, [0, 2] as const, [1, 2] as const]) {
      await this.servers.target.faults.partition(this.pod(one), this.pod(other));
    }
  }

  async promote(ordinal: number, epoch: number): Promise<void> {
    await this.servers.sql(this.pod(ordinal), `CALL dolt_assume_cluster_role('primary', ${epoch})`);
  }

  async close(): Promise<void> {
    await this.servers.target.faults.heal();
    await this.#endServers();
    await this.servers.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Every test has servers of its own; those of the one before must not take the machine from them. */
  async #endServers(): Promise<void> {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(this.#kubeconfig);
    const { namespace, name } = this.servers.target;
    await kubeConfig
      .makeApiClient(AppsV1Api)
      .patchNamespacedStatefulSet(
        { namespace, name, body: { spec: { replicas: 0 } } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
  }
}
