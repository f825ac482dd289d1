import { z } from "zod";

/**
 * StatefulSets, Deployments, DaemonSets and what keeps their former templates, as the API has them. client-node's own types leave
 * out the fields that are newer than they are, and a template must be put back whole.
 */
const texts = z.record(z.string(), z.string()).default({});

const metadataSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  generation: z.number().default(0),
  labels: texts,
  annotations: texts,
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), uid: z.string(), controller: z.boolean().default(false) }))
    .default([]),
  managedFields: z.array(z.object({ manager: z.string().optional() })).default([]),
});

const share = z.union([z.number(), z.string()]).optional();
const rollingSchema = z.object({ maxSurge: share, maxUnavailable: share, partition: z.number().default(0) });
const strategySchema = z.object({ type: z.string().optional(), rollingUpdate: rollingSchema.nullish() });

/** A pod template, untouched. */
export const templateSchema = z.record(z.string(), z.unknown());
export type Template = z.infer<typeof templateSchema>;

const count = z.number().default(0);

export const workloadSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    replicas: z.number().default(1),
    paused: z.boolean().default(false),
    selector: z.object({
      matchLabels: texts,
      matchExpressions: z
        .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).default([]) }))
        .default([]),
    }),
    template: templateSchema,
    /** Of a Deployment; the others call it `updateStrategy`. */
    strategy: strategySchema.default({}),
    updateStrategy: strategySchema.default({}),
    persistentVolumeClaimRetentionPolicy: z.object({ whenScaled: z.string().optional() }).default({}),
    volumeClaimTemplates: z.array(z.object({ metadata: z.object({ name: z.string() }) })).default([]),
    ordinals: z.object({ start: z.number().default(0) }).default({ start: 0 }),
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      readyReplicas: count,
      availableReplicas: z.number().optional(),
      updateRevision: z.string().optional(),
      desiredNumberScheduled: count,
      currentNumberScheduled: count,
      updatedNumberScheduled: count,
      numberAvailable: count,
    })
    .default({
      observedGeneration: 0,
      replicas: 0,
      updatedReplicas: 0,
      readyReplicas: 0,
      desiredNumberScheduled: 0,
      currentNumberScheduled: 0,
      updatedNumberScheduled: 0,
      numberAvailable: 0,
    }),
});
export type WorkloadObject = z.infer<typeof workloadSchema>;

export const replicaSetSchema = z.object({ metadata: metadataSchema, spec: z.object({ template: templateSchema }) });
export type ReplicaSetObject = z.infer<typeof replicaSetSchema>;

export const controllerRevisionSchema = z.object({
  metadata: metadataSchema,
  revision: z.number(),
  /** What it keeps is up to whoever made it; see `templateOfRevision`. */
  data: z.unknown(),
});
export type ControllerRevisionObject = z.infer<typeof controllerRevisionSchema>;

export const pageSchema = z.object({
  items: z.array(z.unknown()),
  metadata: z.object({ continue: z.string().optional() }).default({}),
});
