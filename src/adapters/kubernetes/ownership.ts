import type { V1ObjectMeta } from "@kubernetes/client-node";
import type { Ownership } from "../../ports/scaling.ts";
import { managedByLabel, managedByValue } from "./annotations.ts";

/** Set by what writes objects from charts and repositories; by the beginning of the key. */
const ownersByKey: readonly (readonly [string, string])[] = [
  ["meta.helm.sh/", "Helm"],
  ["argocd.argoproj.io/", "Argo CD"],
  ["kustomize.toolkit.fluxcd.io/", "Flux"],
  ["helm.toolkit.fluxcd.io/", "Flux"],
  ["config.kubernetes.io/owning-inventory", "kpt"],
  ["configmanagement.gke.io/", "Config Sync"],
  ["fleet.cattle.io/", "Fleet"],
  ["kapp.k14s.io/", "kapp"],
];

/** Names under which such programs apply (`metadata.managedFields[].manager`). */
const owningManagers: ReadonlyMap<string, string> = new Map([
  ["helm", "Helm"],
  ["argocd-controller", "Argo CD"],
  ["argocd-application-controller", "Argo CD"],
  ["kustomize-controller", "Flux"],
  ["helm-controller", "Flux"],
  ["Terraform", "Terraform"],
]);

/** Who will write this object again from what they have elsewhere; null when nothing in it says so. */
export function ownershipOf(metadata: V1ObjectMeta | undefined): Ownership {
  const owner = metadata?.ownerReferences?.[0];
  if (owner !== undefined) return `${owner.kind} ${owner.name} owns it (ownerReferences)`;
  const marks = { ...metadata?.labels, ...metadata?.annotations };
  for (const key of Object.keys(marks)) {
    const found = ownersByKey.find(([prefix]) => key.startsWith(prefix));
    if (found !== undefined) return `${found[1]} writes it (${key})`;
  }
  const managedBy = metadata?.labels?.[managedByLabel];
  if (managedBy !== undefined && managedBy !== managedByValue) return `${managedBy} writes it (${managedByLabel})`;
  for (const { manager } of metadata?.managedFields ?? []) {
    const name = owningManagers.get(manager ?? "");
    if (name !== undefined) return `${name} writes it (field manager ${manager})`;
  }
  return null;
}
