import type { V1ObjectMeta } from "@kubernetes/client-node";
import type { Manager } from "../../ports/rollouts.ts";
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

/** Programs whose word is what stands in a repository: what is changed beside them is put back by themselves. */
const gitOps: ReadonlySet<string> = new Set(["Argo CD", "Flux", "kpt", "Config Sync", "Fleet", "kapp"]);

/** Who will write this object again from what they have elsewhere; null when nothing in it says so. */
export function ownershipOf(metadata: V1ObjectMeta | undefined): Ownership {
  const manager = managerOf(metadata);
  if (manager === null) return null;
  return `${manager.name} ${manager.kind === "operator" ? "owns" : "writes"} it (${manager.sign})`;
}

/** What of an object's metadata says who writes it. */
export interface ManagedObject {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  readonly managedFields?: readonly { readonly manager?: string | undefined }[];
}

/** The same, with what kind of program it is, and with the application's name where it says that. */
export function managerOf(metadata: ManagedObject | undefined): Manager | null {
  const owner = metadata?.ownerReferences?.[0];
  if (owner !== undefined) return { kind: "operator", name: `${owner.kind} ${owner.name}`, sign: "ownerReferences" };
  const marks = { ...metadata?.labels, ...metadata?.annotations };
  for (const key of Object.keys(marks)) {
    const found = ownersByKey.find(([prefix]) => key.startsWith(prefix));
    if (found !== undefined) return programNamed(found[1], key, marks);
  }
  const managedBy = metadata?.labels?.[managedByLabel];
  if (managedBy !== undefined && managedBy !== managedByValue) return programNamed(managedBy, managedByLabel, marks);
  for (const { manager } of metadata?.managedFields ?? []) {
    const name = owningManagers.get(manager ?? "");
    if (name !== undefined) return programNamed(name, `field manager ${manager}`, marks);
  }
  return null;
}

function programNamed(name: string, sign: string, marks: Readonly<Record<string, string>>): Manager {
  const application = applicationIn(marks);
  return {
    kind: gitOps.has(name) ? "gitops" : "other",
    name: application === null ? name : `${name} (${application})`,
    sign,
  };
}

/**
 * The application that an object is part of, as Argo CD (https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/)
 * and Flux (https://fluxcd.io/flux/components/) write it.
 */
function applicationIn(marks: Readonly<Record<string, string>>): string | null {
  const tracked = marks["argocd.argoproj.io/tracking-id"]?.split(":")[0] ?? marks["argocd.argoproj.io/instance"];
  if (tracked) return `application ${tracked}`;
  for (const [prefix, kind] of fluxKinds) {
    const name = marks[`${prefix}/name`];
    if (name !== undefined) return `${kind} ${[marks[`${prefix}/namespace`] ?? [], name].flat().join("/")}`;
  }
  return null;
}

const fluxKinds = [
  ["kustomize.toolkit.fluxcd.io", "Kustomization"],
  ["helm.toolkit.fluxcd.io", "HelmRelease"],
] as const;
