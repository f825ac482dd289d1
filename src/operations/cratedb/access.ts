import type { AccessRule, AccessTable } from "../access-rule.ts";

const look: readonly AccessRule[] = [
  { group: "apps", resources: ["statefulsets"], verbs: ["list"], why: "the StatefulSets of the cluster" },
  { group: "", resources: ["pods"], verbs: ["list"], why: "the nodes" },
  {
    group: "",
    resources: ["secrets"],
    verbs: ["get"],
    named: "secrets",
    why: "the login: those that handover.dev/credentials-secret names, and no other",
  },
];

const explain: readonly AccessRule[] = [
  { group: "", resources: ["pods"], verbs: ["get"], why: "whose log it is" },
  { group: "", resources: ["pods/log"], verbs: ["get"], why: "why a pod does not come back" },
  { group: "", resources: ["events"], verbs: ["list"], why: "why a pod does not come back" },
];

const backups: readonly AccessRule[] = [
  { group: "batch", resources: ["cronjobs"], verbs: ["list", "patch"], why: "backups are held back meanwhile" },
  { group: "batch", resources: ["jobs"], verbs: ["list"], why: "whether a backup runs" },
];

const autoscalers: readonly AccessRule[] = [
  {
    group: "autoscaling",
    resources: ["horizontalpodautoscalers"],
    verbs: ["list"],
    why: "what else sets the number of pods",
  },
  {
    group: "keda.sh",
    resources: ["scaledobjects"],
    verbs: ["list"],
    why: "what else sets the number of pods, where KEDA is installed",
  },
];

const annotate: AccessRule = {
  group: "apps",
  resources: ["statefulsets"],
  verbs: ["get", "patch"],
  why: "start-up arguments, and what is noted on the StatefulSets for whoever takes it up",
};
const scale: AccessRule = {
  group: "apps",
  resources: ["statefulsets/scale"],
  verbs: ["get", "patch"],
  why: "the number of pods",
};
const dependents: readonly AccessRule[] = [
  { group: "apps", resources: ["deployments"], verbs: ["list"], why: "what depends on the cluster" },
  { group: "apps", resources: ["deployments/scale"], verbs: ["get", "patch"], why: "what depends on it rests too" },
];

/** What each operation on CrateDB does with the Kubernetes API. */
export const crateAccess: AccessTable = {
  "cratedb.status": [...look, { group: "batch", resources: ["jobs"], verbs: ["list"], why: "whether a backup runs" }],
  "cratedb.restart": [
    ...look,
    ...explain,
    ...backups,
    annotate,
    { group: "", resources: ["pods/eviction"], verbs: ["create"], why: "restarts, as far as the budgets allow" },
  ],
  "cratedb.scale": [...look, ...explain, ...backups, ...autoscalers, annotate, scale],
  "cratedb.suspend": [...look, ...explain, ...backups, ...autoscalers, ...dependents, annotate, scale],
  "cratedb.resume": [...look, ...explain, ...backups, ...autoscalers, ...dependents, annotate, scale],
};
