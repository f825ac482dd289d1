import type { V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import { z } from "zod";
import type { Autoscaler } from "../../ports/crate-clusters.ts";
import type { KubernetesApi } from "./api.ts";
import { statusCode } from "./failures.ts";

/** KEDA's own kind (https://keda.sh/docs/latest/reference/scaledobject-spec/): it makes an HPA, but none while it is paused or scaled to zero. */
const scaledObjectsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({
        scaleTargetRef: z.object({ kind: z.string().default("Deployment"), name: z.string() }),
        minReplicaCount: z.number().optional(),
        maxReplicaCount: z.number().optional(),
      }),
    }),
  ),
});

/** What scales workloads of the namespace by itself. Throws as the API does; without KEDA there are no objects of it. */
export async function readAutoscalers(
  api: KubernetesApi,
  namespace: string,
  signal: AbortSignal,
): Promise<Autoscaler[]> {
  const [ofKubernetes, ofKeda] = await Promise.all([
    horizontalPodAutoscalers(api, namespace, signal),
    scaledObjects(api, namespace, signal),
  ]);
  return [...ofKubernetes, ...ofKeda];
}

async function horizontalPodAutoscalers(
  api: KubernetesApi,
  namespace: string,
  signal: AbortSignal,
): Promise<Autoscaler[]> {
  const doing = `listing HorizontalPodAutoscalers of ${namespace}`;
  const { items } = await api.list<V2HorizontalPodAutoscaler>(doing, signal, (page, options) =>
    api.autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace, ...page }, options),
  );
  return items.flatMap(({ metadata, spec }) => {
    if (spec === undefined) return [];
    const { kind, name } = spec.scaleTargetRef;
    return [
      {
        kind: "HorizontalPodAutoscaler",
        name: metadata?.name ?? "",
        target: { kind, name },
        minReplicas: spec.minReplicas ?? null,
        maxReplicas: spec.maxReplicas,
      },
    ];
  });
}

async function scaledObjects(api: KubernetesApi, namespace: string, signal: AbortSignal): Promise<Autoscaler[]> {
  const found = await api.call(`listing ScaledObjects of ${namespace}`, signal, async (options): Promise<unknown> => {
    try {
      const kind = { group: "keda.sh", version: "v1alpha1", plural: "scaledobjects" };
      return await api.custom.listNamespacedCustomObject({ ...kind, namespace }, options);
    } catch (error) {
      if (statusCode(error) === 404) return { items: [] };
      throw error;
    }
  });
  return scaledObjectsSchema.parse(found).items.map(({ metadata, spec }) => ({
    kind: "ScaledObject",
    name: metadata.name,
    target: spec.scaleTargetRef,
    minReplicas: spec.minReplicaCount ?? null,
    maxReplicas: spec.maxReplicaCount ?? null,
  }));
}
