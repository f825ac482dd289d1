import { AppsV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/clock.ts";
import type { KubernetesApi } from "../../src/adapters/kubernetes/api.ts";
import { KubernetesTargetLeases } from "../../src/adapters/kubernetes/target-leases.ts";
import { watchTargets } from "../../src/adapters/kubernetes/target-watch.ts";
import { KubernetesWorkloads } from "../../src/adapters/kubernetes/workloads.ts";
import { HandoverError } from "../../src/domain/errors.ts";
import type { Parameters } from "../../src/domain/plan.ts";
import { podNameLabel } from "../../src/domain/pod-hosts.ts";
import { planFrom, preflight } from "../../src/execution/preflight.ts";
import { runSteps } from "../../src/execution/run-steps.ts";
import { accessRules } from "../../src/operations/access.ts";
import { failoverOperation } from "../../src/operations/dolt/failover.ts";
import { relabelOperation } from "../../src/operations/dolt/relabel.ts";
import { restartOperation } from "../../src/operations/dolt/restart.ts";
import { statusOperation } from "../../src/operations/dolt/status.ts";
import type { Operation } from "../../src/operations/operation.ts";
import type { LeaseState, PodReference } from "../../src/ports/workloads.ts";
import { FailoverBench } from "../integration/dolt-failover/support/failover-bench.ts";
import { createAccount, rightsIn, rightText } from "../integration/workload-rollouts/support/narrow-account.ts";
import { partsUnavailable } from "../parts/build.ts";
import { until } from "../support/until.ts";
import { type RealCluster, startRealCluster } from "./cluster/real-cluster.ts";

const namespace = "shop";
const secret = "orders-credentials";
const named = { secrets: [secret], configmaps: ["orders-config"] };
/** Leads to the first pod alone. */
const serviceOfFirst = "by-itself";
const unavailable = partsUnavailable();

if (unavailable !== null) describe(`the Role for Dolt (${unavailable})`, () => it.skip("is enough", () => undefined));
else {
  describe("the Role that npx handover rbac prints for Dolt", () => {
    let cluster: RealCluster;
    let bench: FailoverBench;
    let apps: AppsV1Api;
    const opened: KubernetesApi[] = [];
    let count = 0;

    beforeAll(async () => {
      cluster = await startRealCluster();
      const admin = new KubeConfig();
      admin.loadFromString(cluster.kubeconfig);
      apps = admin.makeApiClient(AppsV1Api);
      bench = await FailoverBench.start(cluster, "orders");
      // A replication address may lead to a pod through such a one.
      await bench.core.createNamespacedService({
        namespace,
        body: {
          metadata: { name: serviceOfFirst },
          spec: { selector: { [podNameLabel]: "orders-0" }, ports: [{ port: 3306 }] },
        },
      });
    }, 300_000);
    afterAll(async () => {
      for (const api of opened) await api.close();
      await bench?.close();
      await cluster?.close();
    });

    async function account(operation: Operation, without: number | null): Promise<KubernetesApi> {
      const rights = rightsIn(accessRules("dolt", [operation.name]), named).filter((_, index) => index !== without);
      count += 1;
      const { api } = await createAccount(cluster, namespace, `account-${count}`, rights);
      opened.push(api);
      return api;
    }

    const workloadsOf = (api: KubernetesApi) =>
      new KubernetesWorkloads(api, { cluster: "main", namespaces: [namespace] });

    /** What it says; a refusal of the Kubernetes API, or that something was not looked at for one, is thrown. */
    async function plans(operation: Operation, parameters: Parameters, api: KubernetesApi): Promise<void> {
      const result = await preflight(operation, bench.context({ workloads: workloadsOf(api) }), parameters);
      const said =
        result.kind === "refused"
          ? result.problems.map(({ what }) => what).join(" ")
          : [...result.draft.now, ...result.draft.warnings.map(({ text }) => text)].join(" ");
      if (/forbidden|may not (list|read)|could not be (read|looked at)/i.test(said)) throw new Error(said);
    }

    async function carriesOut(operation: Operation, parameters: Parameters, api: KubernetesApi): Promise<void> {
      const context = bench.context({ workloads: workloadsOf(api) });
      const result = await preflight(operation, context, parameters);
      if (result.kind === "refused") throw new Error(result.problems.map(({ what }) => what).join(" "));
      const about = {
        requestId: "a-test",
        operation: operation.name,
        target: { cluster: "main", namespace, name: "orders", workload: "orders" },
        requester: { teamId: "T1", userId: "U1" },
        parameters,
      };
      const run = operation.begin(context, planFrom(result.draft, about, Date.now()), false);
      const never = new AbortController().signal;
      try {
        const { state, outcome } = await runSteps({
          run,
          lease: { lost: never, assertHeld: () => undefined, confirm: async () => undefined },
          reporter: { progress: () => undefined, commit: async () => undefined },
          clock: systemClock,
          committed: false,
          shutdown: never,
        });
        expect(outcome.problems).toEqual([]);
        expect(state).toBe("succeeded");
      } finally {
        await run.close();
      }
    }

    const notForbidden = async (call: Promise<unknown>) => {
      try {
        await call;
      } catch (error) {
        if (error instanceof HandoverError && /forbidden/.test(error.problem.what)) throw error;
      }
    };

    /** What steps do beyond looking, each on something that is not there, so that only the right is asked about. */
    async function acts(operation: Operation, api: KubernetesApi): Promise<void> {
      const workloads = workloadsOf(api);
      const signal = AbortSignal.timeout(30_000);
      const [first] = (await workloads.look(bench.context().target, signal))?.pods ?? [];
      if (!first?.hosts?.includes(serviceOfFirst)) throw new Error("what may not be listed leads nowhere");
      const pod: PodReference = { namespace, name: first?.name ?? "", uid: first?.pod?.uid ?? "" };
      const other = { ...pod, uid: "another" };
      if (operation !== statusOperation) await notForbidden(workloads.labelPod(other, "l", "v", signal));
      if (operation !== restartOperation) return;
      await notForbidden(workloads.evictPod({ ...other, name: "nothing" }, signal));
      await notForbidden(workloads.events(pod, signal));
      await notForbidden(workloads.podLog(pod, 1, signal));
    }

    async function locksAndDiscovers(api: KubernetesApi): Promise<void> {
      const leases = new KubernetesTargetLeases(api, { namespaces: [namespace] });
      const signal = AbortSignal.timeout(10_000);
      const target = { namespace, workload: `lock-${++count}` };
      const held = { holder: "w", durationSeconds: 15, renewedAtMs: 1, transitions: 1 };
      const state: LeaseState = { ...held, execution: null, usedGrants: null };
      const version = (await leases.read(target, signal))?.version ?? null;
      const taken = await leases.compareAndSet(target, version, state, signal);
      await leases.compareAndSet(target, taken?.version ?? "", { ...state, holder: null }, signal);
      await leases.list(signal);
      const troubles: string[] = [];
      const stop = new AbortController();
      const runbook = `https://wiki.example.com/${++count}`;
      const seen = new Set<string>();
      const ended = watchTargets(
        api,
        {
          cluster: "main",
          namespaces: [namespace],
          clock: systemClock,
          onChange: (targets) => {
            for (const { runbooks } of targets) seen.add(runbooks.default ?? "none");
          },
          onError: (_, error) => troubles.push(String(error)),
          onForbidden: (_, kind) => kind === "StatefulSet" && troubles.push(`may not list ${kind}s`),
        },
        stop.signal,
      );
      await until("the target is known, or not", async () => troubles.length > 0 || seen.size > 0);
      await apps.patchNamespacedStatefulSet(
        { namespace, name: "orders", body: { metadata: { annotations: { "handover.dev/runbook": runbook } } } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
      await until("the news are seen, or not", async () => troubles.length > 0 || seen.has(runbook));
      stop.abort();
      await ended;
      if (troubles.length > 0) throw new Error(troubles.join("; "));
    }

    const cases: readonly (readonly [string, Operation, Parameters])[] = [
      ["status", statusOperation, {}],
      ["failover", failoverOperation, {}],
      ["relabel", relabelOperation, {}],
      ["restart", restartOperation, { only: "orders-2" }],
    ];

    describe.each(cases)("%s", (_, operation, parameters) => {
      it("is all that it takes", async () => {
        const api = await account(operation, null);
        await plans(operation, parameters, api);
        await locksAndDiscovers(api);
        await acts(operation, api);
        if (operation === failoverOperation || operation === restartOperation)
          await carriesOut(operation, parameters, api);
      }, 240_000);

      const rights = rightsIn(accessRules("dolt", [operation.name]), named);
      it.each(rights.map((right, index) => [rightText(right), index] as const))(
        "is not enough without: %s",
        async (_right, index) => {
          const api = await account(operation, index);
          const tried = async () => {
            await plans(operation, parameters, api);
            await acts(operation, api);
            await locksAndDiscovers(api);
          };
          await expect(tried()).rejects.toThrow(/forbidden|may not|Forbidden/i);
        },
        120_000,
      );
    });
  });
}
