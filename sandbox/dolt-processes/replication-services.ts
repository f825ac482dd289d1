import { CoreV1Api, type Informer, type KubeConfig, makeInformer, type V1Service } from "@kubernetes/client-node";
import { instanceLabels, POD_NAME_LABEL } from "../dolt-manifests.ts";
import type { DoltTargetSpec } from "../handle.ts";
import type { ReplicationLinks } from "./replication-links.ts";

const WATCH_RETRY_MS = 200;

/** Has the links listen where the pods' own Services say, of those too that are created later: a kube-proxy for one target. */
export class ReplicationServices {
  readonly #informer: Informer<V1Service>;
  readonly #links: ReplicationLinks;
  #retry: NodeJS.Timeout | undefined;
  #closing = false;

  private constructor(informer: Informer<V1Service>, links: ReplicationLinks) {
    this.#informer = informer;
    this.#links = links;
  }

  static async follow(
    kubeConfig: KubeConfig,
    spec: Pick<DoltTargetSpec, "namespace" | "name">,
    links: ReplicationLinks,
  ): Promise<ReplicationServices> {
    const { namespace } = spec;
    const labelSelector = Object.entries(instanceLabels(spec))
      .map(([name, value]) => `${name}=${value}`)
      .join(",");
    const core = kubeConfig.makeApiClient(CoreV1Api);
    const path = `/api/v1/namespaces/${namespace}/services`;
    const list = () => core.listNamespacedService({ namespace, labelSelector });
    const informer = makeInformer<V1Service>(kubeConfig, path, list, labelSelector);
    const services = new ReplicationServices(informer, links);
    informer.on("add", (service) => services.#seen(service));
    informer.on("update", (service) => services.#seen(service));
    informer.on("error", () => services.#startAgain());
    await informer.start();
    return services;
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    await this.#informer.stop();
  }

  #seen(service: V1Service): void {
    const pod = service.spec?.selector?.[POD_NAME_LABEL];
    const host = service.spec?.clusterIP;
    if (pod === undefined || host === undefined || host === "None") return;
    this.#links.setHost(pod, host).catch((cause: unknown) => {
      if (!this.#closing) console.error(`the links to ${pod} cannot listen on ${host}`, cause);
    });
  }

  /** An informer stops at an error. */
  #startAgain(): void {
    if (this.#closing) return;
    this.#retry = setTimeout(() => this.#informer.start().catch(() => this.#startAgain()), WATCH_RETRY_MS);
  }
}
