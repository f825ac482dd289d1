import { fail } from "../../domain/errors.ts";
import type { CrateClusterView } from "../../ports/crate-clusters.ts";
import type { CrateAccess } from "../../ports/crate-servers.ts";
import {
  connectByAnnotation,
  credentialsAnnotation,
  tlsAnnotation,
  tlsCaAnnotation,
  tlsServerNameAnnotation,
} from "./annotations.ts";
import type { KubernetesApi } from "./api.ts";
import { type DoltAccessGiven, doltAccess } from "./dolt-access.ts";

/** CrateDB's super user, who needs no password from the node's own machine, and cannot log in over the network without one being allowed. */
const defaultUsername = "crate";

const accessAnnotationKeys = [
  credentialsAnnotation,
  connectByAnnotation,
  tlsAnnotation,
  tlsCaAnnotation,
  tlsServerNameAnnotation,
];

/** As for Dolt, but for the whole cluster: one of its StatefulSets may say it for all, and two may not say different things. */
export function crateAccess(
  api: KubernetesApi,
  given: DoltAccessGiven,
  { namespace, name, sets }: CrateClusterView,
  signal: AbortSignal,
): Promise<CrateAccess> {
  const annotations: Record<string, string> = {};
  for (const set of sets) {
    for (const key of accessAnnotationKeys) {
      const value = set.annotations[key];
      if (value === undefined) continue;
      const other = annotations[key];
      if (other !== undefined && other !== value) {
        const why = `“${value}”, but “${other}” on another StatefulSet of ${name}`;
        throw fail("dolt_access_invalid", { where: `annotation ${key} of ${namespace}/${set.name}`, why });
      }
      annotations[key] = value;
    }
  }
  return doltAccess(api, { ...given, defaultUsername }, { namespace, name, annotations }, signal);
}
