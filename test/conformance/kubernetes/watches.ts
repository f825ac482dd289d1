import { CoreV1Api, makeInformer, type V1ConfigMap } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { type KubernetesUnderTest, namespaced } from "./support/subject.ts";
import { watched } from "./support/watched.ts";

/** Watches: from a version, by selector, with bookmarks, and informers on top of them. */
export function watchesConformance(api: () => KubernetesUnderTest): void {
  describe("watches", () => {
    const namespace = "watches";
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const subject = namespaced(api, namespace);
    const core = () => subject().kubeConfig.makeApiClient(CoreV1Api);
    const create = (name: string, labels: Record<string, string> = {}) =>
      core().createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } });
    const version = async () => (await core().listNamespacedConfigMap({ namespace })).metadata?.resourceVersion ?? "";

    test("brings every write after its version, in order", async () => {
      const resourceVersion = await version();
      const created = await create("ordered");
      const replaced = await core().replaceNamespacedConfigMap({
        namespace,
        name: "ordered",
        body: { ...created, data: { a: "b" } },
      });
      await using watch = await watched(subject().kubeConfig, path, { resourceVersion });
      await watch.first("MODIFIED", "ordered");
      await core().deleteNamespacedConfigMap({ namespace, name: "ordered" });
      await watch.first("DELETED", "ordered");
      const ours = watch.events.filter(({ object }) => object.metadata.name === "ordered");
      expect(ours.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
      const versions = ours.map(({ object }) => object.metadata.resourceVersion);
      expect(versions.slice(0, 2)).toEqual([created.metadata?.resourceVersion, replaced.metadata?.resourceVersion]);
      expect(Number(versions[2])).toBeGreaterThan(Number(versions[1]));
      expect(ours[0]?.object.kind).toBe("ConfigMap");
    });

    test("without a version, what there is comes first", async () => {
      await create("present");
      await using watch = await watched(subject().kubeConfig, path, {});
      await watch.first("ADDED", "present");
    });

    test("an object that leaves the selection is deleted for the watch, one that enters is added", async () => {
      const resourceVersion = await version();
      await using watch = await watched(subject().kubeConfig, path, { resourceVersion, labelSelector: "role=primary" });
      const standby = await create("moving", { role: "standby" });
      const relabel = async (role: string) =>
        core().replaceNamespacedConfigMap({
          namespace,
          name: "moving",
          body: { metadata: { ...standby.metadata, resourceVersion: "", labels: { role } } },
        });
      await relabel("primary");
      await watch.first("ADDED", "moving");
      const left = await relabel("standby");
      const gone = await watch.first("DELETED", "moving");
      expect(watch.events.map(({ type }) => type)).toEqual(["ADDED", "DELETED"]);
      expect(gone.object.metadata).toMatchObject({
        labels: { role: "primary" },
        resourceVersion: left.metadata?.resourceVersion,
      });
    });

    test("one object is watched by its name", async () => {
      const resourceVersion = await version();
      await using watch = await watched(subject().kubeConfig, path, {
        resourceVersion,
        fieldSelector: "metadata.name=this",
      });
      await create("other");
      await create("this");
      await watch.first("ADDED", "this");
      expect(watch.events).toHaveLength(1);
    });

    test("ends after its time, with a bookmark before where that is allowed", async () => {
      const created = await create("before");
      const resourceVersion = created.metadata?.resourceVersion ?? "";
      await using watch = await watched(subject().kubeConfig, path, {
        resourceVersion,
        timeoutSeconds: 6,
        allowWatchBookmarks: true,
      });
      // There is one only when something has happened since the version that the client knows.
      const later = await create("since");
      const { object } = await watch.first("BOOKMARK");
      expect(object.kind).toBe("ConfigMap");
      expect(Number(object.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(later.metadata?.resourceVersion));
      await until("the watch has ended", async () => watch.ended());
    });

    test("an informer sees what is, what comes, what changes and what goes", async () => {
      await create("informed", { informer: "yes" });
      const labelSelector = "informer=yes";
      const informer = makeInformer<V1ConfigMap>(
        subject().kubeConfig,
        path,
        () => core().listNamespacedConfigMap({ namespace, labelSelector }),
        labelSelector,
      );
      const seen: string[] = [];
      for (const verb of ["add", "update", "delete"] as const) {
        informer.on(verb, (object) => seen.push(`${verb} ${object.metadata?.name}`));
      }
      try {
        await informer.start();
        await until("it is added", async () => seen.includes("add informed"));
        const later = await create("later", { informer: "yes" });
        await until("the later one is added", async () => seen.includes("add later"));
        await core().replaceNamespacedConfigMap({ namespace, name: "later", body: { ...later, data: { a: "b" } } });
        await until("it is updated", async () => seen.includes("update later"));
        await core().deleteNamespacedConfigMap({ namespace, name: "informed" });
        await until("it is deleted", async () => seen.includes("delete informed"));
        expect(seen).toEqual(["add informed", "add later", "update later", "delete informed"]);
      } finally {
        await informer.stop();
      }
    });
  });
}
