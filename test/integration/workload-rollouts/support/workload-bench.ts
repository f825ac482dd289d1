import {
  AppsV1Api,
  AutoscalingV2Api,
  CoreV1Api,
  KubeConfig,
  PatchStrategy,
  PolicyV1Api,
  setHeaderOptions,
  type V1DaemonSetSpec,
  type V1DeploymentSpec,
  type V1ObjectMeta,
  type V1PodTemplateSpec,
  type V1StatefulSetSpec,
} from "@kubernetes/client-node";
import { NodeAgent } from "../../../../sandbox/node-agent/agent.ts";
import { makeTempFolder } from "../../../../sandbox/temp-folder.ts";
import { systemClock } from "../../../../src/adapters/clock.ts";
import { KubernetesApi } from "../../../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../../../src/adapters/kubernetes/pooled-kube-config.ts";
import { KubernetesWorkloads } from "../../../../src/adapters/kubernetes/workloads.ts";
import type { Parameters, Plan } from "../../../../src/domain/plan.ts";
import type { WorkloadKind } from "../../../../src/domain/target.ts";
import { planFrom, preflight } from "../../../../src/execution/preflight.ts";
import { type ExecutionResult, runSteps } from "../../../../src/execution/run-steps.ts";
import type { SafePoints } from "../../../../src/execution/safe-point.ts";
import type { Operation, OperationContext, PlanResult } from "../../../../src/operations/operation.ts";
import type { RolloutView } from "../../../../src/ports/rollouts.ts";
import type { TargetReference, Workloads } from "../../../../src/ports/workloads.ts";
import { noCluster } from "../../../support/no-cluster.ts";
import { until } from "../../../support/until.ts";
import { PlainRuntime } from "./plain-runtime.ts";

export const namespace = "shop";

/** An API server with its controllers; whose does not matter. */
export interface ApiUnderTest {
  readonly kubeconfig: string;
  kubeconfigFor(user: string, groups: readonly string[]): string;
  close(): Promise<void>;
}

export interface WorkloadSpec {
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly replicas?: number;
  readonly metadata?: V1ObjectMeta;
  readonly spec?: Partial<V1DeploymentSpec & V1StatefulSetSpec & V1DaemonSetSpec>;
  /** Requests of its container. */
  readonly requests?: Record<string, string>;
  readonly image?: string;
}

/** Ordinary workloads on one node whose containers do as the test says, and the operations on them without Slack, Redis or a lease. */
export class WorkloadBench {
  readonly runtime: PlainRuntime;
  readonly workloads: Workloads;
  readonly apps: AppsV1Api;
  readonly core: CoreV1Api;
  readonly policy: PolicyV1Api;
  readonly autoscaling: AutoscalingV2Api;
  readonly api: ApiUnderTest;
  readonly #close: () => Promise<void>;

  private constructor(
    api: ApiUnderTest,
    admin: KubeConfig,
    runtime: PlainRuntime,
    pooled: KubernetesApi,
    close: () => Promise<void>,
  ) {
    this.api = api;
    this.runtime = runtime;
    this.workloads = new KubernetesWorkloads(pooled, { cluster: "main", namespaces: [namespace] });
    this.apps = admin.makeApiClient(AppsV1Api);
    this.core = admin.makeApiClient(CoreV1Api);
    this.policy = admin.makeApiClient(PolicyV1Api);
    this.autoscaling = admin.makeApiClient(AutoscalingV2Api);
    this.#close = close;
  }

  static async start(startApi: () => Promise<ApiUnderTest>): Promise<WorkloadBench> {
    const undo: (() => Promise<void>)[] = [];
    const close = async () => {
      for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
    };
    try {
      const api = await startApi();
      undo.push(() => api.close());
      const folder = await makeTempFolder("handover-workloads-");
      undo.push(() => folder.remove());
      const admin = new KubeConfig();
      admin.loadFromString(api.kubeconfig);
      await admin.makeApiClient(CoreV1Api).createNamespace({ body: { metadata: { name: namespace } } });
      const runtime = new PlainRuntime();
      const restartTimes = { firstWaitMs: 100, longestWaitMs: 400, forgetAfterMs: 60_000 };
      const agent = await NodeAgent.start({ kubeConfig: admin, runtime, folder: folder.path, restartTimes });
      undo.push(() => agent.close());
      const pooled = new PooledKubeConfig();
      pooled.loadFromString(api.kubeconfig);
      const kubernetes = new KubernetesApi(pooled);
      undo.push(() => kubernetes.close());
      return new WorkloadBench(api, admin, runtime, kubernetes, close);
    } catch (error) {
      await close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Creates it, and waits until all of its pods are ready. */
  async create(given: WorkloadSpec): Promise<TargetReference> {
    const target = await this.createUnready(given);
    await this.untilReady(target);
    return target;
  }

  async createUnready({
    name,
    kind,
    replicas = 3,
    metadata,
    spec,
    requests,
    image,
  }: WorkloadSpec): Promise<TargetReference> {
    const labels = { app: name };
    const annotations = { "handover.dev/engine": "kubernetes", ...metadata?.annotations };
    const template: V1PodTemplateSpec = {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: "app",
            image: image ?? "example.test/app:1",
            command: ["app"],
            readinessProbe: { exec: { command: ["true"] }, periodSeconds: 1 },
            ...(requests === undefined ? {} : { resources: { requests } }),
          },
        ],
      },
    };
    const common = { selector: { matchLabels: labels }, template };
    const whole = { ...metadata, name, annotations };
    switch (kind) {
      case "StatefulSet":
        await this.apps.createNamespacedStatefulSet({
          namespace,
          body: { metadata: whole, spec: { ...common, serviceName: name, replicas, ...spec } },
        });
        break;
      case "Deployment":
        await this.apps.createNamespacedDeployment({
          namespace,
          body: { metadata: whole, spec: { ...common, replicas, ...spec } },
        });
        break;
      case "DaemonSet":
        await this.apps.createNamespacedDaemonSet({
          namespace,
          body: { metadata: whole, spec: { ...common, ...spec } },
        });
        break;
    }
    return { namespace, workload: name, ...(kind === "StatefulSet" ? {} : { kind }) };
  }

  async untilReady(target: TargetReference): Promise<RolloutView> {
    return await until(`${target.workload} is ready`, async () => {
      const view = await this.view(target);
      return view.isRolled &&
        view.wanted > 0 &&
        view.pods.length === view.wanted &&
        view.pods.every(({ ready }) => ready)
        ? view
        : undefined;
    });
  }

  async view(target: TargetReference): Promise<RolloutView> {
    const view = await this.workloads.rollouts.look(target, AbortSignal.timeout(10_000));
    if (view === null) throw new Error(`${target.workload} is gone`);
    return view;
  }

  /** Changes it beside Handover, by a merge patch. */
  async patch({ workload: name, kind }: TargetReference, body: object): Promise<void> {
    const options = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    const request = { name, namespace, body };
    if (kind === "Deployment") await this.apps.patchNamespacedDeployment(request, options);
    else if (kind === "DaemonSet") await this.apps.patchNamespacedDaemonSet(request, options);
    else await this.apps.patchNamespacedStatefulSet(request, options);
  }

  context(target: TargetReference, changed: Partial<OperationContext> = {}): OperationContext {
    return {
      ...noCluster,
      target,
      targetName: target.workload,
      workloads: this.workloads,
      clock: systemClock,
      signal: AbortSignal.timeout(240_000),
      ...changed,
    };
  }

  planned(operation: Operation, target: TargetReference, parameters: Parameters = {}): Promise<PlanResult> {
    return preflight(operation, this.context(target), parameters);
  }

  /** The codes of what refuses it. */
  async refusals(operation: Operation, target: TargetReference, parameters: Parameters = {}): Promise<string[]> {
    const result = await this.planned(operation, target, parameters);
    return result.kind === "refused" ? result.problems.map(({ code }) => code) : [];
  }

  async plan(operation: Operation, target: TargetReference, parameters: Parameters = {}): Promise<Plan> {
    const result = await this.planned(operation, target, parameters);
    if (result.kind === "refused") throw new Error(`refused: ${result.problems.map(({ what }) => what).join(" ")}`);
    const about = {
      requestId: "a-test",
      operation: operation.name,
      target: { cluster: "main", name: target.workload, ...target },
      requester: { teamId: "T1", userId: "U1" },
      parameters,
    };
    return planFrom(result.draft, about, Date.now());
  }

  /** Carries it out as the executor does, under a lease that is never lost. */
  async run(
    operation: Operation,
    target: TargetReference,
    plan: Plan,
    { workloads = this.workloads, resumed = false, safePoints }: RunOptions = {},
  ): Promise<ExecutionResult> {
    const run = operation.begin(this.context(target, { workloads }), plan, resumed);
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
}

export interface RunOptions {
  readonly workloads?: Workloads;
  readonly resumed?: boolean;
  readonly safePoints?: SafePoints;
}
