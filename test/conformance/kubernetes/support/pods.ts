import {
  ApiException,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
} from "@kubernetes/client-node";
import { until } from "../../../support/until.ts";

/** Does to the pods of a namespace what a node would do, when the test says so. */
export class PodsByHand {
  readonly #core: CoreV1Api;
  readonly #namespace: string;

  constructor(kubeConfig: KubeConfig, namespace: string) {
    this.#core = kubeConfig.makeApiClient(CoreV1Api);
    this.#namespace = namespace;
  }

  /** Names of pods by label, in order. */
  async names(labelSelector: string): Promise<string[]> {
    return (await this.list(labelSelector)).map(({ metadata }) => metadata?.name ?? "");
  }

  async list(labelSelector: string): Promise<V1Pod[]> {
    return (await this.#core.listNamespacedPod({ namespace: this.#namespace, labelSelector })).items;
  }

  async get(name: string): Promise<V1Pod | undefined> {
    try {
      return await this.#core.readNamespacedPod({ namespace: this.#namespace, name });
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) {
        return undefined;
      }
      throw error;
    }
  }

  /** Waits until a pod of this name exists, other than the one of that uid. */
  appears(name: string, otherThan?: string): Promise<V1Pod> {
    return until(`pod ${name} exists`, async () => {
      const pod = await this.get(name);
      return pod?.metadata?.uid === otherThan ? undefined : pod;
    });
  }

  async setReady(name: string, ready = true): Promise<void> {
    const status = ready ? "True" : "False";
    await this.#core.patchNamespacedPodStatus(
      {
        namespace: this.#namespace,
        name,
        body: { status: { phase: "Running", conditions: [{ type: "Ready", status }] } },
      },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
  }

  async delete(name: string): Promise<void> {
    await this.#core.deleteNamespacedPod({ namespace: this.#namespace, name });
  }
}
