import { AppsV1Api, CoreV1Api } from "@kubernetes/client-node";
import { beforeAll, describe, expect, test } from "vitest";
import { type KubernetesUnderTest, namespaced, POD_SPEC, refusal } from "./support/subject.ts";

/** Lists: selectors of labels and fields, and pages. */
export function listsConformance(api: () => KubernetesUnderTest): void {
  describe("lists", () => {
    const namespace = "lists";
    const subject = namespaced(api, namespace);
    const core = () => subject().kubeConfig.makeApiClient(CoreV1Api);

    beforeAll(async () => {
      for (const [name, labels] of [
        ["a", { app: "orders", role: "primary" }],
        ["b", { app: "orders", role: "standby" }],
        ["c", { app: "billing", role: "standby" }],
        ["d", { app: "orders" }],
      ] as const) {
        await core().createNamespacedPod({ namespace, body: { metadata: { name, labels }, spec: POD_SPEC } });
      }
      const body = { metadata: { name: "b" }, target: { apiVersion: "v1", kind: "Node", name: "node-l" } };
      await core().createNamespacedPodBinding({ namespace, name: "b", body });
    });

    const names = async (query: { labelSelector?: string; fieldSelector?: string }) =>
      (await core().listNamespacedPod({ namespace, ...query })).items.map(({ metadata }) => metadata?.name);

    test.each([
      ["", ["a", "b", "c", "d"]],
      ["app=orders", ["a", "b", "d"]],
      ["app==orders,role=primary", ["a"]],
      ["role!=standby", ["a", "d"]],
      ["app in (orders, billing),role", ["a", "b", "c"]],
      ["role notin (primary)", ["b", "c", "d"]],
      ["!role", ["d"]],
    ])("labels: %s", async (labelSelector, expected) => {
      expect(await names({ labelSelector })).toEqual(expected);
    });

    test.each([
      ["metadata.name=c", ["c"]],
      ["metadata.namespace=lists,metadata.name!=c", ["a", "b", "d"]],
      ["spec.nodeName=node-l", ["b"]],
      ["spec.nodeName=", ["a", "c", "d"]],
      ["status.phase=Pending", ["a", "b", "c", "d"]],
      ["status.phase=Running", []],
    ])("fields: %s", async (fieldSelector, expected) => {
      expect(await names({ fieldSelector })).toEqual(expected);
    });

    test("a selector that cannot be read is a BadRequest", async () => {
      expect(await refusal(names({ labelSelector: "a in b" }))).toMatchObject({ code: 400, reason: "BadRequest" });
      expect(await refusal(names({ fieldSelector: "spec.hostname=a" }))).toMatchObject({
        code: 400,
        reason: "BadRequest",
      });
    });

    test("pages show the state at the time of the first", async () => {
      const first = await core().listNamespacedPod({ namespace, limit: 2 });
      expect(first.items.map(({ metadata }) => metadata?.name)).toEqual(["a", "b"]);
      expect(first.metadata?.remainingItemCount).toBe(2);
      const { _continue = "", resourceVersion } = first.metadata ?? {};
      const added = await core().createNamespacedPod({ namespace, body: { metadata: { name: "bb" }, spec: POD_SPEC } });
      const second = await core().listNamespacedPod({ namespace, limit: 2, _continue });
      await core().deleteNamespacedPod({ namespace, name: added.metadata?.name ?? "" });
      expect(second.items.map(({ metadata }) => metadata?.name)).toEqual(["c", "d"]);
      expect(second.metadata?._continue ?? "").toBe("");
      expect(second.metadata?.resourceVersion).toBe(resourceVersion);
    });

    test("a list over all namespaces holds those of this one", async () => {
      const { items } = await core().listPodForAllNamespaces({ labelSelector: "app=billing" });
      expect(items.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`)).toContain("lists/c");
    });

    test("events are found by what they are about", async () => {
      const about = (name: string) => ({
        metadata: { name: `about-${name}` },
        involvedObject: { kind: "Pod", name, namespace },
        reason: "Seen",
      });
      await core().createNamespacedEvent({ namespace, body: about("a") });
      await core().createNamespacedEvent({ namespace, body: about("b") });
      const { items } = await core().listNamespacedEvent({
        namespace,
        fieldSelector: "involvedObject.name=a,involvedObject.kind=Pod",
      });
      expect(items.map(({ metadata }) => metadata?.name)).toEqual(["about-a"]);
    });

    test("an empty list has a version to watch from", async () => {
      const list = await subject().kubeConfig.makeApiClient(AppsV1Api).listNamespacedStatefulSet({ namespace });
      expect(list).toMatchObject({ kind: "StatefulSetList", items: [] });
      expect(list.metadata?.resourceVersion).toMatch(/^\d+$/);
    });
  });
}
