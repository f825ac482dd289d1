import type { AccessRule, AccessTable } from "../access-rule.ts";

const look: readonly AccessRule[] = [
  {
    group: "apps",
    resources: ["statefulsets", "deployments", "daemonsets"],
    verbs: ["get"],
    why: "the target as it is",
  },
  { group: "", resources: ["pods"], verbs: ["list"], why: "its pods" },
  { group: "apps", resources: ["replicasets"], verbs: ["list"], why: "of which version a Deployment's pods are" },
  {
    group: "apps",
    resources: ["controllerrevisions"],
    verbs: ["list"],
    why: "of which version a DaemonSet's pods are, and what ran before",
  },
];

const constraints: readonly AccessRule[] = [
  { group: "policy", resources: ["poddisruptionbudgets"], verbs: ["list"], why: "how many pods may be missing" },
  { group: "", resources: ["resourcequotas"], verbs: ["list"], why: "how many more pods there is room for" },
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

const explain: readonly AccessRule[] = [
  { group: "", resources: ["pods"], verbs: ["get"], why: "whose log it is" },
  { group: "", resources: ["pods/log"], verbs: ["get"], why: "why a pod is not ready" },
  { group: "", resources: ["events"], verbs: ["list"], why: "why a pod is not ready" },
];

/** What each operation on ordinary workloads does with the Kubernetes API. */
export const workloadAccess: AccessTable = {
  "kubernetes.status": [...look, ...constraints, ...autoscalers, ...explain],
  "kubernetes.restart": [
    ...look,
    ...constraints,
    ...explain,
    {
      group: "apps",
      resources: ["statefulsets", "deployments", "daemonsets"],
      verbs: ["patch"],
      why: "kubectl.kubernetes.io/restartedAt in the pod template, or the template of before",
    },
    {
      group: "",
      resources: ["pods/eviction"],
      verbs: ["create"],
      why: "pods that no controller replaces: evictions ask the PodDisruptionBudgets, where deletions would not",
    },
  ],
  "kubernetes.scale": [
    ...look,
    ...constraints,
    ...autoscalers,
    ...explain,
    {
      group: "apps",
      resources: ["statefulsets/scale", "deployments/scale"],
      verbs: ["get", "patch"],
      why: "the number of pods",
    },
  ],
};
