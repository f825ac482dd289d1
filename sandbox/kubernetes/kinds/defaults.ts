import { isObject, type Json, type JsonObject, listAt, objectAt, textAt, withDefaults } from "../json.ts";
import type { KubeObject } from "../object.ts";
import type { Resource } from "../resources.ts";
import { qualifiedName } from "../status.ts";
import { podSpecDefaults, podStatusAtCreation } from "./pod-defaults.ts";

/** What the API server fills in, for the fields that this project or its tests read. Done at creation and at each update. */
export function defaulted(resource: Resource, object: KubeObject): KubeObject {
  const fill = DEFAULTS[qualifiedName(resource)];
  return fill === undefined ? object : fill(object);
}

const DEFAULTS: Readonly<Record<string, (object: KubeObject) => KubeObject>> = {
  namespaces: (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name },
    },
    spec: withDefaults(objectAt(object, "spec"), { finalizers: ["kubernetes"] }),
    status: withDefaults(objectAt(object, "status"), { phase: "Active" }),
  }),
  pods: (object) => ({
    ...object,
    spec: withDefaults(podSpecDefaults(objectAt(object, "spec")), { enableServiceLinks: true }),
    status: withDefaults(objectAt(object, "status"), podStatusAtCreation(object)),
  }),
  services: (object) => ({
    ...object,
    spec: serviceDefaults(objectAt(object, "spec")),
    status: statusOr(object, { loadBalancer: {} }),
  }),
  secrets: (object) => ({ ...withStringData(object), type: textAt(object, "type") ?? "Opaque" }),
  "statefulsets.apps": (object) =>
    workload(
      object,
      {
        replicas: 1,
        podManagementPolicy: "OrderedReady",
        updateStrategy: updateStrategy(object, { rollingUpdate: { partition: 0 } }),
        revisionHistoryLimit: 10,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      },
      { replicas: 0, availableReplicas: 0 },
    ),
  "deployments.apps": (object) =>
    workload(
      object,
      {
        replicas: 1,
        strategy: deploymentStrategy(object),
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
      {},
    ),
  "replicasets.apps": (object) => workload(object, { replicas: 1 }, { replicas: 0 }),
  "daemonsets.apps": (object) =>
    workload(
      object,
      {
        updateStrategy: updateStrategy(object, { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } }),
        revisionHistoryLimit: 10,
      },
      { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
    ),
  "jobs.batch": (object) =>
    workload(
      object,
      { parallelism: 1, completions: 1, backoffLimit: 6, completionMode: "NonIndexed", suspend: false },
      {},
    ),
  "cronjobs.batch": (object) => ({
    ...object,
    spec: withDefaults(objectAt(object, "spec"), {
      concurrencyPolicy: "Allow",
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    }),
    status: statusOr(object, {}),
  }),
  "poddisruptionbudgets.policy": (object) => ({
    ...object,
    status: statusOr(object, { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }),
  }),
  "networkpolicies.networking.k8s.io": (object) => ({
    ...object,
    spec: networkPolicyDefaults(objectAt(object, "spec")),
  }),
  "horizontalpodautoscalers.autoscaling": (object) => ({
    ...object,
    spec: withDefaults(objectAt(object, "spec"), { minReplicas: 1 }),
    status: statusOr(object, { desiredReplicas: 0, currentMetrics: null }),
  }),
};

/** A workload's own defaults, and those of the pods in its template. */
function workload(object: KubeObject, specDefaults: JsonObject, status: JsonObject): KubeObject {
  const spec = withDefaults(objectAt(object, "spec"), specDefaults);
  const template = objectAt(spec, "template");
  const filled = { ...template, spec: podSpecDefaults(objectAt(template, "spec")) };
  return { ...object, spec: { ...spec, template: filled }, status: statusOr(object, status) };
}

const statusOr = (object: KubeObject, preset: JsonObject): JsonObject =>
  isObject(object.status) ? object.status : preset;

function updateStrategy(object: KubeObject, rolling: JsonObject): JsonObject {
  const type = textAt(object, "spec", "updateStrategy", "type") ?? "RollingUpdate";
  return type === "RollingUpdate" ? { type, ...rolling } : { type };
}

function deploymentStrategy(object: KubeObject): JsonObject {
  const type = textAt(object, "spec", "strategy", "type") ?? "RollingUpdate";
  return type === "RollingUpdate" ? { type, rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } } : { type };
}

function serviceDefaults(spec: JsonObject): JsonObject {
  const ports: Json[] = listAt(spec, "ports").map((port) =>
    isObject(port) ? withDefaults(port, { protocol: "TCP", targetPort: port.port ?? null }) : port,
  );
  return withDefaults(
    { ...spec, ...(ports.length === 0 ? {} : { ports }) },
    {
      type: "ClusterIP",
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
    },
  );
}

/** A policy that says no types holds for what comes in, and for what goes out as soon as it has rules for that. */
function networkPolicyDefaults(spec: JsonObject): JsonObject {
  const withProtocol = (rule: Json): Json => {
    if (!isObject(rule) || rule.ports === undefined) return rule;
    const ports = listAt(rule, "ports").map((port) =>
      isObject(port) ? withDefaults(port, { protocol: "TCP" }) : port,
    );
    return { ...rule, ports };
  };
  const rules = Object.fromEntries(
    (["ingress", "egress"] as const).flatMap((way) =>
      spec[way] === undefined ? [] : [[way, listAt(spec, way).map(withProtocol)]],
    ),
  );
  const policyTypes = ["Ingress", ...(listAt(spec, "egress").length > 0 ? ["Egress"] : [])];
  return withDefaults({ ...spec, ...rules }, { podSelector: {}, policyTypes });
}

/** `stringData` is for writing only: it is kept, encoded, in `data`. */
function withStringData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (!isObject(stringData)) {
    return object;
  }
  const encoded = Object.entries(stringData).flatMap(([key, value]) =>
    typeof value === "string" ? [[key, Buffer.from(value).toString("base64")]] : [],
  );
  return { ...rest, data: { ...objectAt(object, "data"), ...Object.fromEntries(encoded) } };
}
