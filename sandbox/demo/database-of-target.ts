import type { KubernetesApi } from "../../src/adapters/kubernetes/api.ts";
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
  readonly #api: KubernetesApi;
  readonly #namespace: string;
  readonly #target: string;

  constructor(api: KubernetesApi, namespace: string, target: string) {
    this.#api = api;
    this.#namespace = namespace;
    this.#target = target;
  }

  /** Where the pods labelled primary are now: none, one, or two for the moment of a switch. */
  async primaries(signal: AbortSignal): Promise<Endpoint[]> {
    const labelSelector = `app.kubernetes.io/instance=${this.#target},${ROLE_LABEL}=primary`;
    const { items } = await this.#api.call("finding the primary", signal, (options) =>
      this.#api.core.listNamespacedPod({ namespace: this.#namespace, labelSelector }, options),
    );
    return items.flatMap(({ metadata, status }) =>
      metadata?.name === undefined || status?.podIP === undefined
        ? []
        : [{ pod: metadata.name, host: status.podIP, port: SQL_PORT }],
    );
  }

  async credentials(signal: AbortSignal): Promise<Credentials> {
    const name = `${this.#target}-credentials`;
    const { data } = await this.#api.call("reading the credentials", signal, (options) =>
      this.#api.core.readNamespacedSecret({ namespace: this.#namespace, name }, options),
    );
    return { user: ROOT_USER, password: Buffer.from(data?.password ?? "", "base64").toString("utf8") };
  }
}
