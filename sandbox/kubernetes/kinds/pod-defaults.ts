import { isObject, type Json, type JsonObject, listAt, withDefaults } from "../json.ts";
import type { KubeObject } from "../object.ts";

/** Defaults of `PodSpec` (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/). */
export function podSpecDefaults(spec: JsonObject): JsonObject {
  const filled = withDefaults(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
  });
  for (const list of ["containers", "initContainers"]) {
    if (Array.isArray(filled[list])) {
      filled[list] = listAt(filled, list).map((container) =>
        isObject(container) ? containerDefaults(container) : container,
      );
    }
  }
  if (Array.isArray(filled.volumes)) {
    filled.volumes = listAt(filled, "volumes").map(volumeDefaults);
  }
  return filled;
}

function containerDefaults(container: JsonObject): JsonObject {
  const image = typeof container.image === "string" ? container.image : "";
  const filled = withDefaults(container, {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: isLatest(image) ? "Always" : "IfNotPresent",
  });
  if (Array.isArray(filled.ports)) {
    filled.ports = listAt(filled, "ports").map((port) =>
      isObject(port) ? withDefaults(port, { protocol: "TCP" }) : port,
    );
  }
  if (Array.isArray(filled.env)) {
    filled.env = listAt(filled, "env").map(variableDefaults);
  }
  for (const probe of ["readinessProbe", "livenessProbe", "startupProbe"]) {
    const given = filled[probe];
    if (isObject(given)) {
      filled[probe] = withDefaults(given, {
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      });
    }
  }
  return filled;
}

/** An image without a tag and without a digest means `latest`. */
function isLatest(image: string): boolean {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return !last.includes("@") && (!last.includes(":") || last.endsWith(":latest"));
}

function variableDefaults(variable: Json): Json {
  if (!isObject(variable) || !isObject(variable.valueFrom) || !isObject(variable.valueFrom.fieldRef)) {
    return variable;
  }
  const fieldRef = withDefaults(variable.valueFrom.fieldRef, { apiVersion: "v1" });
  return { ...variable, valueFrom: { ...variable.valueFrom, fieldRef } };
}

const DEFAULT_FILE_MODE = 0o644;

function volumeDefaults(volume: Json): Json {
  if (!isObject(volume)) {
    return volume;
  }
  const filled: JsonObject = { ...volume };
  for (const source of ["configMap", "secret", "projected", "downwardAPI"]) {
    const given = filled[source];
    if (isObject(given)) {
      filled[source] = withDefaults(given, { defaultMode: DEFAULT_FILE_MODE });
    }
  }
  if (isObject(filled.hostPath)) {
    filled.hostPath = withDefaults(filled.hostPath, { type: "" });
  }
  return filled;
}

/** A pod begins pending; its class of service follows from what its containers ask for. */
export function podStatusAtCreation(pod: KubeObject): JsonObject {
  return { phase: "Pending", qosClass: qualityOfService(isObject(pod.spec) ? pod.spec : {}) };
}

function qualityOfService(spec: JsonObject): string {
  const resources = listAt(spec, "containers").map((container) =>
    isObject(container) ? container.resources : undefined,
  );
  const isUnset = (value: Json | undefined) => !isObject(value) || Object.keys(value).length === 0;
  if (resources.every((given) => !isObject(given) || (isUnset(given.requests) && isUnset(given.limits)))) {
    return "BestEffort";
  }
  const isGuaranteed = resources.every(
    (given) =>
      isObject(given) &&
      isObject(given.limits) &&
      ["cpu", "memory"].every((name) => isObject(given.limits) && given.limits[name] !== undefined) &&
      (given.requests === undefined || JSON.stringify(given.requests) === JSON.stringify(given.limits)),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}
