import { type V1Lease, V1MicroTime } from "@kubernetes/client-node";
import { z } from "zod";
import { workloadText } from "../../domain/target.ts";
import type { LeaseState, LeaseView, TargetLeases, TargetReference } from "../../ports/workloads.ts";
import { executionAnnotation, managedByLabel, managedByValue, usedGrantsAnnotation } from "./annotations.ts";
import type { KubernetesApi } from "./api.ts";
import { statusCode } from "./failures.ts";
import { leaseName, targetOfLease } from "./lease-name.ts";

const leaseSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    resourceVersion: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z
    .object({
      holderIdentity: z.string().optional(),
      leaseDurationSeconds: z.number().int().default(0),
      leaseTransitions: z.number().int().default(0),
      // client-node hands MicroTime over as the text of the answer.
      renewTime: z.coerce.date().optional(),
    })
    .default({ leaseDurationSeconds: 0, leaseTransitions: 0 }),
});

/** The lease of a target is an object of its namespace, named by `leaseName`; what is on record beside it stands in its annotations. */
export class KubernetesTargetLeases implements TargetLeases {
  readonly #api: KubernetesApi;
  readonly #namespaces: readonly string[];

  constructor(api: KubernetesApi, options: { namespaces: readonly string[] }) {
    this.#api = api;
    this.#namespaces = options.namespaces;
  }

  async read(target: TargetReference, signal: AbortSignal): Promise<LeaseView | null> {
    const lease = await this.#api.call(`reading the lease of ${textOf(target)}`, signal, (options) =>
      nullWhen(
        [404],
        this.#api.coordination.readNamespacedLease({ name: leaseName(target), namespace: target.namespace }, options),
      ),
    );
    return lease === null ? null : leaseView(lease);
  }

  async compareAndSet(
    target: TargetReference,
    version: string | null,
    state: LeaseState,
    signal: AbortSignal,
  ): Promise<LeaseView | null> {
    const { namespace } = target;
    const name = leaseName(target);
    const body = leaseObject(target, version, state);
    const written = await this.#api.call(`writing the lease of ${textOf(target)}`, signal, (options) =>
      version === null
        ? nullWhen([409], this.#api.coordination.createNamespacedLease({ namespace, body }, options))
        : nullWhen([404, 409], this.#api.coordination.replaceNamespacedLease({ name, namespace, body }, options)),
    );
    return written === null ? null : leaseView(written);
  }

  async list(signal: AbortSignal): Promise<{ target: TargetReference; lease: LeaseView }[]> {
    const labelSelector = `${managedByLabel}=${managedByValue}`;
    const lists = await Promise.all(
      this.#namespaces.map((namespace) =>
        this.#api.list<V1Lease>(`listing leases of ${namespace}`, signal, (page, options) =>
          this.#api.coordination.listNamespacedLease({ namespace, labelSelector, ...page }, options),
        ),
      ),
    );
    return lists
      .flatMap(({ items }) => items)
      .flatMap((item) => {
        const { name = "", namespace = "" } = item.metadata ?? {};
        const target = targetOfLease(namespace, name);
        return target === null ? [] : [{ target, lease: leaseView(item) }];
      });
  }
}

function leaseObject(target: TargetReference, version: string | null, state: LeaseState): V1Lease {
  const annotations = [
    [executionAnnotation, state.execution],
    [usedGrantsAnnotation, state.usedGrants],
  ].filter((entry) => entry[1] !== null);
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: leaseName(target),
      namespace: target.namespace,
      labels: { [managedByLabel]: managedByValue },
      annotations: Object.fromEntries(annotations),
      ...(version === null ? {} : { resourceVersion: version }),
    },
    spec: {
      ...(state.holder === null ? {} : { holderIdentity: state.holder }),
      leaseDurationSeconds: state.durationSeconds,
      leaseTransitions: state.transitions,
      renewTime: new V1MicroTime(state.renewedAtMs),
    },
  };
}

function leaseView(lease: V1Lease): LeaseView {
  const { metadata, spec } = leaseSchema.parse(lease);
  return {
    version: metadata.resourceVersion,
    state: {
      holder: spec.holderIdentity || null,
      durationSeconds: spec.leaseDurationSeconds,
      renewedAtMs: spec.renewTime?.getTime() ?? 0,
      transitions: spec.leaseTransitions,
      execution: metadata.annotations[executionAnnotation] ?? null,
      usedGrants: metadata.annotations[usedGrantsAnnotation] ?? null,
    },
  };
}

async function nullWhen<T>(codes: readonly number[], answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    const code = statusCode(error);
    if (code !== null && codes.includes(code)) return null;
    throw error;
  }
}

const textOf = workloadText;
