import { CoreV1Api, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { type KubernetesUnderTest, namespaced, POD_SPEC, refusal } from "./support/subject.ts";

/** The kinds of patches that the project uses. */
export function patchesConformance(api: () => KubernetesUnderTest): void {
  describe("patches", () => {
    const namespace = "patches";
    const subject = namespaced(api, namespace);
    const core = () => subject().kubeConfig.makeApiClient(CoreV1Api);
    const pod = (name: string, labels: Record<string, string> = { role: "standby" }) =>
      core().createNamespacedPod({ namespace, body: { metadata: { name, labels }, spec: POD_SPEC } });
    const patch = (name: string, strategy: PatchStrategy, body: object) =>
      core().patchNamespacedPod({ namespace, name, body }, setHeaderOptions("Content-Type", strategy));
    const patchStatus = (name: string, strategy: PatchStrategy, body: object) =>
      core().patchNamespacedPodStatus({ namespace, name, body }, setHeaderOptions("Content-Type", strategy));

    test("JSON: a label behind a test of the uid", async () => {
      const { metadata } = await pod("json");
      const label = (uid: string | undefined) =>
        patch("json", PatchStrategy.JsonPatch, [
          { op: "test", path: "/metadata/uid", value: uid },
          { op: "add", path: "/metadata/labels/dolthub.com~1cluster_role", value: "primary" },
        ]);
      const labelled = await label(metadata?.uid);
      expect(labelled.metadata?.labels).toEqual({ role: "standby", "dolthub.com/cluster_role": "primary" });
      expect(await refusal(label("another"))).toMatchObject({ code: 422, reason: "Invalid" });
    });

    test("JSON: lists, removal and paths that lead nowhere", async () => {
      await pod("json-paths");
      const json = (...body: object[]) => patch("json-paths", PatchStrategy.JsonPatch, body);
      const added = await json(
        { op: "add", path: "/metadata/annotations", value: { note: "a/b" } },
        { op: "replace", path: "/spec/containers/0/image", value: "other:2" },
        { op: "remove", path: "/metadata/labels/role" },
      );
      expect(added.metadata?.annotations).toEqual({ note: "a/b" });
      expect(added.metadata?.labels).toBeUndefined();
      expect(added.spec?.containers[0]?.image).toBe("other:2");
      expect(await refusal(json({ op: "remove", path: "/metadata/labels/role" }))).toMatchObject({ code: 422 });
      expect(await refusal(json({ op: "replace", path: "/metadata/labels/role", value: "x" }))).toMatchObject({
        code: 422,
      });
    });

    test("merge: sets and removes labels, whatever the version", async () => {
      await pod("merge", { role: "standby", app: "orders" });
      const body = { metadata: { labels: { role: null, added: "yes" } } };
      const merged = await patch("merge", PatchStrategy.MergePatch, body);
      expect(merged.metadata?.labels).toEqual({ app: "orders", added: "yes" });
    });

    test("merge: a stale version is a Conflict, another uid is Invalid", async () => {
      const { metadata } = await pod("guarded");
      await patch("guarded", PatchStrategy.MergePatch, { metadata: { labels: { role: "primary" } } });
      const guarded = (more: object) =>
        patch("guarded", PatchStrategy.MergePatch, { metadata: { ...more, labels: { role: "x" } } });
      expect(await refusal(guarded({ resourceVersion: metadata?.resourceVersion }))).toMatchObject({
        code: 409,
        reason: "Conflict",
      });
      expect(await refusal(guarded({ uid: "11111111-1111-4111-8111-111111111111" }))).toMatchObject({
        code: 422,
        message: expect.stringContaining("metadata.uid: Invalid value"),
      });
    });

    test("merge: a list is replaced whole; the status changes by its own path only", async () => {
      await pod("merge-status");
      const conditions = [{ type: "Ready", status: "True" }];
      const reported = await patchStatus("merge-status", PatchStrategy.MergePatch, {
        status: { phase: "Running", conditions },
      });
      expect(reported.status).toMatchObject({ phase: "Running", conditions });
      const ignored = await patch("merge-status", PatchStrategy.MergePatch, { status: { phase: "Failed" } });
      expect(ignored.status?.phase).toBe("Running");
    });

    test("a patch that changes nothing keeps the version", async () => {
      const { metadata } = await pod("unchanged");
      const patched = await patch("unchanged", PatchStrategy.MergePatch, { metadata: { labels: { role: "standby" } } });
      expect(patched.metadata?.resourceVersion).toBe(metadata?.resourceVersion);
    });

    test("strategic: containers by name, conditions by type", async () => {
      await pod("strategic");
      const patched = await patch("strategic", PatchStrategy.StrategicMergePatch, {
        metadata: { annotations: { a: "b" }, finalizers: ["handover.dev/one"] },
        spec: { containers: [{ name: "main", image: "other:3" }] },
      });
      expect(patched.spec?.containers).toHaveLength(1);
      expect(patched.spec?.containers[0]).toMatchObject({
        name: "main",
        image: "other:3",
        imagePullPolicy: "IfNotPresent",
      });
      const more = await patch("strategic", PatchStrategy.StrategicMergePatch, {
        metadata: { finalizers: ["handover.dev/two"] },
      });
      expect(more.metadata?.finalizers?.toSorted()).toEqual(["handover.dev/one", "handover.dev/two"]);
      const condition = (type: string, status: string) =>
        patchStatus("strategic", PatchStrategy.StrategicMergePatch, { status: { conditions: [{ type, status }] } });
      await condition("Ready", "False");
      await condition("ContainersReady", "False");
      const { status } = await condition("Ready", "True");
      expect(status?.conditions?.map(({ type, status }) => `${type}=${status}`).toSorted()).toEqual([
        "ContainersReady=False",
        "Ready=True",
      ]);
      const freed = await patch("strategic", PatchStrategy.MergePatch, { metadata: { finalizers: null } });
      expect(freed.metadata?.finalizers).toBeUndefined();
    });

    test("apply: creates, keeps what others own, removes what it leaves out, and conflicts until forced", async () => {
      const apply = (fieldManager: string, data: Record<string, string>, force = false) =>
        core().patchNamespacedConfigMap(
          {
            namespace,
            name: "applied",
            fieldManager,
            force,
            body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "applied" }, data },
          },
          setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply),
        );
      const created = await apply("one", { a: "1", b: "1" });
      expect(created.data).toEqual({ a: "1", b: "1" });
      expect(created.metadata?.managedFields).toMatchObject([
        { manager: "one", operation: "Apply", fieldsV1: { "f:data": { "f:a": {}, "f:b": {} } } },
      ]);
      expect((await apply("two", { c: "2" })).data).toEqual({ a: "1", b: "1", c: "2" });
      expect((await apply("one", { a: "1" })).data).toEqual({ a: "1", c: "2" });
      expect(await refusal(apply("two", { a: "2", c: "2" }))).toMatchObject({
        code: 409,
        reason: "Conflict",
        details: { causes: [{ reason: "FieldManagerConflict", field: ".data.a" }] },
      });
      const forced = await apply("two", { a: "2", c: "2" }, true);
      expect(forced.data).toEqual({ a: "2", c: "2" });
      expect(forced.metadata?.managedFields?.map(({ manager }) => manager)).toEqual(["two"]);
    });

    test("a patch of what does not exist is NotFound", async () => {
      const body = { metadata: { labels: { a: "b" } } };
      expect(await refusal(patch("nothing", PatchStrategy.MergePatch, body))).toMatchObject({ code: 404 });
    });
  });
}
