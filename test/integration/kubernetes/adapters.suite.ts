import { readFile } from "node:fs/promises";
import {
  AppsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  KubeConfig,
  PatchStrategy,
  PolicyV1Api,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  type V1StatefulSet,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { systemClock } from "../../../src/adapters/clock.ts";
import { freezesAnnotation } from "../../../src/adapters/kubernetes/annotations.ts";
import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { freezesLease, KubernetesFreezes } from "../../../src/adapters/kubernetes/freezes.ts";
import { KubernetesIdentity } from "../../../src/adapters/kubernetes/identity.ts";
import { PooledKubeConfig } from "../../../src/adapters/kubernetes/pooled-kube-config.ts";
import { KubernetesTargetLeases } from "../../../src/adapters/kubernetes/target-leases.ts";
import { watchTargets } from "../../../src/adapters/kubernetes/target-watch.ts";
import { KubernetesWorkloads } from "../../../src/adapters/kubernetes/workloads.ts";
import { HandoverError, type ProblemCode } from "../../../src/domain/errors.ts";
import type { LeaseState, WorkloadView } from "../../../src/ports/workloads.ts";
import type { KubernetesUnderTest } from "../../conformance/kubernetes/support/subject.ts";
import { plainAccess } from "../../support/plain-access.ts";
import { until } from "../../support/until.ts";

const namespace = "shop";
const target = { namespace, workload: "orders" };
const workerUser = "system:serviceaccount:handover:handover-worker";
const labelKey = "dolthub.com/cluster_role";

const roleSchema = z.object({
  kind: z.literal("Role"),
  metadata: z.object({ name: z.string() }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(z.string()),
    }),
  ),
});
const bindingSchema = z.object({
  kind: z.literal("RoleBinding"),
  metadata: z.object({ name: z.string() }),
  roleRef: z.object({ apiGroup: z.string(), kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string() })),
});

/** The adapters under the worker's own account with deploy/role.yaml and nothing else: what it needs it may, and nothing more. */
export function kubernetesAdaptersSuite(name: string, start: () => Promise<KubernetesUnderTest>): void {
  describe(`the Kubernetes adapters on ${name}, with the Role of deploy/role.yaml`, () => {
    let underTest: KubernetesUnderTest;
    let asAdmin: KubeConfig;
    let admin: CoreV1Api;
    let api: KubernetesApi;
    let workloads: KubernetesWorkloads;
    let leases: KubernetesTargetLeases;
    const signal = AbortSignal.timeout(60_000);

    beforeAll(async () => {
      underTest = await start();
      asAdmin = new KubeConfig();
      asAdmin.loadFromString(underTest.kubeconfig);
      admin = asAdmin.makeApiClient(CoreV1Api);
      await admin.createNamespace({ body: { metadata: { name: namespace } } });
      await grantRole(asAdmin);
      const password = Buffer.from("s3cret").toString("base64");
      for (const secret of ["orders-credentials", "billing-credentials"]) {
        await admin.createNamespacedSecret({ namespace, body: { metadata: { name: secret }, data: { password } } });
      }
      const apps = asAdmin.makeApiClient(AppsV1Api);
      await apps.createNamespacedStatefulSet({ namespace, body: statefulSet("orders") });
      await apps.createNamespacedStatefulSet({ namespace, body: statefulSet("unannounced", {}) });

      const kubeConfig = new PooledKubeConfig();
      kubeConfig.loadFromString(underTest.kubeconfigFor(workerUser, ["system:serviceaccounts"]));
      api = new KubernetesApi(kubeConfig);
      workloads = new KubernetesWorkloads(api, { cluster: "prod", namespaces: [namespace] });
      leases = new KubernetesTargetLeases(api, { namespaces: [namespace] });
    });

    afterAll(async () => {
      await api?.close();
      await underTest?.close();
    });

    const setRunning = (podName: string) =>
      admin.patchNamespacedPodStatus(
        {
          namespace,
          name: podName,
          body: { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
        },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );

    const lookAtPods = () =>
      until("both pods are there", async () => {
        const view = await workloads.look(target, signal);
        return view?.pods.every(({ pod }) => pod !== null) ? view : undefined;
      });

    it("keeps freezes beside the leases, writes them by compare-and-set, and is never listed as a lock", async () => {
      const freezes = new KubernetesFreezes(api, { namespaces: [namespace] });
      const freeze = { name: "orders", workload: "orders", typed: "orders", by: "ops", reason: "test", untilMs: null };
      expect(await workloads.freezes(namespace, signal)).toEqual([]);
      const adding = (workload: string) =>
        freezes.change(namespace, (now) => [...now, { ...freeze, workload, atMs: 1 }], signal);
      await Promise.all([adding("a"), adding("b"), adding("c")]);
      const written = await workloads.freezes(namespace, signal);
      expect(written.map(({ workload }) => workload).sort()).toEqual(["a", "b", "c"]);
      await freezes.change(namespace, (now) => now, signal);
      expect((await leases.list(signal)).map(({ target: { workload } }) => workload)).not.toContain("freezes");

      await freezes.change(namespace, () => [], signal);
      const lease = { name: freezesLease, namespace };
      const body = { metadata: { annotations: { [freezesAnnotation]: "not JSON" } } };
      await asAdmin
        .makeApiClient(CoordinationV1Api)
        .patchNamespacedLease({ ...lease, body }, setHeaderOptions("Content-Type", PatchStrategy.MergePatch));
      expect(await workloads.freezes(namespace, signal)).toMatchObject([{ name: "*", untilMs: null }]);
      await freezes.change(namespace, () => [], signal);
    });

    it("finds what is annotated, and nothing else", async () => {
      expect(await workloads.targets(signal)).toEqual([
        {
          cluster: "prod",
          namespace,
          name: "the-orders",
          engine: "dolt",
          workload: "orders",
          runbooks: {},
          labels: { tier: "prod" },
        },
      ]);
    });

    it("tells a workload's own annotations and labels, and none of what is gone", async () => {
      expect(await workloads.marks(target, signal)).toMatchObject([
        {
          kind: "StatefulSet",
          name: "orders",
          annotations: { "handover.dev/name": "the-orders" },
          labels: { tier: "prod" },
        },
      ]);
      expect(await workloads.marks({ namespace, workload: "gone" }, signal)).toEqual([]);
    });

    it("looks at a workload and its pods, again and again", async () => {
      const first = await lookAtPods();
      const second = await workloads.look(target, signal);

      expect(first.pods.map(({ name: podName }) => podName)).toEqual(["orders-0", "orders-1"]);
      expect(first).toMatchObject({ replicas: 2, rollsFromOrdinal: null });
      expect(first.pods[0]?.pod).toMatchObject({
        port: 3306,
        ready: false,
        container: { state: "unknown", text: "not scheduled" },
      });
      expect(second?.pods.map(({ pod }) => pod?.uid)).toEqual(first.pods.map(({ pod }) => pod?.uid));
      expect(await workloads.look({ namespace, workload: "gone" }, signal)).toBeNull();
    });

    it("labels that very pod, and refuses one that only has its name", async () => {
      const { name: podName, uid } = await firstPod(await lookAtPods());

      await workloads.labelPod({ namespace, name: podName, uid }, labelKey, "primary", signal);
      await workloads.labelPod({ namespace, name: podName, uid }, labelKey, "standby", signal);

      expect((await admin.readNamespacedPod({ namespace, name: podName })).metadata?.labels?.[labelKey]).toBe(
        "standby",
      );
      const another = { namespace, name: podName, uid: "another" };
      expect(await codeOf(workloads.labelPod(another, labelKey, "primary", signal))).toBe("kubernetes_refused");
      const gone = { namespace, name: "orders-9", uid };
      expect(await codeOf(workloads.labelPod(gone, labelKey, "primary", signal))).toBe("kubernetes_refused");
      expect((await admin.readNamespacedPod({ namespace, name: podName })).metadata?.labels?.[labelKey]).toBe(
        "standby",
      );
    });

    it("evicts that very pod, and says in words when a budget forbids it", async () => {
      const { name: podName, uid } = await firstPod(await lookAtPods());
      const pod = { namespace, name: podName, uid };

      expect(await workloads.evictPod({ ...pod, uid: "another" }, signal)).toEqual({ kind: "gone" });
      expect(await workloads.evictPod({ ...pod, name: "orders-9" }, signal)).toEqual({ kind: "gone" });
      // A pod that never ran disturbs nobody, so the budget is for one that does.
      await setRunning(podName);
      const policy = asAdmin.makeApiClient(PolicyV1Api);
      const budget = { minAvailable: 1, selector: { matchLabels: { app: "orders" } } };
      await policy.createNamespacedPodDisruptionBudget({
        namespace,
        body: { metadata: { name: "orders" }, spec: budget },
      });
      await until("the budget is known", async () => {
        const { status } = await policy.readNamespacedPodDisruptionBudget({ namespace, name: "orders" });
        return status?.currentHealthy === 1;
      });
      expect(await workloads.evictPod(pod, signal)).toEqual({
        kind: "refused",
        why: "Cannot evict pod as it would violate the pod's disruption budget. The disruption budget orders needs 1 healthy pods and has 1 currently",
      });
      await policy.deleteNamespacedPodDisruptionBudget({ namespace, name: "orders" });
      await until("the budget is gone", async () => (await workloads.evictPod(pod, signal)).kind !== "refused");
      await until("another pod has its name", async () => {
        const [first] = (await workloads.look(target, signal))?.pods ?? [];
        return first?.pod !== null && first?.pod !== undefined && first.pod.uid !== uid;
      });
    });

    it("reads what the cluster says of an object, the newest last and without secrets", async () => {
      const { name: podName, uid } = await firstPod(await lookAtPods());
      const involvedObject = { apiVersion: "v1", kind: "Pod", namespace, name: podName, uid };
      const event = (name: string, message: string, seconds: number, count: number) =>
        admin.createNamespacedEvent({
          namespace,
          body: {
            metadata: { name, namespace },
            involvedObject,
            type: "Warning",
            reason: "BackOff",
            message,
            count,
            lastTimestamp: new Date(seconds * 1_000),
          },
        });
      await event("later", "it crashed: password=hunter2", 20, 4);
      await event("earlier", "no node has room", 10, 1);

      expect(await workloads.events({ namespace, uid }, signal)).toEqual([
        "Warning BackOff: no node has room",
        "Warning BackOff: it crashed: password=[hidden] (×4)",
      ]);
      expect(await workloads.events({ namespace, uid: "another" }, signal)).toEqual([]);
    });

    it("asks for the log of that very pod only", async () => {
      const { name: podName } = await firstPod(await lookAtPods());
      const another = { namespace, name: podName, uid: "another" };
      expect(await codeOf(workloads.podLog(another, 5, signal))).toBe("kubernetes_refused");
    });

    it("reads the credentials that the Role names, and no others", async () => {
      const view = await lookAtPods();
      const named = (secret: string) => ({ ...view, annotations: { "handover.dev/credentials-secret": secret } });

      expect(await workloads.credentials(view, signal)).toEqual({
        ...plainAccess,
        password: "s3cret",
        source: `Secret ${namespace}/orders-credentials`,
      });
      expect(await workloads.credentials({ ...view, annotations: {} }, signal)).toEqual(plainAccess);
      expect(await codeOf(workloads.credentials(named("billing-credentials"), signal))).toBe("kubernetes_refused");
    });

    it("may do nothing in another namespace", async () => {
      expect(await codeOf(workloads.look({ namespace: "default", workload: "orders" }, signal))).toBe(
        "kubernetes_refused",
      );
      expect(await codeOf(leases.read({ namespace: "default", workload: "orders" }, signal))).toBe(
        "kubernetes_refused",
      );
    });

    it("writes a lease by compare-and-set only, and reads all of it back", async () => {
      const held: LeaseState = {
        holder: "worker-1",
        durationSeconds: 15,
        renewedAtMs: 1_800_000_000_123,
        transitions: 1,
        execution: '{"id":"x-1"}',
        usedGrants: null,
      };
      const free: LeaseState = { ...held, holder: null, execution: null, usedGrants: "[]", transitions: 2 };

      expect(await leases.read(target, signal)).toBeNull();
      const created = await leases.compareAndSet(target, null, held, signal);
      expect(created?.state).toEqual(held);
      expect(await leases.compareAndSet(target, null, free, signal)).toBeNull();
      const replaced = await leases.compareAndSet(target, created?.version ?? "", free, signal);
      expect(replaced?.state).toEqual(free);
      expect(await leases.compareAndSet(target, created?.version ?? "", held, signal)).toBeNull();
      expect(await leases.read(target, signal)).toEqual(replaced);
      expect(await leases.list(signal)).toEqual([{ target, lease: replaced }]);
    });

    it("lets one of many win", async () => {
      const contested = { namespace, workload: "contested" };
      const state = (holder: string, transitions: number): LeaseState => ({
        holder,
        durationSeconds: 15,
        renewedAtMs: 0,
        transitions,
        execution: null,
        usedGrants: null,
      });
      const holders = ["a", "b", "c", "d", "e"];

      const created = await Promise.all(
        holders.map((one) => leases.compareAndSet(contested, null, state(one, 1), signal)),
      );
      const [winner] = created.filter((view) => view !== null);
      expect(created.filter((view) => view !== null)).toHaveLength(1);
      const taken = await Promise.all(
        holders.map((one) => leases.compareAndSet(contested, winner?.version ?? "", state(one, 2), signal)),
      );
      expect(taken.filter((view) => view !== null)).toHaveLength(1);
    });

    it("knows who it is", async () => {
      expect(await new KubernetesIdentity(api).username(signal)).toBe(workerUser);
      const { username, groups } = await new KubernetesIdentity(api).whoAmI(signal);
      expect([username, groups]).toEqual([workerUser, expect.arrayContaining(["system:authenticated"])]);
    });

    it("keeps the list of targets while they come and go", async () => {
      const seen: string[] = [];
      const forbidden: string[] = [];
      const stop = new AbortController();
      const ended = watchTargets(
        api,
        {
          cluster: "prod",
          namespaces: [namespace],
          clock: systemClock,
          onChange: (targets) => seen.push(targets.map((one) => one.workload).join(",")),
          onError: (_, error) => seen.push(String(error)),
          onForbidden: (_, kind) => forbidden.push(kind),
        },
        stop.signal,
      );
      asAdmin = new KubeConfig();
      asAdmin.loadFromString(underTest.kubeconfig);
      const apps = asAdmin.makeApiClient(AppsV1Api);
      await until("the list is known", async () => seen.length === 1);
      // The Role is for databases, which StatefulSets alone can be.
      expect(forbidden.sort()).toEqual(["DaemonSet", "Deployment"]);

      await apps.createNamespacedStatefulSet({ namespace, body: statefulSet("billing") });
      await until("billing has come", async () => seen.length === 2);
      await apps.deleteNamespacedStatefulSet({ namespace, name: "billing" });
      await until("billing has gone", async () => seen.length === 3);

      stop.abort();
      await ended;
      expect(seen.map((names) => names.split(",").sort().join(","))).toEqual(["orders", "billing,orders", "orders"]);
    });
  });
}

async function grantRole(asAdmin: KubeConfig): Promise<void> {
  const text = await readFile(new URL("../../../deploy/role.yaml", import.meta.url), "utf8");
  const [role, binding] = parseAllDocuments(text).map((document): unknown => document.toJS());
  const rbac = asAdmin.makeApiClient(RbacAuthorizationV1Api);
  const { metadata, rules } = roleSchema.parse(role);
  await rbac.createNamespacedRole({
    namespace,
    body: {
      metadata,
      rules: rules.map(({ resourceNames, ...rule }) =>
        resourceNames === undefined ? rule : { ...rule, resourceNames },
      ),
    },
  });
  await rbac.createNamespacedRoleBinding({ namespace, body: bindingSchema.parse(binding) });
}

function statefulSet(
  name: string,
  annotations: Record<string, string> = {
    "handover.dev/engine": "dolt",
    "handover.dev/name": `the-${name}`,
    "handover.dev/credentials-secret": "orders-credentials",
  },
): V1StatefulSet {
  const labels = { app: name };
  return {
    metadata: { name, annotations, labels: { tier: "prod" } },
    spec: {
      replicas: 2,
      serviceName: name,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        // No scheduler ever looks: these pods are only labelled and looked at.
        spec: { schedulerName: "nobody", containers: [{ name: "dolt", image: "example.test/dolt:1" }] },
      },
    },
  };
}

async function firstPod(view: WorkloadView): Promise<{ name: string; uid: string }> {
  const [first] = view.pods;
  if (first === undefined || first.pod === null) throw new Error("there is no first pod");
  return { name: first.name, uid: first.pod.uid };
}

async function codeOf(call: Promise<unknown>): Promise<ProblemCode> {
  try {
    await call;
  } catch (error) {
    if (error instanceof HandoverError) return error.problem.code;
    throw error;
  }
  throw new Error("a HandoverError was expected, and the call succeeded");
}
