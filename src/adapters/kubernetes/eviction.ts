import type { ConfigurationOptions } from "@kubernetes/client-node";
import { z } from "zod";
import type { Eviction, PodReference } from "../../ports/workloads.ts";
import type { KubernetesApi } from "./api.ts";
import { statusCode } from "./failures.ts";
import { oneLine } from "./one-line.ts";

/** Of a refusal: the second sentence stands in the causes (“The disruption budget orders needs 2 healthy pods and has 2 currently”). */
const refusalSchema = z.object({
  message: z.string(),
  details: z.object({ causes: z.array(z.object({ message: z.string().optional() })).default([]) }).optional(),
});

/**
 * The API server itself tries a conflict again, 20 times in about 10 s, before it tells of it, and another UID is one
 * (kubernetes, pkg/registry/core/pod/storage/eviction.go: `EvictionsRetry`).
 */
const evictionDeadlineMs = 15_000;

/**
 * An eviction (policy/v1), which asks the PodDisruptionBudgets, where a deletion would not. Its UID precondition makes it
 * meant for this very pod: one that was replaced meanwhile answers with a conflict.
 */
export async function evict(api: KubernetesApi, pod: PodReference, signal: AbortSignal): Promise<Eviction> {
  const { namespace, name, uid } = pod;
  const send = async (options: ConfigurationOptions): Promise<Eviction> => {
    try {
      const body = { metadata: { namespace, name }, deleteOptions: { preconditions: { uid } } };
      await api.core.createNamespacedPodEviction({ namespace, name, body }, options);
      return { kind: "accepted" };
    } catch (error) {
      const code = statusCode(error);
      if (code === 404 || code === 409) return { kind: "gone" };
      const why = refusalIn(error);
      // 429: a budget, or the API server itself is busy. 500: several budgets cover one pod, which Kubernetes does not evict.
      const mayBeAllowedLater = code === 429 || (code === 500 && why?.includes("PodDisruptionBudget"));
      if (why === null || !mayBeAllowedLater) throw error;
      return { kind: "refused", why };
    }
  };
  return api.call(`evicting pod ${namespace}/${name}`, signal, send, evictionDeadlineMs);
}

function refusalIn(error: unknown): string | null {
  const body: unknown = error instanceof Error && "body" in error ? error.body : null;
  const parsed = refusalSchema.safeParse(typeof body === "string" ? parsedOrNull(body) : body);
  if (!parsed.success) return null;
  const { message, details } = parsed.data;
  const causes = (details?.causes ?? []).flatMap((cause) => cause.message ?? []);
  return oneLine([message, ...causes].join(" "));
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
