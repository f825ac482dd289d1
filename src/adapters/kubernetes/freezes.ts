import type { V1Lease } from "@kubernetes/client-node";
import { z } from "zod";
import { fail } from "../../domain/errors.ts";
import { type Freeze, freezeSchema } from "../../domain/freeze.ts";
import type { ClusterFreezes } from "../../ports/freezes.ts";
import { freezesAnnotation, managedByLabel, managedByValue } from "./annotations.ts";
import type { KubernetesApi } from "./api.ts";
import { statusCode } from "./failures.ts";

/** The Lease object whose annotation holds a namespace's freezes. No target's lease is called so: those begin with `handover-`. */
export const freezesLease = "freezes.handover.dev";

/** How often a write is tried again because somebody else wrote between reading and writing. */
const attempts = 5;

const freezesSchema = z.array(freezeSchema);

/** Reads a namespace's freezes. A text that cannot be read freezes everything there: an ambiguous lock blocks. */
export async function readFreezes(
  api: KubernetesApi,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly Freeze[]> {
  return freezesOf(await readLease(api, namespace, signal));
}

/** The freezes of a cluster, each namespace's in the annotation of one Lease: workers and whoever may lock a target can read and write it. */
export class KubernetesFreezes implements ClusterFreezes {
  readonly namespaces: readonly string[];
  readonly #api: KubernetesApi;

  constructor(api: KubernetesApi, options: { readonly namespaces: readonly string[] }) {
    this.#api = api;
    this.namespaces = options.namespaces;
  }

  read(namespace: string, signal: AbortSignal): Promise<readonly Freeze[]> {
    return readFreezes(this.#api, namespace, signal);
  }

  async change(
    namespace: string,
    change: (freezes: readonly Freeze[]) => readonly Freeze[],
    signal: AbortSignal,
  ): Promise<readonly Freeze[]> {
    const doing = `writing the freezes of ${namespace}`;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const lease = await readLease(this.#api, namespace, signal);
      const before = freezesOf(lease);
      const after = change(before);
      if (after === before) return before;
      const body = leaseWith(namespace, lease, after);
      const isWritten = await this.#api.call(doing, signal, (options) =>
        unlessConflict(
          lease === null
            ? this.#api.coordination.createNamespacedLease({ namespace, body }, options)
            : this.#api.coordination.replaceNamespacedLease({ name: freezesLease, namespace, body }, options),
        ),
      );
      if (isWritten) return after;
    }
    throw fail("kubernetes_refused", { doing, why: `it was changed ${attempts} times between reading and writing` });
  }
}

async function readLease(api: KubernetesApi, namespace: string, signal: AbortSignal): Promise<V1Lease | null> {
  return await api.call(`reading the freezes of ${namespace}`, signal, async (options) => {
    try {
      return await api.coordination.readNamespacedLease({ name: freezesLease, namespace }, options);
    } catch (error) {
      if (statusCode(error) === 404) return null;
      throw error;
    }
  });
}

function freezesOf(lease: V1Lease | null): readonly Freeze[] {
  const text = lease?.metadata?.annotations?.[freezesAnnotation];
  if (text === undefined || text === "") return [];
  try {
    return freezesSchema.parse(JSON.parse(text));
  } catch {
    const everything = { name: "*", workload: "*", typed: "*", atMs: 0, untilMs: null };
    return [{ ...everything, by: "somebody", reason: `the annotation ${freezesAnnotation} cannot be read` }];
  }
}

function leaseWith(namespace: string, before: V1Lease | null, freezes: readonly Freeze[]): V1Lease {
  const { resourceVersion, annotations = {} } = before?.metadata ?? {};
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: freezesLease,
      namespace,
      labels: { ...before?.metadata?.labels, [managedByLabel]: managedByValue },
      annotations: { ...annotations, [freezesAnnotation]: JSON.stringify(freezes) },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: {},
  };
}

/** @returns false when somebody else wrote it first, or deleted it */
async function unlessConflict(write: Promise<V1Lease>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    const code = statusCode(error);
    if (code === 404 || code === 409) return false;
    throw error;
  }
}
