import { fail } from "../../domain/errors.ts";
import type { AskedAccess, Identity } from "../../ports/workloads.ts";
import type { KubernetesApi } from "./api.ts";

/** Asks the API server itself (SelfSubjectReview, Kubernetes ≥ 1.28), which every authenticated user may. */
export class KubernetesIdentity implements Identity {
  readonly #api: KubernetesApi;

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  async username(signal: AbortSignal): Promise<string> {
    return (await this.whoAmI(signal)).username;
  }

  async whoAmI(signal: AbortSignal): Promise<{ username: string; groups: readonly string[] }> {
    const doing = "asking who this is";
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const review = await this.#api.call(doing, signal, (options) =>
      this.#api.authentication.createSelfSubjectReview({ body }, options),
    );
    const { username, groups } = review.status?.userInfo ?? {};
    if (!username) throw fail("kubernetes_refused", { doing, why: "the answer names no user" });
    return { username, groups: groups ?? [] };
  }

  async may({ namespace, group, resource: written, verb }: AskedAccess, signal: AbortSignal): Promise<boolean> {
    const [resource = written, subresource] = written.split("/");
    const what = { namespace, group, resource, verb, ...(subresource === undefined ? {} : { subresource }) };
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: what },
    };
    const { status } = await this.#api.call(`asking for the right to ${verb} ${written}`, signal, (options) =>
      this.#api.authorization.createSelfSubjectAccessReview({ body }, options),
    );
    return status?.allowed === true;
  }
}
