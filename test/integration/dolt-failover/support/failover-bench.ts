import { isDeepStrictEqual } from "node:util";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { ClusterHandle, DoltTarget, DoltTargetSpec } from "../../../../sandbox/handle.ts";
import { systemClock } from "../../../../src/adapters/clock.ts";
import { MysqlDoltServers } from "../../../../src/adapters/dolt/dolt-servers.ts";
import { KubernetesApi } from "../../../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../../../src/adapters/kubernetes/pooled-kube-config.ts";
import { KubernetesWorkloads } from "../../../../src/adapters/kubernetes/workloads.ts";
import type { Parameters, Plan, PlanDraft } from "../../../../src/domain/plan.ts";
import { planFrom } from "../../../../src/execution/preflight.ts";
import { type ExecutionResult, runSteps } from "../../../../src/execution/run-steps.ts";
import type { SafePoints } from "../../../../src/execution/safe-point.ts";
import { failoverOperation } from "../../../../src/operations/dolt/failover.ts";
import type { Operation, OperationContext, OperationRun, PlanResult } from "../../../../src/operations/operation.ts";
import type { DoltIdentity, DoltServers } from "../../../../src/ports/dolt-servers.ts";
import type { Workloads, WorkloadView } from "../../../../src/ports/workloads.ts";
import { noCluster } from "../../../support/no-cluster.ts";

const database = "app";
const roleLabel = "dolthub.com/cluster_role";
const settleDeadlineMs = 30_000;

/** An operation, a failover where none is named, on one target of a cluster, with the real adapters and without Slack, Redis or a lease. */
export class FailoverBench {
  readonly target: DoltTarget;
  readonly operation: Operation;
  readonly workloads: Workloads;
  readonly dolt: DoltServers = new MysqlDoltServers();
  readonly core: CoreV1Api;
  readonly #api: KubernetesApi;

  private constructor(cluster: ClusterHandle, target: DoltTarget, operation: Operation) {
    this.target = target;
    this.operation = operation;
    const pooled = new PooledKubeConfig();
    pooled.loadFromString(cluster.kubeconfig);
    this.#api = new KubernetesApi(pooled);
    this.workloads = new KubernetesWorkloads(this.#api, { cluster: "main", namespaces: [target.namespace] });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    this.core = kubeConfig.makeApiClient(CoreV1Api);
  }

  static async start(
    cluster: ClusterHandle,
    name: string,
    { operation = failoverOperation, ...spec }: Partial<DoltTargetSpec> & { operation?: Operation } = {},
  ): Promise<FailoverBench> {
    const whole = { namespace: "shop", name, replicas: 3, databases: [database], ...spec };
    return new FailoverBench(cluster, await cluster.createDoltTarget(whole), operation);
  }

  pod(ordinal: number): string {
    return `${this.target.name}-${ordinal}`;
  }

  context(changed: Partial<OperationContext> = {}): OperationContext {
    const { namespace, name } = this.target;
    return {
      target: { namespace, workload: name },
      targetName: name,
      workloads: this.workloads,
      dolt: this.dolt,
      crate: noCluster.crate,
      crateClusters: noCluster.crateClusters,
      clock: systemClock,
      signal: AbortSignal.timeout(240_000),
      ...changed,
    };
  }

  planned(parameters: Parameters = {}, context = this.context()): Promise<PlanResult> {
    return this.operation.plan(context, parameters);
  }

  async plan(parameters: Parameters = {}): Promise<Plan> {
    const result = await this.planned(parameters);
    if (result.kind === "refused") throw new Error(`refused: ${result.problems.map((one) => one.what).join(" ")}`);
    return this.#wholePlan(result.draft, parameters);
  }

  begin(plan: Plan, changed: Partial<OperationContext> = {}, resumed = false): OperationRun {
    return this.operation.begin(this.context(changed), plan, resumed);
  }

  /** Carries it out as the executor does, under a lease that is never lost. */
  async run(
    plan: Plan,
    changed: Partial<OperationContext> = {},
    resumed = false,
    safePoints?: SafePoints,
  ): Promise<ExecutionResult> {
    const run = this.begin(plan, changed, resumed);
    const never = new AbortController().signal;
    try {
      return await runSteps({
        run,
        lease: { lost: never, assertHeld: () => undefined, confirm: async () => undefined },
        reporter: { progress: () => undefined, commit: async () => undefined },
        clock: systemClock,
        committed: resumed,
        ...(safePoints === undefined ? {} : { safePoints }),
        shutdown: never,
      });
    } finally {
      await run.close();
    }
  }

  async workload(): Promise<WorkloadView> {
    const { target, signal } = this.context();
    const view = await this.workloads.look(target, signal);
    if (view === null) throw new Error("the workload is gone");
    return view;
  }

  /** Pods that carry the primary's label. */
  async routed(): Promise<string[]> {
    const { pods } = await this.workload();
    return pods.filter(({ pod }) => pod?.labels[roleLabel] === "primary").map(({ name }) => name);
  }

  async identity(pod: string): Promise<DoltIdentity> {
    const options = { deadlineMs: 2_000, signal: AbortSignal.timeout(5_000) };
    const address = { ...(await this.target.address(pod)), ...(await this.credentials()) };
    const session = await this.dolt.connect(address, options);
    try {
      return await session.identity(options);
    } finally {
      session.close();
    }
  }

  /** When a standby last heard of its primary, by its own clock, in milliseconds. */
  async heardAtMs(pod: string): Promise<number> {
    const options = { deadlineMs: 2_000, signal: AbortSignal.timeout(5_000) };
    const address = { ...(await this.target.address(pod)), ...(await this.credentials()) };
    const session = await this.dolt.connect(address, options);
    try {
      const rows = await session.replication(options);
      return Math.max(...rows.map(({ lastUpdateMs }) => lastUpdateMs ?? 0));
    } finally {
      session.close();
    }
  }

  /** Waits until a server says this of itself. */
  async untilIs(pod: string, expected: Partial<DoltIdentity>): Promise<void> {
    await this.until(`${pod} is ${JSON.stringify(expected)}`, async () => {
      const identity = await this.identity(pod).catch(() => null);
      return identity !== null && isDeepStrictEqual({ ...identity, ...expected }, identity);
    });
  }

  async until(what: string, ask: () => Promise<boolean>): Promise<void> {
    const signal = AbortSignal.timeout(settleDeadlineMs);
    while (!(await ask())) {
      if (signal.aborted) throw new Error(`waited in vain until ${what}`);
      await systemClock.sleep(50);
    }
  }

  async write(pod: string, id: number): Promise<void> {
    await this.#query(pod, `INSERT INTO ${database}.t VALUES (${id}, 'written')`);
  }

  async ids(pod: string): Promise<number[]> {
    const rows = await this.#query(pod, `SELECT id FROM ${database}.t ORDER BY id`);
    return rows.map((row) => Number(row.id));
  }

  async sql(pod: string, statement: string): Promise<void> {
    await this.#query(pod, statement);
  }

  /** The role labels of all pods, in their order. */
  async roleLabels(): Promise<string[]> {
    const { pods } = await this.workload();
    return pods.map(({ pod }) => pod?.labels[roleLabel] ?? "none");
  }

  async credentials(): Promise<{ username: string; password: string }> {
    const found = await this.workloads.credentials(await this.workload(), this.context().signal);
    if (found === null) throw new Error("the target has no credentials");
    return found;
  }

  /** Changes a label beside Handover. */
  async label(pod: string, value: string): Promise<void> {
    const uid = (await this.workload()).pods.find(({ name }) => name === pod)?.pod?.uid ?? "";
    const reference = { namespace: this.target.namespace, name: pod, uid };
    await this.workloads.labelPod(reference, roleLabel, value, this.context().signal);
  }

  async close(): Promise<void> {
    await this.#api.close();
  }

  async #query(pod: string, sql: string): Promise<RowDataPacket[]> {
    const { username, password } = await this.credentials();
    const connection = await createConnection({ ...(await this.target.address(pod)), user: username, password });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows;
    } finally {
      connection.destroy();
    }
  }

  #wholePlan(draft: PlanDraft, parameters: Parameters): Plan {
    const { namespace, name } = this.target;
    return planFrom(
      draft,
      {
        requestId: "a-test",
        operation: this.operation.name,
        target: { cluster: "main", namespace, name, workload: name },
        requester: { teamId: "T1", userId: "U1" },
        parameters,
      },
      Date.now(),
    );
  }
}
