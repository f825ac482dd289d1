/** Verbs of Kubernetes' RBAC that Handover uses, in the order in which Roles list them. */
export const verbs = ["get", "list", "watch", "create", "update", "patch"] as const;
export type Verb = (typeof verbs)[number];

/** One thing that an operation does with the Kubernetes API, as a rule of a Role. */
export interface AccessRule {
  /** API group; empty for the core one. */
  readonly group: string;
  /** Plural names; with a subresource behind a slash. */
  readonly resources: readonly string[];
  readonly verbs: readonly Verb[];
  /** Objects that a Role should name one by one, because each of this kind can be anybody's. */
  readonly named?: "secrets" | "configmaps";
  /** For whoever grants it: what it is for. */
  readonly why: string;
}

/** Rules by operation (`dolt.failover`): all that it does beyond what each target takes. */
export type AccessTable = Readonly<Record<string, readonly AccessRule[]>>;
