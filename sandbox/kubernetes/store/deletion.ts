import { listAt, numberAt, textAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { NAMESPACES, PODS, type Resource } from "../resources.ts";
import { conflict } from "../status.ts";

export type PropagationPolicy = "Background" | "Foreground" | "Orphan";

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: PropagationPolicy | undefined;
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined;
  readonly dryRun?: boolean;
}

/** What became of a deletion: the object as it is now, or as it last was. */
export interface Deletion {
  readonly object: KubeObject;
  readonly removed: boolean;
}

export type DeletionPlan =
  | { readonly kind: "remove"; readonly object: KubeObject }
  /** It stays until a kubelet or the holders of finalizers let it go. */
  | { readonly kind: "mark"; readonly object: KubeObject }
  /** It is being deleted already, and no later than asked for now. */
  | { readonly kind: "nothing"; readonly object: KubeObject };

const DEFAULT_POD_GRACE_SECONDS = 30;
export const FOREGROUND_FINALIZER = "foregroundDeletion";
export const ORPHAN_FINALIZER = "orphan";

export function planDeletion(resource: Resource, current: KubeObject, options: DeleteOptions): DeletionPlan {
  demandPreconditions(resource, current, options);
  const finalizers = finalizersAfter(current, options.propagationPolicy);
  const graceSeconds = graceOf(resource, current, options);
  const waitsForFinalizers = finalizers.length > 0 || (resource === NAMESPACES && hasNamespaceFinalizer(current));
  if (graceSeconds === 0 && !waitsForFinalizers) {
    return { kind: "remove", object: resource === PODS ? marked(resource, current, finalizers, 0) : current };
  }
  const earlier = current.metadata.deletionGracePeriodSeconds;
  const isMarked = current.metadata.deletionTimestamp !== undefined;
  if (isMarked && earlier !== undefined && earlier <= graceSeconds) {
    return { kind: "nothing", object: current };
  }
  return { kind: "mark", object: marked(resource, current, finalizers, graceSeconds) };
}

function demandPreconditions(resource: Resource, { metadata }: KubeObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions ?? {};
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(resource, metadata.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(resource, metadata.name, why);
  }
}

function finalizersAfter({ metadata }: KubeObject, policy: PropagationPolicy | undefined): string[] {
  const finalizers = metadata.finalizers ?? [];
  if (policy === undefined) {
    return finalizers;
  }
  const own = finalizers.filter((finalizer) => finalizer !== FOREGROUND_FINALIZER && finalizer !== ORPHAN_FINALIZER);
  if (policy === "Foreground") {
    return [...own, FOREGROUND_FINALIZER];
  }
  return policy === "Orphan" ? [...own, ORPHAN_FINALIZER] : own;
}

/** Only pods have grace: none before a node has them, or after they have ended. */
function graceOf(resource: Resource, current: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  if (resource !== PODS) {
    return 0;
  }
  const phase = textAt(current, "status", "phase");
  if (!textAt(current, "spec", "nodeName") || phase === "Succeeded" || phase === "Failed") {
    return 0;
  }
  const wanted = gracePeriodSeconds ?? numberAt(current, "spec", "terminationGracePeriodSeconds");
  return Math.max(0, wanted ?? DEFAULT_POD_GRACE_SECONDS);
}

function hasNamespaceFinalizer(namespace: KubeObject): boolean {
  return listAt(namespace, "spec", "finalizers").includes("kubernetes");
}

function marked(resource: Resource, current: KubeObject, finalizers: string[], graceSeconds: number): KubeObject {
  const { metadata } = current;
  const { finalizers: _before, ...rest } = metadata;
  const deletionTime = new Date(Date.now() + graceSeconds * 1000);
  const isNewlyMarked = metadata.deletionTimestamp === undefined;
  const object: KubeObject = {
    ...current,
    metadata: {
      ...rest,
      ...(finalizers.length === 0 ? {} : { finalizers }),
      ...(metadata.generation === undefined || !isNewlyMarked ? {} : { generation: metadata.generation + 1 }),
      deletionTimestamp: `${deletionTime.toISOString().slice(0, 19)}Z`,
      deletionGracePeriodSeconds: graceSeconds,
    },
  };
  return resource === NAMESPACES ? { ...object, status: { phase: "Terminating" } } : object;
}
