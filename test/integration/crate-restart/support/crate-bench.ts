import { AppsV1Api, BatchV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import type { SandboxCluster } from "../../../../sandbox/cluster.ts";
import type { CrateTarget, CrateTargetSpec } from "../../../../sandbox/crate-target.ts";
import { systemClock } from "../../../../src/adapters/clock.ts";
import { HttpCrateServers } from "../../../../src/adapters/cratedb/crate-servers.ts";
import { KubernetesApi } from "../../../../src/adapters/kubernetes/api.ts";
import { KubernetesCrateClusters } from "../../../../src/adapters/kubernetes/crate-clusters.ts";
import { PooledKubeConfig } from "../../../../src/adapters/kubernetes/pooled-kube-config.ts";
import { KubernetesWorkloads } from "../../../../src/adapters/kubernetes/workloads.ts";
import type { Parameters, Plan } from "../../../../src/domain/plan.ts";
import { planFrom } from "../../../../src/execution/preflight.ts";
import { type ExecutionResult, runSteps } from "../../../../src/execution/run-steps.ts";
import type { Operation, OperationContext, PlanResult } from "../../../../src/operations/operation.ts";
import type { CrateClusterView } from "../../../../src/ports/crate-clusters.ts";
import type { CrateState, TableHealth } from "../../../../src/ports/crate-servers.ts";
import { noCluster } from "../../../support/no-cluster.ts";

const namespace = "db";
const settleDeadlineMs = 30_000;

/** An operation on one simulated CrateDB cluster, with the real adapters and without Slack, Redis or a lease. */
export class CrateBench {
  readonly target: CrateTarget;
  readonly apps: AppsV1Api;
  readonly batch: BatchV1Api;
  readonly core: CoreV1Api;
  readonly #api: KubernetesApi;
  readonly #context: Omit<OperationContext, "signal">;

  private constructor(kubeconfig: string, target: CrateTarget) {
    this.target = target;
    const pooled = new PooledKubeConfig();
    pooled.loadFromString(kubeconfig);
    this.#api = new KubernetesApi(pooled);
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(kubeconfig);
    this.apps = kubeConfig.makeApiClient(AppsV1Api);
    this.batch = kubeConfig.makeApiClient(BatchV1Api);
    this.core = kubeConfig.makeApiClient(CoreV1Api);
    this.#context = {
      ...noCluster,
      target: { namespace, workload: target.name },
      targetName: target.name,
      workloads: new KubernetesWorkloads(this.#api, { cluster: "main", namespaces: [namespace] }),
      crate: new HttpCrateServers(),
      crateClusters: new KubernetesCrateClusters(this.#api),
      clock: systemClock,
      surface: "terminal",
    };
  }

  static async start(
    cluster: Pick<SandboxCluster, "kubeconfig" | "createCrateTarget">,
    name: string,
    spec: Omit<CrateTargetSpec, "namespace" | "name">,
  ): Promise<CrateBench> {
    return new CrateBench(cluster.kubeconfig, await cluster.createCrateTarget({ namespace, name, ...spec }));
  }

  context(changed: Partial<OperationContext> = {}): OperationContext {
    return { ...this.#context, signal: AbortSignal.timeout(240_000), ...changed };
  }

  planned(operation: Operation, parameters: Parameters = {}): Promise<PlanResult> {
    return operation.plan(this.context(), parameters);
  }

  async plan(operation: Operation, parameters: Parameters = {}): Promise<Plan> {
    const result = await this.planned(operation, parameters);
    if (result.kind === "refused") throw new Error(`refused: ${result.problems.map(({ what }) => what).join(" ")}`);
    const { name } = this.target;
    const head = {
      requestId: "a-test",
      operation: operation.name,
      target: { cluster: "main", namespace, name, workload: name },
      requester: { teamId: "T1", userId: "U1" },
      parameters,
    };
    return planFrom(result.draft, head, Date.now());
  }

  /** Carries it out as the executor does, under a lease that is never lost. */
  async run(
    operation: Operation,
    plan: Plan,
    { resumed = false, ...changed }: Partial<OperationContext> & { readonly resumed?: boolean } = {},
  ): Promise<ExecutionResult> {
    const run = operation.begin(this.context(changed), plan, resumed);
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

  async view(): Promise<CrateClusterView> {
    const { crateClusters, target, signal } = this.context();
    const view = await crateClusters.look(target, signal);
    if (view === null) throw new Error("the cluster is gone");
    return view;
  }

  async uids(): Promise<ReadonlyMap<string, string>> {
    const { sets } = await this.view();
    return new Map(sets.flatMap(({ pods }) => pods.map(({ name, pod }) => [name, pod?.uid ?? "missing"] as const)));
  }

  /** As the super user sees it. */
  async asked(): Promise<{ state: CrateState; health: TableHealth[]; nodes: string[] }> {
    const database = this.context().crate.open(await this.target.addresses(), this.target.access);
    try {
      const options = { deadlineMs: 5_000, signal: this.context().signal };
      const [state, health, nodes] = await Promise.all([
        database.state(options),
        database.health(options),
        database.nodes(options),
      ]);
      return { state, health, nodes: nodes.map(({ name }) => name).toSorted() };
    } finally {
      await database.close();
    }
  }

  async createBackupJob(name: string, suspend: boolean): Promise<void> {
    const labels = { "app.kubernetes.io/component": "backup", "app.kubernetes.io/name": this.target.name };
    const template = {
      spec: { restartPolicy: "Never", containers: [{ name: "backup", image: "backup", imagePullPolicy: "Never" }] },
    };
    await this.batch.createNamespacedCronJob({
      namespace,
      body: {
        metadata: { name, labels },
        spec: { schedule: "0 3 * * *", suspend, jobTemplate: { spec: { template } } },
      },
    });
  }

  /** Each CronJob as it is, with what Handover writes on it. */
  async cronJobs(): Promise<unknown[]> {
    const { items } = await this.batch.listNamespacedCronJob({ namespace });
    return items
      .filter(({ metadata }) => metadata?.labels?.["app.kubernetes.io/name"] === this.target.name)
      .map(({ metadata, spec }) => ({
        name: metadata?.name,
        suspend: spec?.suspend ?? false,
        annotations: metadata?.annotations ?? {},
      }));
  }

  async until(what: string, ask: () => Promise<boolean>): Promise<void> {
    const signal = AbortSignal.timeout(settleDeadlineMs);
    while (!(await ask())) {
      if (signal.aborted) throw new Error(`waited in vain until ${what}`);
      await systemClock.sleep(50);
    }
  }

  async close(): Promise<void> {
    await this.#api.close();
  }
}
