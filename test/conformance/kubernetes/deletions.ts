import { CoreV1Api, type V1OwnerReference } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { type KubernetesUnderTest, namespaced, POD_SPEC, refusal } from "./support/subject.ts";

/** Deletions: preconditions, grace, finalizers, owners. */
export function deletionsConformance(api: () => KubernetesUnderTest): void {
  describe("deletions", () => {
    const namespace = "deletions";
    const subject = namespaced(api, namespace);
    const core = () => subject().kubeConfig.makeApiClient(CoreV1Api);
    const map = (name: string, more: object = {}) =>
      core().createNamespacedConfigMap({ namespace, body: { metadata: { name, ...more } } });
    const isGone = async (name: string) => {
      const { items } = await core().listNamespacedConfigMap({ namespace });
      return items.every(({ metadata }) => metadata?.name !== name);
    };
    const boundPod = async (name: string) => {
      await core().createNamespacedPod({ namespace, body: { metadata: { name }, spec: POD_SPEC } });
      const body = { metadata: { name }, target: { apiVersion: "v1", kind: "Node", name: "node-d" } };
      await core().createNamespacedPodBinding({ namespace, name, body });
    };

    test("an object is gone, and the answer says which it was", async () => {
      const { metadata } = await map("simple");
      expect(await core().deleteNamespacedConfigMap({ namespace, name: "simple" })).toMatchObject({
        kind: "Status",
        status: "Success",
        details: { name: "simple", kind: "configmaps", uid: metadata?.uid },
      });
      expect(await refusal(core().deleteNamespacedConfigMap({ namespace, name: "simple" }))).toMatchObject({
        code: 404,
      });
    });

    test("preconditions that do not hold are a Conflict", async () => {
      const { metadata } = await map("guarded");
      const remove = (preconditions: { uid?: string; resourceVersion?: string }) =>
        core().deleteNamespacedConfigMap({ namespace, name: "guarded", body: { preconditions } });
      const uid = "11111111-1111-4111-8111-111111111111";
      expect(await refusal(remove({ uid }))).toMatchObject({ code: 409, reason: "Conflict" });
      expect(await refusal(remove({ resourceVersion: "1" }))).toMatchObject({ code: 409, reason: "Conflict" });
      const { uid: own = "", resourceVersion = "" } = metadata ?? {};
      await remove({ uid: own, resourceVersion });
      expect(await isGone("guarded")).toBe(true);
    });

    test("a pod without a node goes at once", async () => {
      await core().createNamespacedPod({ namespace, body: { metadata: { name: "unbound" }, spec: POD_SPEC } });
      await core().deleteNamespacedPod({ namespace, name: "unbound" });
      expect(await refusal(core().readNamespacedPod({ namespace, name: "unbound" }))).toMatchObject({ code: 404 });
    });

    test("a pod on a node has its grace, which only gets shorter, and goes when the node lets it go", async () => {
      await boundPod("bound");
      const marked = await core().deleteNamespacedPod({ namespace, name: "bound" });
      expect(marked.metadata?.deletionTimestamp).toBeInstanceOf(Date);
      expect(marked.metadata?.deletionGracePeriodSeconds).toBe(5);
      const longer = await core().deleteNamespacedPod({ namespace, name: "bound", gracePeriodSeconds: 60 });
      expect(longer.metadata?.deletionGracePeriodSeconds).toBe(5);
      const shorter = await core().deleteNamespacedPod({ namespace, name: "bound", gracePeriodSeconds: 2 });
      expect(shorter.metadata?.deletionGracePeriodSeconds).toBe(2);
      await core().deleteNamespacedPod({ namespace, name: "bound", body: { gracePeriodSeconds: 0 } });
      expect(await refusal(core().readNamespacedPod({ namespace, name: "bound" }))).toMatchObject({ code: 404 });
    });

    test("an object with finalizers stays until the last of them has gone", async () => {
      const { metadata } = await map("final", { finalizers: ["handover.dev/hold"] });
      await core().deleteNamespacedConfigMap({ namespace, name: "final" });
      const held = await core().readNamespacedConfigMap({ namespace, name: "final" });
      expect(held.metadata?.deletionTimestamp).toBeInstanceOf(Date);
      expect(held.metadata?.uid).toBe(metadata?.uid);
      await core().replaceNamespacedConfigMap({
        namespace,
        name: "final",
        body: { ...held, metadata: { ...held.metadata, finalizers: [] } },
      });
      expect(await isGone("final")).toBe(true);
    });

    test("a collection is deleted by its labels", async () => {
      await map("first", { labels: { sweep: "yes" } });
      await map("second", { labels: { sweep: "yes" } });
      await map("third", { labels: { sweep: "no" } });
      await core().deleteCollectionNamespacedConfigMap({ namespace, labelSelector: "sweep=yes" });
      const { items } = await core().listNamespacedConfigMap({ namespace, labelSelector: "sweep" });
      expect(items.map(({ metadata }) => metadata?.name)).toEqual(["third"]);
    });

    const ownedBy = async (name: string): Promise<V1OwnerReference> => {
      const { metadata } = await map(name);
      const reference = { apiVersion: "v1", kind: "ConfigMap", name, uid: metadata?.uid ?? "" };
      return { ...reference, blockOwnerDeletion: true };
    };

    test("what an object owns goes after it", async () => {
      const owner = await ownedBy("owner");
      await map("owned", { ownerReferences: [owner] });
      await core().deleteNamespacedConfigMap({ namespace, name: "owner" });
      await until("the owned one is gone", () => isGone("owned"));
    });

    test("in the foreground, what an object owns goes before it", async () => {
      const owner = await ownedBy("patient");
      await map("held", { ownerReferences: [owner], finalizers: ["handover.dev/hold"] });
      await core().deleteNamespacedConfigMap({ namespace, name: "patient", propagationPolicy: "Foreground" });
      const held = await until("the owned one is being deleted", async () => {
        const object = await core().readNamespacedConfigMap({ namespace, name: "held" });
        return object.metadata?.deletionTimestamp === undefined ? undefined : object;
      });
      expect(await isGone("patient")).toBe(false);
      await core().replaceNamespacedConfigMap({
        namespace,
        name: "held",
        body: {
          ...held,
          metadata: {
            ...held.metadata,
            finalizers: (held.metadata?.finalizers ?? []).filter((name) => name !== "handover.dev/hold"),
          },
        },
      });
      await until("the owner is gone", () => isGone("patient"));
    });

    test("an orphan outlives its owner", async () => {
      const owner = await ownedBy("parent");
      await map("orphan", { ownerReferences: [owner] });
      await core().deleteNamespacedConfigMap({ namespace, name: "parent", propagationPolicy: "Orphan" });
      await until("the owner is gone", () => isGone("parent"));
      const { metadata } = await core().readNamespacedConfigMap({ namespace, name: "orphan" });
      expect(metadata?.ownerReferences).toBeUndefined();
    });

    test("a namespace takes what is in it along", async () => {
      await core().createNamespace({ body: { metadata: { name: "short-lived" } } });
      await core().createNamespacedConfigMap({ namespace: "short-lived", body: { metadata: { name: "inside" } } });
      const { status } = await core().deleteNamespace({ name: "short-lived" });
      expect(status).toMatchObject({ phase: "Terminating" });
      await until("the namespace is gone", async () => {
        const { items } = await core().listNamespace();
        return items.every(({ metadata }) => metadata?.name !== "short-lived");
      });
    });
  });
}
