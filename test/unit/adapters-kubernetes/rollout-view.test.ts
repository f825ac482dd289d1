import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { managerOf } from "../../../src/adapters/kubernetes/ownership.ts";
import { templateMarks } from "../../../src/adapters/kubernetes/pod-template.ts";
import { rolloutPod } from "../../../src/adapters/kubernetes/rollout-pod.ts";
import { rolloutView } from "../../../src/adapters/kubernetes/rollout-view.ts";
import { workloadSchema } from "../../../src/adapters/kubernetes/workload-object.ts";
import type { WorkloadKind } from "../../../src/domain/target.ts";

const view = (kind: WorkloadKind, spec: object, status: object) =>
  rolloutView(
    {
      kind,
      object: workloadSchema.parse({
        metadata: { name: "web", namespace: "shop", uid: "u", generation: 4 },
        spec: { selector: {}, template: { metadata: { labels: { app: "web" } } }, ...spec },
        status,
      }),
      replicaSets: [],
      revisions: [],
    },
    [],
  );

describe("whether a controller has nothing left to do", () => {
  const deployment = (status: object) =>
    view("Deployment", { replicas: 3 }, { observedGeneration: 4, ...status }).isRolled;

  it.each([
    [{ updatedReplicas: 3, replicas: 3, availableReplicas: 3 }, true],
    [{ updatedReplicas: 2, replicas: 3, availableReplicas: 3 }, false],
    [{ updatedReplicas: 3, replicas: 4, availableReplicas: 3 }, false],
    [{ updatedReplicas: 3, replicas: 3, availableReplicas: 2 }, false],
    [{ updatedReplicas: 3, replicas: 3, availableReplicas: 3, observedGeneration: 3 }, false],
  ])("a Deployment with %o: %s", (status, done) => {
    expect(deployment(status)).toBe(done);
  });

  it.each([
    [0, 3, true],
    [0, 2, false],
    [2, 1, true],
    [2, 0, false],
    [5, 0, true],
  ])("a StatefulSet of 3 with the partition %i and %i updated pods: %s", (partition, updatedReplicas, done) => {
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition } };
    const status = { observedGeneration: 4, replicas: 3, readyReplicas: 3, updatedReplicas };
    expect(view("StatefulSet", { replicas: 3, updateStrategy }, status).isRolled).toBe(done);
  });

  it("a DaemonSet with OnDelete has nothing to roll", () => {
    const status = { observedGeneration: 4, desiredNumberScheduled: 2, numberAvailable: 2, updatedNumberScheduled: 0 };
    expect(view("DaemonSet", { updateStrategy: { type: "OnDelete" } }, status).isRolled).toBe(true);
    expect(view("DaemonSet", { updateStrategy: { type: "RollingUpdate" } }, status).isRolled).toBe(false);
  });
});

describe("how many pods may be missing while it rolls", () => {
  const strategy = (replicas: number, rollingUpdate: object) =>
    view("Deployment", { replicas, strategy: { type: "RollingUpdate", rollingUpdate } }, {}).strategy;

  it("is rounded down, and the surge up, as its controller does", () => {
    expect(strategy(3, { maxUnavailable: "25%", maxSurge: "25%" })).toMatchObject({ unavailable: 0, surge: 1 });
    expect(strategy(10, { maxUnavailable: "25%", maxSurge: 0 })).toMatchObject({ unavailable: 2, surge: 0 });
    expect(strategy(3, { maxUnavailable: 0, maxSurge: 0 })).toMatchObject({ unavailable: 1 });
  });
});

describe("a pod's trouble", () => {
  const pod = (status: Partial<V1ContainerStatus>, more: Partial<V1Pod["status"]> = {}): V1Pod => ({
    metadata: { name: "web-0", uid: "u" },
    spec: { nodeName: "node", containers: [{ name: "app" }] },
    status: {
      phase: "Running",
      containerStatuses: [
        { name: "app", image: "i", imageID: "", ready: false, restartCount: 0, ...status } satisfies V1ContainerStatus,
      ],
      ...more,
    },
  });
  const ended = { terminated: { exitCode: 137, reason: "OOMKilled" } };

  it("is a crash when its container has ended twice, and not when it did once", () => {
    const crashing = pod({ restartCount: 1, state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: ended });
    expect(rolloutPod(crashing, true)).toMatchObject({
      failure: "crashing",
      trouble: "app ends again and again, ended with 137 (out of memory), restarted once",
    });
    expect(rolloutPod(pod({ state: { waiting: { reason: "CrashLoopBackOff" } } }), true).failure).toBeNull();
    expect(rolloutPod(pod({ restartCount: 2, state: { running: {} }, lastState: ended }), true).failure).toBe(
      "crashing",
    );
  });

  it.each(["ImagePullBackOff", "CreateContainerConfigError", "InvalidImageName"])("%s: it cannot start", (reason) => {
    expect(rolloutPod(pod({ state: { waiting: { reason, message: "it says why" } } }), true)).toMatchObject({
      failure: "cannot_start",
      trouble: `app: ${reason} (it says why)`,
    });
  });

  it("is that no node has room for it, in the scheduler's words", () => {
    const unscheduled: V1Pod = {
      metadata: { name: "web-0", uid: "u" },
      spec: { containers: [{ name: "app" }] },
      status: {
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "False", message: "0/3 nodes are available" }],
      },
    };
    expect(rolloutPod(unscheduled, true).trouble).toBe("not on any node yet: 0/3 nodes are available");
  });
});

describe("a template", () => {
  const template = (
    annotations: Record<string, string>,
    spec: object = { containers: [{ name: "a", image: "i:1" }] },
  ) => ({
    metadata: { labels: { app: "web" }, annotations },
    spec,
  });

  it("is the same whatever the order of its keys, what is empty, and when it was restarted", () => {
    const plain = templateMarks(template({ b: "2", a: "1" }));
    const other = templateMarks({
      spec: { containers: [{ image: "i:1", name: "a", env: undefined }], securityContext: {} },
      metadata: {
        creationTimestamp: null,
        annotations: { a: "1", b: "2", "kubectl.kubernetes.io/restartedAt": "now" },
        labels: { app: "web" },
      },
    });
    expect(other.digest).toBe(plain.digest);
    expect(other.restartedAt).toBe("now");
    expect(plain.images).toEqual({ a: "i:1" });
  });

  it("is another with another image, or the order of a list", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 4 }), (images) => {
        const containers = images.map((image) => ({ name: "a", image }));
        const digests = [containers, containers.toReversed()].map(
          (list) => templateMarks(template({}, { containers: list })).digest,
        );
        expect(digests[0]).not.toBe(digests[1]);
      }),
    );
  });
});

describe("who manages an object", () => {
  it.each([
    [
      { annotations: { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web" } },
      "gitops",
      "Argo CD (application shop)",
    ],
    [{ labels: { "argocd.argoproj.io/instance": "shop" } }, "gitops", "Argo CD (application shop)"],
    [
      { labels: { "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux" } },
      "gitops",
      "Flux (Kustomization flux/apps)",
    ],
    [{ labels: { "helm.toolkit.fluxcd.io/name": "web" } }, "gitops", "Flux (HelmRelease web)"],
    [{ annotations: { "meta.helm.sh/release-name": "web" } }, "other", "Helm"],
    [{ managedFields: [{ manager: "argocd-controller" }] }, "gitops", "Argo CD"],
    [{ ownerReferences: [{ kind: "Postgres", name: "orders" }] }, "operator", "Postgres orders"],
  ] as const)("%o: %s, %s", (metadata, kind, name) => {
    expect(managerOf(metadata)).toMatchObject({ kind, name });
  });

  it("is nobody where nothing says so", () => {
    expect(managerOf({ labels: { app: "web" } })).toBeNull();
  });
});
