import type { V1Pod, V1StatefulSet } from "@kubernetes/client-node";

export const setUid = "set-uid";

/** A StatefulSet as the API hands it over, with what a test wants different. */
export function statefulSet(
  spec: Partial<NonNullable<V1StatefulSet["spec"]>> = {},
  annotations: Record<string, string> = {},
): V1StatefulSet {
  return {
    metadata: { name: "dolt", namespace: "shop", uid: setUid, annotations },
    spec: {
      selector: { matchLabels: { app: "dolt" } },
      serviceName: "dolt-internal",
      template: {},
      replicas: 2,
      ...spec,
    },
    status: { replicas: 2, updateRevision: "dolt-2", currentRevision: "dolt-1" },
  };
}

/** A running, ready pod of that StatefulSet, with what a test wants different. */
export function pod(
  name: string,
  different: { uid?: string; owner?: string; status?: V1Pod["status"]; spec?: V1Pod["spec"] } = {},
): V1Pod {
  return {
    metadata: {
      name,
      namespace: "shop",
      uid: different.uid ?? `uid of ${name}`,
      creationTimestamp: new Date(1_000),
      labels: { "controller-revision-hash": "dolt-2" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "StatefulSet", name: "dolt", uid: different.owner ?? setUid, controller: true },
      ],
    },
    spec: different.spec ?? {
      nodeName: "node1",
      containers: [
        { name: "sidecar" },
        {
          name: "dolt",
          ports: [
            { name: "remotesapi", containerPort: 50051 },
            { name: "dolt", containerPort: 3307 },
          ],
        },
      ],
    },
    status: different.status ?? {
      podIP: "10.0.0.7",
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [
        containerStatus("sidecar", { waiting: { reason: "CrashLoopBackOff" } }),
        containerStatus("dolt", { running: {} }),
      ],
    },
  };
}

export function containerStatus(
  name: string,
  state: NonNullable<NonNullable<V1Pod["status"]>["containerStatuses"]>[number]["state"],
) {
  return { name, image: "dolt", imageID: "", ready: true, restartCount: 0, ...(state === undefined ? {} : { state }) };
}
