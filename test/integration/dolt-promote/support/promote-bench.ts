import { type Connection, createConnection } from "mysql2/promise";
import type { ClusterHandle } from "../../../../sandbox/handle.ts";
import { systemClock } from "../../../../src/adapters/clock.ts";
import { changedFacts, type Parameters, type Plan } from "../../../../src/domain/plan.ts";
import { planFrom } from "../../../../src/execution/preflight.ts";
import { type ExecutionResult, runSteps } from "../../../../src/execution/run-steps.ts";
import { promoteOperation } from "../../../../src/operations/dolt/promote.ts";
import type { OperationContext, OperationRun, PlanResult } from "../../../../src/operations/operation.ts";
import { DoltError, type DoltServers } from "../../../../src/ports/dolt-servers.ts";
import type { Workloads } from "../../../../src/ports/workloads.ts";
import { FailoverBench } from "../../dolt-failover/support/failover-bench.ts";
import { interceptedWorkloads } from "../../dolt-failover/support/intercepted.ts";

/** A promotion on one target of a cluster, with the real adapters and without Slack, Redis or a lease. */
export class PromoteBench {
  /** What there is to see and to do on the target, whatever operation runs. */
  readonly at: FailoverBench;

  private constructor(at: FailoverBench) {
    this.at = at;
  }

  static async start(cluster: ClusterHandle, name: string): Promise<PromoteBench> {
    return new PromoteBench(await FailoverBench.start(cluster, name));
  }

  pod(ordinal: number): string {
    return this.at.pod(ordinal);
  }

  planned(parameters: Parameters = {}, changed: Partial<OperationContext> = {}, approved?: Plan): Promise<PlanResult> {
    return promoteOperation.plan(this.at.context(changed), parameters, approved);
  }

  /** Which facts have changed since this plan was approved. */
  async changesSince(plan: Plan): Promise<string[]> {
    const now = await this.planned(plan.parameters, {}, plan);
    return now.kind === "plan" ? changedFacts(plan, now.draft) : now.problems.map(({ what }) => what);
  }

  async plan(parameters: Parameters = {}, changed: Partial<OperationContext> = {}): Promise<Plan> {
    const result = await this.planned(parameters, changed);
    if (result.kind === "refused") throw new Error(`refused: ${result.problems.map((one) => one.what).join(" ")}`);
    const { namespace, name } = this.at.target;
    const about = {
      requestId: "a-test",
      operation: promoteOperation.name,
      target: { cluster: "main", namespace, name, workload: name },
      requester: { teamId: "T1", userId: "U1" },
      parameters,
    };
    return planFrom(result.draft, about, Date.now());
  }

  /** Codes of what forbids it; empty when it is planned. */
  async refusals(parameters: Parameters = {}, changed: Partial<OperationContext> = {}): Promise<string[]> {
    const result = await this.planned(parameters, changed);
    return result.kind === "refused" ? result.problems.map(({ code }) => code) : [];
  }

  begin(plan: Plan, changed: Partial<OperationContext> = {}, resumed = false): OperationRun {
    return promoteOperation.begin(this.at.context(changed), plan, resumed);
  }

  /** Carries it out as the executor does, under a lease that is never lost. */
  async run(plan: Plan, changed: Partial<OperationContext> = {}, resumed = false): Promise<ExecutionResult> {
    const run = this.begin(plan, changed, resumed);
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

  /** Its container dies at once after each start, and was seen ended. */
  async end(pod: string): Promise<void> {
    await this.at.target.faults.crashLoop(pod, true);
    await this.at.until(`the container of ${pod} was seen ended`, async () => {
      const { pods } = await this.at.workload();
      return pods.find(({ name }) => name === pod)?.pod?.container.state === "stopped";
    });
  }

  /** Its pod is gone as far as Handover sees, as on a node that was lost; whatever ran there has ended. */
  withoutPod(missing: string): Workloads {
    return interceptedWorkloads(this.at.workloads, {
      seen: (view) => ({
        ...view,
        pods: view.pods.map(({ name, pod }) => ({ name, pod: name === missing ? null : pod })),
      }),
    });
  }

  /** Runs statements on one connection to the database of the target. */
  async sql(pod: string, ...statements: readonly string[]): Promise<void> {
    const connection = await this.connect(pod);
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      connection.destroy();
    }
  }

  async connect(pod: string): Promise<Connection> {
    const { username, password } = await this.at.credentials();
    const address = await this.at.target.address(pod);
    const connection = await createConnection({ ...address, user: username, password, database: "app" });
    connection.on("error", () => undefined);
    return connection;
  }

  /** Waits until a standby has these rows. */
  async untilHolds(pod: string, ids: readonly number[]): Promise<void> {
    await this.at.until(`${pod} holds ${ids.join(", ")}`, async () => {
      const held = await this.at.ids(pod);
      return ids.every((id) => held.includes(id));
    });
  }

  /** Servers as Handover reaches them when the network to this one is cut for it alone. */
  async cutOffFrom(pod: string): Promise<DoltServers> {
    const { host } = await this.at.target.address(pod);
    return {
      connect: async (address, options) => {
        if (address.host === host) throw new DoltError("unreachable", "connect ETIMEDOUT");
        return await this.at.dolt.connect(address, options);
      },
    };
  }

  async close(): Promise<void> {
    await this.at.close();
  }
}
