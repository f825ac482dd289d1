import { AppsV1Api, PatchStrategy, setHeaderOptions, type V1StatefulSet } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { PodsByHand } from "./support/pods.ts";
import { type KubernetesUnderTest, namespaced, POD_SPEC, refusal } from "./support/subject.ts";

/** StatefulSets and what their controller does with pods. */
export function statefulSetsConformance(api: () => KubernetesUnderTest): void {
  describe("StatefulSets", () => {
    const namespace = "statefulsets";
    const subject = namespaced(api, namespace);
    const apps = () => subject().kubeConfig.makeApiClient(AppsV1Api);
    const pods = () => new PodsByHand(subject().kubeConfig, namespace);
    const read = (name: string) => apps().readNamespacedStatefulSet({ namespace, name });
    const create = (name: string, more: Partial<V1StatefulSet["spec"]> = {}) =>
      apps().createNamespacedStatefulSet({
        namespace,
        body: {
          metadata: { name },
          spec: {
            replicas: 3,
            serviceName: name,
            selector: { matchLabels: { app: name } },
            template: { metadata: { labels: { app: name } }, spec: POD_SPEC },
            ...more,
          },
        },
      });
    const patch = (name: string, spec: object) =>
      apps().patchNamespacedStatefulSet(
        { namespace, name, body: { spec } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
    const template = (name: string, image: string) => ({
      template: { metadata: { labels: { app: name } }, spec: { ...POD_SPEC, containers: [{ name: "main", image }] } },
    });
    const status = (name: string, what: string, holds: (status: NonNullable<V1StatefulSet["status"]>) => boolean) =>
      until(`the status of ${name} says: ${what}`, async () => {
        const set = await read(name);
        return set.status !== undefined && holds(set.status) ? set.status : undefined;
      });
    const allReady = async (name: string, count: number) => {
      for (let ordinal = 0; ordinal < count; ordinal += 1) {
        await pods().appears(`${name}-${ordinal}`);
        await pods().setReady(`${name}-${ordinal}`);
      }
      return status(name, "all ready", ({ readyReplicas }) => readyReplicas === count);
    };

    test("in parallel: all pods at once, named, labelled and owned", async () => {
      const set = await create("parallel", { podManagementPolicy: "Parallel", updateStrategy: { type: "OnDelete" } });
      expect(set.metadata?.generation).toBe(1);
      expect(set.spec).toMatchObject({ revisionHistoryLimit: 10, updateStrategy: { type: "OnDelete" } });
      for (const ordinal of [0, 1, 2]) {
        const { metadata, spec } = await pods().appears(`parallel-${ordinal}`);
        expect(metadata?.labels).toMatchObject({
          app: "parallel",
          "statefulset.kubernetes.io/pod-name": `parallel-${ordinal}`,
          "apps.kubernetes.io/pod-index": String(ordinal),
        });
        expect(metadata?.ownerReferences).toMatchObject([
          { apiVersion: "apps/v1", kind: "StatefulSet", name: "parallel", uid: set.metadata?.uid, controller: true },
        ]);
        expect(spec).toMatchObject({ hostname: `parallel-${ordinal}`, subdomain: "parallel" });
      }
      const ready = await allReady("parallel", 3);
      expect(ready).toMatchObject({ replicas: 3, currentReplicas: 3, updatedReplicas: 3, observedGeneration: 1 });
      expect(ready.currentRevision).toBe(ready.updateRevision);
      const pod = await pods().get("parallel-0");
      expect(pod?.metadata?.labels?.["controller-revision-hash"]).toBe(ready.updateRevision);
    });

    test("a pod that is deleted comes back under its name as another", async () => {
      await create("again", { podManagementPolicy: "Parallel" });
      await allReady("again", 3);
      const before = await pods().appears("again-1");
      await pods().delete("again-1");
      const after = await pods().appears("again-1", before.metadata?.uid);
      expect(after.status?.phase).toBe("Pending");
      const { readyReplicas } = await status("again", "one is not ready", (now) => now.readyReplicas === 2);
      expect(readyReplicas).toBe(2);
    });

    test("in order: each pod waits until those before it are ready, and the last goes first", async () => {
      await create("ordered");
      await pods().appears("ordered-0");
      expect(await pods().names("app=ordered")).toEqual(["ordered-0"]);
      await pods().setReady("ordered-0");
      await pods().appears("ordered-1");
      expect(await pods().names("app=ordered")).toEqual(["ordered-0", "ordered-1"]);
      await pods().setReady("ordered-1");
      await pods().appears("ordered-2");
      await pods().setReady("ordered-2");
      await status("ordered", "all ready", ({ readyReplicas }) => readyReplicas === 3);
      await patch("ordered", { replicas: 1 });
      await until("two are gone", async () => (await pods().names("app=ordered")).length === 1);
      expect(await pods().names("app=ordered")).toEqual(["ordered-0"]);
    });

    test("the scale is read and written by its own path, and a change of it is a new generation", async () => {
      await create("scaled", { podManagementPolicy: "Parallel", replicas: 1 });
      await allReady("scaled", 1);
      const scale = await apps().readNamespacedStatefulSetScale({ namespace, name: "scaled" });
      expect(scale).toMatchObject({ kind: "Scale", spec: { replicas: 1 }, status: { selector: "app=scaled" } });
      await apps().replaceNamespacedStatefulSetScale({
        namespace,
        name: "scaled",
        body: { ...scale, spec: { replicas: 2 } },
      });
      await pods().appears("scaled-1");
      const stale = { ...scale, spec: { replicas: 5 } };
      const call = apps().replaceNamespacedStatefulSetScale({ namespace, name: "scaled", body: stale });
      expect(await refusal(call)).toMatchObject({ code: 409, reason: "Conflict" });
      await apps().patchNamespacedStatefulSetScale(
        { namespace, name: "scaled", body: { spec: { replicas: 0 } } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
      await until("none is left", async () => (await pods().names("app=scaled")).length === 0);
      expect((await read("scaled")).metadata?.generation).toBe(3);
      const empty = await apps().readNamespacedStatefulSetScale({ namespace, name: "scaled" });
      expect([empty.spec?.replicas, empty.status?.replicas]).toEqual([undefined, 0]);
    });

    test("with OnDelete a new template changes no pod until it is deleted", async () => {
      await create("on-delete", { podManagementPolicy: "Parallel", updateStrategy: { type: "OnDelete" } });
      const before = await allReady("on-delete", 3);
      await patch("on-delete", template("on-delete", "example.test/main:2"));
      const after = await status(
        "on-delete",
        "a new revision",
        ({ updateRevision }) => updateRevision !== before.updateRevision,
      );
      expect(after.currentRevision).toBe(before.currentRevision);
      const old = await pods().appears("on-delete-2");
      expect(old.spec?.containers[0]?.image).toBe("example.test/main:1");
      await pods().delete("on-delete-2");
      const renewed = await pods().appears("on-delete-2", old.metadata?.uid);
      expect(renewed.spec?.containers[0]?.image).toBe("example.test/main:2");
      expect(renewed.metadata?.labels?.["controller-revision-hash"]).toBe(after.updateRevision);
      await status("on-delete", "one is updated", ({ updatedReplicas }) => updatedReplicas === 1);
    });

    test("a rolling update goes from the last pod down to the partition, each when the one before is ready", async () => {
      const rollingUpdate = { type: "RollingUpdate", rollingUpdate: { partition: 1 } };
      await create("rolling", { podManagementPolicy: "Parallel", updateStrategy: rollingUpdate });
      await allReady("rolling", 3);
      const [zero, one, two] = await pods().list("app=rolling");
      await patch("rolling", template("rolling", "example.test/main:2"));
      await pods().appears("rolling-2", two?.metadata?.uid);
      expect((await pods().get("rolling-1"))?.metadata?.uid).toBe(one?.metadata?.uid);
      await pods().setReady("rolling-2");
      await pods().appears("rolling-1", one?.metadata?.uid);
      await pods().setReady("rolling-1");
      const parted = await status(
        "rolling",
        "two are updated and ready",
        (now) => now.updatedReplicas === 2 && now.readyReplicas === 3,
      );
      expect(parted.currentRevision).not.toBe(parted.updateRevision);
      expect((await pods().get("rolling-0"))?.metadata?.uid).toBe(zero?.metadata?.uid);
      await patch("rolling", { updateStrategy: { rollingUpdate: { partition: 0 } } });
      await pods().appears("rolling-0", zero?.metadata?.uid);
      await pods().setReady("rolling-0");
      await status("rolling", "it is complete", ({ currentRevision }) => currentRevision === parted.updateRevision);
    });

    test("templates are kept as numbered revisions; an older one that comes back is the latest", async () => {
      await create("revised", { podManagementPolicy: "Parallel", updateStrategy: { type: "OnDelete" } });
      const first = await status("revised", "a revision", ({ updateRevision }) => updateRevision !== undefined);
      await patch("revised", template("revised", "example.test/main:2"));
      await status("revised", "another", ({ updateRevision }) => updateRevision !== first.updateRevision);
      await patch("revised", template("revised", "example.test/main:1"));
      await status("revised", "the first", ({ updateRevision }) => updateRevision === first.updateRevision);
      const { items } = await apps().listNamespacedControllerRevision({ namespace, labelSelector: "app=revised" });
      expect(items.map(({ revision }) => revision).toSorted()).toEqual([2, 3]);
      expect(items.find(({ metadata }) => metadata?.name === first.updateRevision)?.revision).toBe(3);
    });

    test("what may not change is Invalid", async () => {
      await create("fixed", { replicas: 0 });
      expect(await refusal(patch("fixed", { serviceName: "other" }))).toMatchObject({
        code: 422,
        details: { causes: [{ reason: "FieldValueForbidden", field: "spec" }] },
      });
      const call = create("mismatch", { selector: { matchLabels: { app: "other" } } });
      expect(await refusal(call)).toMatchObject({
        code: 422,
        details: { causes: [{ field: "spec.template.metadata.labels" }] },
      });
    });

    test("deleting it deletes its pods; as orphans they stay", async () => {
      await create("deleted", { podManagementPolicy: "Parallel", replicas: 2 });
      await pods().appears("deleted-1");
      await apps().deleteNamespacedStatefulSet({ namespace, name: "deleted" });
      await until("its pods are gone", async () => (await pods().names("app=deleted")).length === 0);
      await create("kept", { podManagementPolicy: "Parallel", replicas: 2 });
      await pods().appears("kept-1");
      await apps().deleteNamespacedStatefulSet({ namespace, name: "kept", propagationPolicy: "Orphan" });
      await until("nobody owns the pods", async () =>
        (await pods().list("app=kept")).every(({ metadata }) => metadata?.ownerReferences === undefined),
      );
      expect(await pods().names("app=kept")).toEqual(["kept-0", "kept-1"]);
    });
  });
}
