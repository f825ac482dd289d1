import { AppsV1Api, CoordinationV1Api, CoreV1Api, EventsV1Api, V1MicroTime } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { type KubernetesUnderTest, namespaced, POD_SPEC, refusal } from "./support/subject.ts";

/** What writing and reading one object means: identity, versions, generations, refusals. */
export function objectsConformance(api: () => KubernetesUnderTest): void {
  describe("objects", () => {
    const subject = namespaced(api, "objects");
    const core = () => subject().kubeConfig.makeApiClient(CoreV1Api);
    const coordination = () => subject().kubeConfig.makeApiClient(CoordinationV1Api);
    const namespace = "objects";

    test("a created object has an identity and a version, and is read back", async () => {
      const body = { metadata: { name: "created", labels: { a: "b" } }, data: { key: "value" } };
      const created = await core().createNamespacedConfigMap({ namespace, body });
      expect(created).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { key: "value" } });
      expect(created.metadata).toMatchObject({ name: "created", namespace, labels: { a: "b" } });
      expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(created.metadata?.resourceVersion).toMatch(/^\d+$/);
      expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
      const read = await core().readNamespacedConfigMap({ namespace, name: "created" });
      expect(read.metadata?.uid).toBe(created.metadata?.uid);
      expect(read.metadata?.resourceVersion).toBe(created.metadata?.resourceVersion);
    });

    test("a generated name begins as asked", async () => {
      const { metadata } = await core().createNamespacedConfigMap({
        namespace,
        body: { metadata: { generateName: "some-" } },
      });
      expect(metadata?.name).toMatch(/^some-[a-z0-9]{5}$/);
    });

    test("a name that is taken is refused as AlreadyExists", async () => {
      const body = { metadata: { name: "taken" } };
      await core().createNamespacedConfigMap({ namespace, body });
      expect(await refusal(core().createNamespacedConfigMap({ namespace, body }))).toMatchObject({
        code: 409,
        reason: "AlreadyExists",
        message: 'configmaps "taken" already exists',
        details: { name: "taken", kind: "configmaps" },
      });
    });

    test("what does not exist is NotFound, with its group", async () => {
      const apps = subject().kubeConfig.makeApiClient(AppsV1Api);
      expect(await refusal(apps.readNamespacedStatefulSet({ namespace, name: "nothing" }))).toMatchObject({
        code: 404,
        reason: "NotFound",
        message: 'statefulsets.apps "nothing" not found',
        details: { name: "nothing", group: "apps", kind: "statefulsets" },
      });
    });

    test("a namespace that does not exist is NotFound", async () => {
      const call = core().createNamespacedConfigMap({ namespace: "nowhere", body: { metadata: { name: "x" } } });
      expect(await refusal(call)).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
    });

    test("a name that is none is Invalid", async () => {
      const call = core().createNamespacedConfigMap({ namespace, body: { metadata: { name: "No_Name" } } });
      const { code, reason, details } = await refusal(call);
      expect({ code, reason }).toEqual({ code: 422, reason: "Invalid" });
      expect(details?.causes?.[0]).toMatchObject({ reason: "FieldValueInvalid", field: "metadata.name" });
    });

    test("a replacement of a stale version is a Conflict, and changes nothing", async () => {
      const created = await core().createNamespacedConfigMap({ namespace, body: { metadata: { name: "stale" } } });
      const stale = { ...created, data: { by: "second" } };
      await core().replaceNamespacedConfigMap({
        namespace,
        name: "stale",
        body: { ...created, data: { by: "first" } },
      });
      expect(await refusal(core().replaceNamespacedConfigMap({ namespace, name: "stale", body: stale }))).toMatchObject(
        {
          code: 409,
          reason: "Conflict",
          message:
            'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
        },
      );
      expect((await core().readNamespacedConfigMap({ namespace, name: "stale" })).data).toEqual({ by: "first" });
    });

    test("a replacement that changes nothing keeps the version", async () => {
      const created = await core().createNamespacedConfigMap({
        namespace,
        body: { metadata: { name: "same" }, data: { a: "b" } },
      });
      const replaced = await core().replaceNamespacedConfigMap({ namespace, name: "same", body: created });
      expect(replaced.metadata?.resourceVersion).toBe(created.metadata?.resourceVersion);
    });

    test("a replacement cannot change the uid", async () => {
      const created = await core().createNamespacedConfigMap({ namespace, body: { metadata: { name: "identity" } } });
      const body = { ...created, metadata: { ...created.metadata, uid: "11111111-1111-4111-8111-111111111111" } };
      expect(await refusal(core().replaceNamespacedConfigMap({ namespace, name: "identity", body }))).toMatchObject({
        code: 409,
        reason: "Conflict",
      });
    });

    test("versions grow with every write, over all resources", async () => {
      const map = await core().createNamespacedConfigMap({ namespace, body: { metadata: { name: "earlier" } } });
      const secret = await core().createNamespacedSecret({ namespace, body: { metadata: { name: "later" } } });
      expect(Number(secret.metadata?.resourceVersion)).toBeGreaterThan(Number(map.metadata?.resourceVersion));
    });

    test("a dry run answers and stores nothing", async () => {
      await core().createNamespacedConfigMap({ namespace, body: { metadata: { name: "dry" } }, dryRun: "All" });
      expect(await refusal(core().readNamespacedConfigMap({ namespace, name: "dry" }))).toMatchObject({ code: 404 });
    });

    test("a lease is compared and set by its version", async () => {
      const renewTime = new V1MicroTime(1_800_000_000_123);
      const spec = { holderIdentity: "one", leaseDurationSeconds: 15, leaseTransitions: 0, renewTime };
      const created = await coordination().createNamespacedLease({
        namespace,
        body: { metadata: { name: "lease" }, spec },
      });
      expect(created.spec).toMatchObject({ holderIdentity: "one", leaseDurationSeconds: 15, leaseTransitions: 0 });
      expect(new Date(String(created.spec?.renewTime)).getTime()).toBe(1_800_000_000_123);
      const version = created.metadata?.resourceVersion ?? "";
      const set = (holderIdentity: string, resourceVersion: string) =>
        coordination().replaceNamespacedLease({
          namespace,
          name: "lease",
          body: { metadata: { name: "lease", resourceVersion }, spec: { ...spec, holderIdentity } },
        });
      await set("two", version);
      expect(await refusal(set("three", version))).toMatchObject({ code: 409, reason: "Conflict" });
    });

    test("a lease without a version is not replaced", async () => {
      const body = { metadata: { name: "bare" }, spec: { holderIdentity: "one", leaseDurationSeconds: 15 } };
      await coordination().createNamespacedLease({ namespace, body });
      expect(await refusal(coordination().replaceNamespacedLease({ namespace, name: "bare", body }))).toMatchObject({
        code: 422,
        reason: "Invalid",
        details: { causes: [{ field: "metadata.resourceVersion" }] },
      });
    });

    test("a version of a lease that is gone replaces nothing", async () => {
      const body = { metadata: { name: "gone" }, spec: { holderIdentity: "one", leaseDurationSeconds: 15 } };
      const created = await coordination().createNamespacedLease({ namespace, body });
      await coordination().deleteNamespacedLease({ namespace, name: "gone" });
      expect([404, 409]).toContain(
        (await refusal(coordination().replaceNamespacedLease({ namespace, name: "gone", body: created }))).code,
      );
    });

    test("a lease whose duration is zero is Invalid", async () => {
      const body = { metadata: { name: "bad" }, spec: { holderIdentity: "one", leaseDurationSeconds: 0 } };
      expect(await refusal(coordination().createNamespacedLease({ namespace, body }))).toMatchObject({
        code: 422,
        details: { causes: [{ reason: "FieldValueInvalid", field: "spec.leaseDurationSeconds" }] },
      });
    });

    test("a pod begins pending, with defaults; its status is changed apart from the rest", async () => {
      const pod = await core().createNamespacedPod({
        namespace,
        body: { metadata: { name: "pod" }, spec: POD_SPEC, status: { phase: "Running" } },
      });
      expect(pod.spec).toMatchObject({
        restartPolicy: "Always",
        dnsPolicy: "ClusterFirst",
        terminationGracePeriodSeconds: 5,
      });
      expect(pod.spec?.containers[0]).toMatchObject({
        imagePullPolicy: "IfNotPresent",
        terminationMessagePolicy: "File",
      });
      expect(pod.status).toMatchObject({ phase: "Pending", qosClass: "BestEffort" });
      const running = await core().replaceNamespacedPodStatus({
        namespace,
        name: "pod",
        body: {
          ...pod,
          spec: { ...POD_SPEC, restartPolicy: "Never" },
          status: { phase: "Running", podIP: "127.0.9.1" },
        },
      });
      expect(running.status).toMatchObject({ phase: "Running", podIP: "127.0.9.1" });
      expect(running.spec?.restartPolicy).toBe("Always");
      const relabelled = await core().replaceNamespacedPod({
        namespace,
        name: "pod",
        body: { ...running, metadata: { ...running.metadata, labels: { a: "b" } }, status: { phase: "Failed" } },
      });
      expect(relabelled.status?.phase).toBe("Running");
      expect(relabelled.metadata?.labels).toEqual({ a: "b" });
    });

    test("a pod's command cannot be changed", async () => {
      const body = { metadata: { name: "fixed" }, spec: POD_SPEC };
      const pod = await core().createNamespacedPod({ namespace, body });
      const changed = {
        ...pod,
        spec: { ...POD_SPEC, containers: [{ name: "main", image: "x:1", command: ["other"] }] },
      };
      expect(await refusal(core().replaceNamespacedPod({ namespace, name: "fixed", body: changed }))).toMatchObject({
        code: 422,
        details: { causes: [{ reason: "FieldValueForbidden", field: "spec" }] },
      });
    });

    test("a pod without containers is Invalid", async () => {
      const call = core().createNamespacedPod({
        namespace,
        body: { metadata: { name: "empty" }, spec: { containers: [] } },
      });
      expect(await refusal(call)).toMatchObject({
        code: 422,
        details: { causes: [{ reason: "FieldValueRequired", field: "spec.containers" }] },
      });
    });

    test("a binding gives a pod its node, once", async () => {
      await core().createNamespacedPod({ namespace, body: { metadata: { name: "bound" }, spec: POD_SPEC } });
      const body = {
        metadata: { name: "bound", namespace },
        target: { apiVersion: "v1", kind: "Node", name: "node-x" },
      };
      await core().createNamespacedPodBinding({ namespace, name: "bound", body });
      const pod = await core().readNamespacedPod({ namespace, name: "bound" });
      expect(pod.spec?.nodeName).toBe("node-x");
      expect(pod.status?.conditions).toContainEqual(expect.objectContaining({ type: "PodScheduled", status: "True" }));
      expect(await refusal(core().createNamespacedPodBinding({ namespace, name: "bound", body }))).toMatchObject({
        code: 409,
      });
    });

    test("a Secret's texts are kept encoded", async () => {
      await core().createNamespacedSecret({
        namespace,
        body: { metadata: { name: "secret" }, stringData: { password: "pässword" } },
      });
      const { data, stringData, type } = await core().readNamespacedSecret({ namespace, name: "secret" });
      expect(Buffer.from(data?.password ?? "", "base64").toString()).toBe("pässword");
      expect(stringData).toBeUndefined();
      expect(type).toBe("Opaque");
    });

    test("an event is seen by both of its groups", async () => {
      const involvedObject = { apiVersion: "v1", kind: "Pod", name: "orders-0", namespace };
      const body = {
        metadata: { name: "event" },
        involvedObject,
        reason: "HandedOver",
        message: "to orders-1",
        type: "Normal",
      };
      await core().createNamespacedEvent({ namespace, body });
      const newer = await subject()
        .kubeConfig.makeApiClient(EventsV1Api)
        .readNamespacedEvent({ namespace, name: "event" });
      expect(newer).toMatchObject({ note: "to orders-1", reason: "HandedOver", regarding: { name: "orders-0" } });
    });
  });
}
