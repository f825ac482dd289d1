import {
  AppsV1Api,
  AuthenticationV1Api,
  AuthorizationV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  type ConfigurationOptions,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  NetworkingV1Api,
  Observable,
  type ObservableMiddleware,
  PolicyV1Api,
  Watch,
} from "@kubernetes/client-node";
import { callFailure } from "./failures.ts";
import type { PooledKubeConfig } from "./pooled-kube-config.ts";

const defaultCallDeadlineMs = 5_000;
/** How many objects a list asks for at once. */
const pageSize = 500;

interface Page<Item> {
  readonly items: Item[];
  readonly metadata?: { readonly _continue?: string; readonly resourceVersion?: string };
}

/** The typed clients of one API server, and what is the same for each call: its deadline, its connection and what its failure means. */
export class KubernetesApi {
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly coordination: CoordinationV1Api;
  readonly authentication: AuthenticationV1Api;
  readonly authorization: AuthorizationV1Api;
  readonly networking: NetworkingV1Api;
  readonly batch: BatchV1Api;
  readonly autoscaling: AutoscalingV2Api;
  readonly custom: CustomObjectsApi;
  readonly policy: PolicyV1Api;
  readonly watch: Watch;
  readonly #kubeConfig: PooledKubeConfig;
  readonly #callDeadlineMs: number;

  /** `callDeadlineMs`: how long one call may take, unless the caller's signal ends it earlier. */
  constructor(kubeConfig: PooledKubeConfig, options: { readonly callDeadlineMs?: number } = {}) {
    this.#kubeConfig = kubeConfig;
    this.#callDeadlineMs = options.callDeadlineMs ?? defaultCallDeadlineMs;
    this.core = kubeConfig.makeApiClient(CoreV1Api);
    this.apps = kubeConfig.makeApiClient(AppsV1Api);
    this.coordination = kubeConfig.makeApiClient(CoordinationV1Api);
    this.authentication = kubeConfig.makeApiClient(AuthenticationV1Api);
    this.authorization = kubeConfig.makeApiClient(AuthorizationV1Api);
    this.networking = kubeConfig.makeApiClient(NetworkingV1Api);
    this.batch = kubeConfig.makeApiClient(BatchV1Api);
    this.autoscaling = kubeConfig.makeApiClient(AutoscalingV2Api);
    this.custom = kubeConfig.makeApiClient(CustomObjectsApi);
    this.policy = kubeConfig.makeApiClient(PolicyV1Api);
    this.watch = new Watch(kubeConfig);
  }

  /**
   * One call, bounded. `doing` says in a problem what failed: “reading StatefulSet shop/orders”.
   * @param deadlineMs of a call for which the server is known to take longer than for others
   */
  async call<T>(
    doing: string,
    signal: AbortSignal,
    send: (options: ConfigurationOptions) => Promise<T>,
    deadlineMs = this.#callDeadlineMs,
  ): Promise<T> {
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      signal.throwIfAborted();
      return await send(bound(AbortSignal.any([signal, deadline])));
    } catch (error) {
      if (deadline.aborted) throw callFailure(doing, new Error(`no answer within ${deadlineMs} ms`));
      if (signal.aborted) throw callFailure(doing, new Error("the wait was cancelled"));
      throw callFailure(doing, error);
    }
  }

  /** Every page of a list, with the resourceVersion from which a watch goes on. */
  async list<Item>(
    doing: string,
    signal: AbortSignal,
    send: (page: { limit: number; _continue?: string }, options: ConfigurationOptions) => Promise<Page<Item>>,
  ): Promise<{ items: Item[]; resourceVersion: string }> {
    const items: Item[] = [];
    let next: string | undefined;
    for (;;) {
      const from = next === undefined ? { limit: pageSize } : { limit: pageSize, _continue: next };
      const page = await this.call(doing, signal, (options) => send(from, options));
      items.push(...page.items);
      next = page.metadata?._continue || undefined;
      if (next === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? "" };
    }
  }

  async close(): Promise<void> {
    await this.#kubeConfig.close();
  }
}

/** client-node takes no signal in its calls; its RequestContext does, and fetch then also bounds the reading of the answer. */
function bound(signal: AbortSignal): ConfigurationOptions {
  const middleware: ObservableMiddleware = {
    pre: (context) => {
      context.setSignal(signal);
      return new Observable(Promise.resolve(context));
    },
    post: (context) => new Observable(Promise.resolve(context)),
  };
  return { middleware: [middleware], middlewareMergeStrategy: "append" };
}
