import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { ROLE_LABEL, ROOT_USER, SQL_PORT } from "../dolt-manifests.ts";

export interface Endpoint {
  readonly pod: string;
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What an application finds in Kubernetes about the database that it writes to. */
export class DatabaseOfTarget {
  readonly #core: CoreV1Api;
  readonly #namespace: string;
  readonly #target: string;

  constructor(kubeConfig: KubeConfig, namespace: string, target: string) {
    this.#core = kubeConfig.makeApiClient(CoreV1Api);
    this.#namespace = namespace;
    this.#target = target;
  }

  /** Where the pods labelled primary are now: none, one, or two for the moment of a switch. */
  async primaries(): Promise<Endpoint[]> {
    const labelSelector = `app.kubernetes.io/instance=${this.#target},${ROLE_LABEL}=primary`;
    const { items } = await this.#core.listNamespacedPod({ namespace: this.#namespace, labelSelector });
    return items.flatMap(({ metadata, status }) =>
      metadata?.name === undefined || status?.podIP === undefined
        ? []
        : [{ pod: metadata.name, host: status.podIP, port: SQL_PORT }],
    );
  }

  async credentials(): Promise<Credentials> {
    const name = `${this.#target}-credentials`;
    const { data } = await this.#core.readNamespacedSecret({ namespace: this.#namespace, name });
    return { user: ROOT_USER, password: Buffer.from(data?.password ?? "", "base64").toString("utf8") };
  }
}
