import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  ApiException,
  CoreV1Api,
  type Informer,
  type KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
  type V1PodStatus,
} from "@kubernetes/client-node";
import { KUBELET_RESTART_TIMES, type RestartTimes } from "./back-off.ts";
import { tellOfBackOff } from "./events.ts";
import { LoopbackRange } from "./loopback.ts";
import { podIdentity, resolveContainer } from "./pod-spec.ts";
import { PodWorker } from "./pod-worker.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** How fast a node starts containers. */
export interface NodePace {
  /** How long a new pod takes before its containers start. Default 0; on real nodes it is seconds. */
  readonly startDelayMs?: number;
  /** Default: the kubelet's. */
  readonly restartTimes?: RestartTimes;
}

export interface NodeAgentOptions extends NodePace {
  readonly kubeConfig: KubeConfig;
  readonly runtime: ContainerRuntime;
  /** Folder for the volumes that end with their pod. */
  readonly folder: string;
  /** Default `node1`. */
  readonly nodeName?: string;
  /** Whether pending pods are bound to this node, as a scheduler would do. Default true. */
  readonly schedules?: boolean;
  /** How often a container that is not ready yet is probed. Default 50. */
  readonly probeUntilReadyMs?: number;
  /** Told of what went wrong in the background; default `console.error`. */
  readonly onError?: (message: string, cause: unknown) => void;
}

const DEFAULT_GRACE_SECONDS = 30;
const WATCH_RETRY_MS = 200;

/**
 * Stands in for the kubelet (and, where asked, the scheduler) of one node against any Kubernetes API: registers a Node,
 * binds pending pods, gives each pod a loopback address of its own, runs its containers through a runtime, reports their
 * status and ends them when they are deleted. It knows no init containers and no liveness probes: the pods of the tests have none.
 */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #core: CoreV1Api;
  readonly #addresses: LoopbackRange;
  readonly #workers = new Map<string, PodWorker>();
  readonly #ending = new Map<string, Promise<void>>();
  readonly #binding = new Set<string>();
  /** Pods, by namespace and name, whose containers are to crash, also after the pod has been replaced. */
  readonly #crashing = new Set<string>();
  #informer: Informer<V1Pod> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closing = false;

  private constructor(options: NodeAgentOptions, addresses: LoopbackRange) {
    this.#options = options;
    this.#core = options.kubeConfig.makeApiClient(CoreV1Api);
    this.#addresses = addresses;
  }

  /** Registers the node and starts to look after its pods. */
  static async start(options: NodeAgentOptions): Promise<NodeAgent> {
    const agent = new NodeAgent(options, await LoopbackRange.reserve());
    try {
      await agent.#registerNode();
      await agent.#watchPods();
    } catch (error) {
      await agent.close();
      throw error;
    }
    return agent;
  }

  /** The worker of a pod that runs on this node, or undefined. */
  worker(namespace: string, pod: string): PodWorker | undefined {
    return [...this.#workers.values()].find(
      ({ pod: { metadata } }) => metadata?.namespace === namespace && metadata.name === pod,
    );
  }

  /**
   * While on, the containers of the pod of this name are killed as soon as they were started. Turning it on kills what runs,
   * and resolves when that has ended; turning it off starts them at once, without the rest of their back-off.
   */
  async crash(namespace: string, pod: string, on: boolean): Promise<void> {
    const key = `${namespace}/${pod}`;
    if (on) {
      this.#crashing.add(key);
    } else {
      this.#crashing.delete(key);
    }
    await this.worker(namespace, pod)?.crash(on);
  }

  /** Stops watching and ends every container without grace. The pods stay in the API. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    await this.#informer?.stop();
    await Promise.all([...this.#workers.values()].map((worker) => worker.end(0)));
    await Promise.all(this.#ending.values());
    await this.#options.runtime.close();
    await this.#addresses.close();
  }

  get #nodeName(): string {
    return this.#options.nodeName ?? "node1";
  }

  async #registerNode(): Promise<void> {
    const name = this.#nodeName;
    const capacity = { cpu: "64", memory: "256Gi", pods: "250" };
    const labels = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
    await this.#core
      .createNode({ body: { apiVersion: "v1", kind: "Node", metadata: { name, labels } } })
      .catch(ignore(409));
    // A new node is tainted as not ready, and no node-lifecycle-controller is there to take that away.
    const untaint = { spec: { taints: null } };
    const mergePatch = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    await this.#core.patchNode({ name, body: untaint }, mergePatch);
    await this.#core.patchNodeStatus(
      {
        name,
        body: {
          status: {
            capacity,
            allocatable: capacity,
            addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
            conditions: [{ type: "Ready", status: "True", reason: "NodeAgentReady", lastTransitionTime: new Date() }],
          },
        },
      },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
  }

  async #watchPods(): Promise<void> {
    const informer = makeInformer<V1Pod>(this.#options.kubeConfig, "/api/v1/pods", () =>
      this.#core.listPodForAllNamespaces(),
    );
    this.#informer = informer;
    informer.on("add", (pod) => this.#seen(pod));
    informer.on("update", (pod) => this.#seen(pod));
    informer.on("delete", (pod) => this.#gone(pod));
    // An informer stops at an error; a kubelet goes on.
    informer.on("error", (cause: unknown) => {
      if (!this.#closing) {
        this.#problem("the watch on pods ended; starting it again", cause);
        this.#retry = setTimeout(() => this.#inBackground(informer.start(), "watch pods"), WATCH_RETRY_MS);
      }
    });
    await informer.start();
  }

  #seen(pod: V1Pod): void {
    const { uid } = podIdentity(pod);
    if (this.#closing) {
      return;
    }
    if (pod.spec?.nodeName === undefined) {
      if (this.#options.schedules !== false && pod.metadata?.deletionTimestamp === undefined) {
        this.#inBackground(this.#bind(pod), `bind pod ${pod.metadata?.name}`);
      }
      return;
    }
    if (pod.spec.nodeName !== this.#nodeName) {
      return;
    }
    if (pod.metadata?.deletionTimestamp !== undefined) {
      this.#end(pod);
    } else if (!this.#workers.has(uid) && !this.#ending.has(uid) && !hasEnded(pod)) {
      this.#workers.set(uid, this.#runPod(pod));
    }
  }

  async #bind(pod: V1Pod): Promise<void> {
    const { namespace, name, uid } = podIdentity(pod);
    if (this.#binding.has(uid)) {
      return;
    }
    this.#binding.add(uid);
    try {
      await this.#core.createNamespacedPodBinding({
        namespace,
        name,
        body: {
          apiVersion: "v1",
          kind: "Binding",
          metadata: { name, namespace, uid },
          target: { apiVersion: "v1", kind: "Node", name: this.#nodeName },
        },
      });
    } catch (error) {
      // Gone meanwhile, or bound by somebody else: nothing is left to do.
      ignore(404, 409)(error);
    } finally {
      this.#binding.delete(uid);
    }
  }

  #runPod(pod: V1Pod): PodWorker {
    const { namespace, name } = podIdentity(pod);
    const ip = this.#addresses.take();
    return new PodWorker(pod, ip, {
      resolve: (container) =>
        resolveContainer(this.#core, pod, container, ip, { ephemeral: join(this.#options.folder, "pods") }),
      start: (spec) => this.#options.runtime.start(spec),
      report: (status) => this.#report(pod, status),
      startDelayMs: this.#options.startDelayMs ?? 0,
      restartTimes: this.#options.restartTimes ?? KUBELET_RESTART_TIMES,
      probeUntilReadyMs: this.#options.probeUntilReadyMs ?? 50,
      crashes: () => this.#crashing.has(`${namespace}/${name}`),
    });
  }

  async #report(pod: V1Pod, status: V1PodStatus): Promise<boolean> {
    const { namespace, name, uid } = podIdentity(pod);
    try {
      await this.#core.patchNamespacedPodStatus(
        // The uid makes it a refusal when the pod has been replaced by another of its name.
        { namespace, name, body: { metadata: { uid }, status } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
      // Told already, when the same status is reported again; and a pod that is gone meanwhile needs no word.
      this.#inBackground(tellOfBackOff(this.#core, pod, status).catch(ignore(404, 409)), `tell of pod ${name}`);
      return true;
    } catch (cause) {
      if (cause instanceof ApiException && cause.code === 404) {
        return true;
      }
      // Not worth a word: a conflict is a write beside ours, and a replaced pod's worker is about to be ended.
      if (!isConflict(cause) && !namesAnotherUid(cause) && !this.#closing) {
        this.#problem(`the status of pod ${name} could not be reported; trying again`, cause);
      }
      return this.#closing;
    }
  }

  /** The pod is to end: SIGTERM, its grace period, SIGKILL, then the object goes. */
  #end(pod: V1Pod): void {
    const { uid } = podIdentity(pod);
    if (this.#ending.has(uid)) {
      return;
    }
    const graceSeconds = pod.metadata?.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    const ending = this.#endPod(pod, graceSeconds * 1000).finally(() => this.#ending.delete(uid));
    this.#ending.set(uid, ending);
    this.#inBackground(ending, `end pod ${pod.metadata?.name}`);
  }

  async #endPod(pod: V1Pod, graceMs: number): Promise<void> {
    const { namespace, name, uid } = podIdentity(pod);
    await this.#stopWorker(uid, graceMs);
    await this.#core
      .deleteNamespacedPod({ namespace, name, body: { gracePeriodSeconds: 0, preconditions: { uid } } })
      .catch(ignore(404, 409));
  }

  /** The object is gone: a forced deletion gives no grace. */
  #gone(pod: V1Pod): void {
    const { uid } = podIdentity(pod);
    if (this.#workers.has(uid)) {
      this.#inBackground(this.#stopWorker(uid, 0), `end pod ${pod.metadata?.name}`);
    }
  }

  async #stopWorker(uid: string, graceMs: number): Promise<void> {
    const worker = this.#workers.get(uid);
    if (worker === undefined) {
      return;
    }
    await worker.end(graceMs);
    if (this.#workers.delete(uid)) {
      this.#addresses.giveBack(worker.ip);
      await rm(join(this.#options.folder, "pods", uid), { recursive: true, force: true });
    }
  }

  #inBackground(work: Promise<unknown>, what: string): void {
    work.catch((cause: unknown) => {
      if (!this.#closing) {
        this.#problem(`could not ${what}`, cause);
      }
    });
  }

  #problem(message: string, cause: unknown): void {
    (this.#options.onError ?? console.error)(`node agent: ${message}`, cause);
  }
}

function hasEnded(pod: V1Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

function isConflict(cause: unknown): boolean {
  return cause instanceof ApiException && cause.code === 409;
}

/** A patch with the uid of a pod that another has replaced is no conflict: “metadata.uid: Invalid value: …: field is immutable”. */
function namesAnotherUid(cause: unknown): boolean {
  return cause instanceof ApiException && cause.code === 422 && cause.message.includes("metadata.uid: ");
}

/** A handler for rejections that passes over these status codes of the API and throws the rest again. */
function ignore(...codes: number[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof ApiException && codes.includes(error.code))) {
      throw error;
    }
  };
}
