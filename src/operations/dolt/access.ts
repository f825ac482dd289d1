import type { AccessRule, AccessTable } from "../access-rule.ts";

const look: readonly AccessRule[] = [
  { group: "apps", resources: ["statefulsets"], verbs: ["get"], why: "the target as it is" },
  { group: "", resources: ["pods"], verbs: ["list"], why: "the servers" },
  {
    group: "",
    resources: ["services"],
    verbs: ["list"],
    why: "which pod a replication address leads to, when it is that of a Service",
  },
  {
    group: "",
    resources: ["secrets"],
    verbs: ["get"],
    named: "secrets",
    why: "the login: those that handover.dev/credentials-secret names, and no other",
  },
];

const label: AccessRule = {
  group: "",
  resources: ["pods"],
  verbs: ["patch"],
  why: "the label by which Services find the primary",
};

const roll: readonly AccessRule[] = [
  {
    group: "",
    resources: ["pods/eviction"],
    verbs: ["create"],
    why: "restarts: evictions ask the PodDisruptionBudgets, where deletions would not",
  },
  { group: "", resources: ["pods"], verbs: ["get"], why: "whose log it is" },
  { group: "", resources: ["pods/log"], verbs: ["get"], why: "why a pod does not come back" },
  { group: "", resources: ["events"], verbs: ["list"], why: "why a pod does not come back" },
];

const explain: readonly AccessRule[] = [
  {
    group: "networking.k8s.io",
    resources: ["networkpolicies"],
    verbs: ["list"],
    why: "for the status alone: what guards the replication port; without it, it says that it could not look",
  },
  {
    group: "",
    resources: ["configmaps"],
    verbs: ["get"],
    why: "what the servers' configuration says, and the CA of their certificates",
  },
];

/** What each operation on Dolt does with the Kubernetes API. */
export const doltAccess: AccessTable = {
  "dolt.status": [...look, ...explain],
  "dolt.failover": [...look, label],
  "dolt.promote": [...look, label],
  "dolt.relabel": [...look, label],
  "dolt.repair": [...look, label],
  "dolt.restart": [...look, label, ...roll],
  "dolt.scale": [
    ...look,
    label,
    ...roll,
    {
      group: "",
      resources: ["configmaps"],
      verbs: ["get", "patch"],
      named: "configmaps",
      why: "whom each server replicates to: the ConfigMaps with the servers' YAML",
    },
    {
      group: "",
      resources: ["services"],
      verbs: ["get", "list", "create"],
      why: "a Service for each new pod, where the others have one of their own",
    },
    { group: "apps", resources: ["statefulsets/scale"], verbs: ["get", "patch"], why: "the number of pods" },
  ],
};
