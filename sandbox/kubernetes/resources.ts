/** What the API serves: one row a resource. Everything generic is driven by this table. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Whether writes to the object leave its `status` alone, and writes to `/status` the rest. */
  readonly hasStatus: boolean;
  /** Whether `metadata.generation` counts the changes of the specification. */
  readonly hasGeneration: boolean;
  readonly hasScale: boolean;
  /** Whether a replacement must name the version that it replaces. */
  readonly demandsVersion: boolean;
  /** Whether a deletion answers with the object rather than with a Status. */
  readonly answersDeletedObject: boolean;
  /** Fields that a field selector may name, beside the name and the namespace. */
  readonly selectableFields: readonly string[];
}

type Row = Pick<Resource, "group" | "version" | "plural" | "kind"> & Partial<Resource>;

function resource(row: Row): Resource {
  return {
    singular: row.kind.toLowerCase(),
    shortNames: [],
    namespaced: true,
    hasStatus: false,
    hasGeneration: false,
    hasScale: false,
    demandsVersion: false,
    answersDeletedObject: false,
    selectableFields: [],
    ...row,
  };
}

const core = (plural: string, kind: string, more: Partial<Resource> = {}) =>
  resource({ group: "", version: "v1", plural, kind, ...more });
const apps = (plural: string, kind: string, more: Partial<Resource> = {}) =>
  resource({ group: "apps", version: "v1", plural, kind, hasStatus: true, hasGeneration: true, ...more });
const batch = (plural: string, kind: string, more: Partial<Resource> = {}) =>
  resource({ group: "batch", version: "v1", plural, kind, hasStatus: true, hasGeneration: true, ...more });
const rbac = (plural: string, kind: string, more: Partial<Resource> = {}) =>
  resource({ group: "rbac.authorization.k8s.io", version: "v1", plural, kind, ...more });

const involvedObjectFields = [
  "involvedObject.kind",
  "involvedObject.namespace",
  "involvedObject.name",
  "involvedObject.uid",
  "involvedObject.apiVersion",
  "involvedObject.resourceVersion",
  "involvedObject.fieldPath",
  "reason",
  "reportingComponent",
  "source",
  "type",
];

export const NAMESPACES = core("namespaces", "Namespace", {
  shortNames: ["ns"],
  namespaced: false,
  hasStatus: true,
  selectableFields: ["status.phase"],
});
export const NODES = core("nodes", "Node", {
  shortNames: ["no"],
  namespaced: false,
  hasStatus: true,
  selectableFields: ["spec.unschedulable"],
});
export const PODS = core("pods", "Pod", {
  shortNames: ["po"],
  hasStatus: true,
  hasGeneration: true,
  answersDeletedObject: true,
  selectableFields: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
});
export const SERVICES = core("services", "Service", {
  shortNames: ["svc"],
  hasStatus: true,
  answersDeletedObject: true,
  selectableFields: ["spec.clusterIP", "spec.type"],
});
export const CONFIG_MAPS = core("configmaps", "ConfigMap", { shortNames: ["cm"] });
export const SECRETS = core("secrets", "Secret", { selectableFields: ["type"] });
export const SERVICE_ACCOUNTS = core("serviceaccounts", "ServiceAccount", {
  shortNames: ["sa"],
  answersDeletedObject: true,
});
export const PERSISTENT_VOLUME_CLAIMS = core("persistentvolumeclaims", "PersistentVolumeClaim", {
  shortNames: ["pvc"],
  hasStatus: true,
  answersDeletedObject: true,
});
export const EVENTS = core("events", "Event", { shortNames: ["ev"], selectableFields: involvedObjectFields });
export const RESOURCE_QUOTAS = core("resourcequotas", "ResourceQuota", {
  shortNames: ["quota"],
  hasStatus: true,
  answersDeletedObject: true,
});
export const STATEFUL_SETS = apps("statefulsets", "StatefulSet", { shortNames: ["sts"], hasScale: true });
export const DEPLOYMENTS = apps("deployments", "Deployment", { shortNames: ["deploy"], hasScale: true });
export const REPLICA_SETS = apps("replicasets", "ReplicaSet", { shortNames: ["rs"], hasScale: true });
export const DAEMON_SETS = apps("daemonsets", "DaemonSet", { shortNames: ["ds"] });
export const CONTROLLER_REVISIONS = apps("controllerrevisions", "ControllerRevision", {
  hasStatus: false,
  hasGeneration: false,
});
export const LEASES = resource({
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  demandsVersion: true,
});
export const JOBS = batch("jobs", "Job", { selectableFields: ["status.successful"] });
export const CRON_JOBS = batch("cronjobs", "CronJob", { shortNames: ["cj"] });
export const POD_DISRUPTION_BUDGETS = resource({
  group: "policy",
  version: "v1",
  plural: "poddisruptionbudgets",
  kind: "PodDisruptionBudget",
  shortNames: ["pdb"],
  hasStatus: true,
  hasGeneration: true,
  demandsVersion: true,
});
export const ROLES = rbac("roles", "Role");
export const ROLE_BINDINGS = rbac("rolebindings", "RoleBinding");
export const CLUSTER_ROLES = rbac("clusterroles", "ClusterRole", { namespaced: false });
export const CLUSTER_ROLE_BINDINGS = rbac("clusterrolebindings", "ClusterRoleBinding", { namespaced: false });

/** Served, but never stored: a question that the answer is written into. */
const review = (group: string, plural: string, kind: string) =>
  resource({ group, version: "v1", plural, kind, namespaced: false });
export const SELF_SUBJECT_ACCESS_REVIEWS = review(
  "authorization.k8s.io",
  "selfsubjectaccessreviews",
  "SelfSubjectAccessReview",
);
export const SELF_SUBJECT_REVIEWS = review("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview");

/** The same events in the newer shape; they are stored in the older one. */
export const NEW_EVENTS = resource({
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  shortNames: ["ev"],
  selectableFields: ["regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "reason", "type"],
});

export const RESOURCES: readonly Resource[] = [
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  CONFIG_MAPS,
  SECRETS,
  SERVICE_ACCOUNTS,
  PERSISTENT_VOLUME_CLAIMS,
  core("endpoints", "Endpoints", { shortNames: ["ep"] }),
  EVENTS,
  RESOURCE_QUOTAS,
  STATEFUL_SETS,
  DEPLOYMENTS,
  REPLICA_SETS,
  DAEMON_SETS,
  CONTROLLER_REVISIONS,
  resource({
    group: "networking.k8s.io",
    version: "v1",
    plural: "networkpolicies",
    kind: "NetworkPolicy",
    shortNames: ["netpol"],
    hasGeneration: true,
  }),
  resource({ group: "discovery.k8s.io", version: "v1", plural: "endpointslices", kind: "EndpointSlice" }),
  LEASES,
  JOBS,
  CRON_JOBS,
  resource({
    group: "autoscaling",
    version: "v2",
    plural: "horizontalpodautoscalers",
    kind: "HorizontalPodAutoscaler",
    shortNames: ["hpa"],
    hasStatus: true,
  }),
  POD_DISRUPTION_BUDGETS,
  ROLES,
  ROLE_BINDINGS,
  CLUSTER_ROLES,
  CLUSTER_ROLE_BINDINGS,
  SELF_SUBJECT_ACCESS_REVIEWS,
  SELF_SUBJECT_REVIEWS,
  NEW_EVENTS,
];

/** `v1` or `apps/v1`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return RESOURCES.find((row) => row.group === group && row.version === version && row.plural === plural);
}

export function resourceOfKind(apiVersion: string, kind: string): Resource | undefined {
  return RESOURCES.find((row) => row.kind === kind && apiVersionOf(row) === apiVersion);
}
