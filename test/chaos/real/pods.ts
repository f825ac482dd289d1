import { CoreV1Api, type Informer, type KubeConfig, makeInformer, type V1Pod } from "@kubernetes/client-node";
import { ROLE_LABEL } from "../../../sandbox/dolt-manifests.ts";
import type { Address } from "../environment.ts";

const retryMs = 100;

/** Where the pods of a target are and which of them carries the primary's label, followed by a watch, as a proxy does. */
export class FollowedPods {
  readonly #addresses = new Map<string, string>();
  readonly #routing: string[] = [];
  readonly #informer: Informer<V1Pod>;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(informer: Informer<V1Pod>) {
    this.#informer = informer;
    informer.on("add", (pod) => this.#learn(pod));
    informer.on("update", (pod) => this.#learn(pod));
    informer.on("delete", (pod) => this.#forget(pod.metadata?.name ?? ""));
    informer.on("error", () => {
      if (!this.#isClosed) this.#retry = setTimeout(() => void this.#informer.start().catch(() => undefined), retryMs);
    });
  }

  static async follow(kubeConfig: KubeConfig, namespace: string, target: string): Promise<FollowedPods> {
    const core = kubeConfig.makeApiClient(CoreV1Api);
    const labelSelector = `app.kubernetes.io/instance=${target}`;
    const list = () => core.listNamespacedPod({ namespace, labelSelector });
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const followed = new FollowedPods(makeInformer<V1Pod>(kubeConfig, path, list, labelSelector));
    await followed.#informer.start();
    return followed;
  }

  /** The pod whose label came last: while two have it, the older primary is about to lose it. */
  routed(): Address | null {
    const pod = this.#routing.at(-1);
    return pod === undefined ? null : this.addressOf(pod);
  }

  addressOf(pod: string): Address | null {
    const ip = this.#addresses.get(pod);
    return ip === undefined ? null : { pod, ip };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#informer.stop();
  }

  #learn({ metadata, status }: V1Pod): void {
    const name = metadata?.name ?? "";
    if (status?.podIP !== undefined) this.#addresses.set(name, status.podIP);
    const at = this.#routing.indexOf(name);
    const isPrimary = metadata?.labels?.[ROLE_LABEL] === "primary";
    if (isPrimary && at === -1) this.#routing.push(name);
    if (!isPrimary && at !== -1) this.#routing.splice(at, 1);
  }

  #forget(name: string): void {
    this.#addresses.delete(name);
    const at = this.#routing.indexOf(name);
    if (at !== -1) this.#routing.splice(at, 1);
  }
}
