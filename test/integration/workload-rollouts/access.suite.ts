import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/adapters/clock.ts";
import type { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { KubernetesTargetLeases } from "../../../src/adapters/kubernetes/target-leases.ts";
import { watchTargets } from "../../../src/adapters/kubernetes/target-watch.ts";
import { KubernetesWorkloads } from "../../../src/adapters/kubernetes/workloads.ts";
import { HandoverError } from "../../../src/domain/errors.ts";
import type { Parameters } from "../../../src/domain/plan.ts";
import { planFrom, preflight } from "../../../src/execution/preflight.ts";
import { accessRules } from "../../../src/operations/access.ts";
import { restartOperation } from "../../../src/operations/kubernetes/restart.ts";
import { scaleOperation } from "../../../src/operations/kubernetes/scale.ts";
import { statusOperation } from "../../../src/operations/kubernetes/status.ts";
import type { Operation } from "../../../src/operations/operation.ts";
import type { LeaseState, TargetReference, Workloads } from "../../../src/ports/workloads.ts";
import { until } from "../../support/until.ts";
import { createAccount, rightsIn, rightText } from "./support/narrow-account.ts";
import { type ApiUnderTest, namespace, WorkloadBench } from "./support/workload-bench.ts";

/** Something that a right is for: it throws when it is not as it is with all rights. */
type Probe = (api: KubernetesApi) => Promise<void>;

export function accessSuite(where: string, startApi: () => Promise<ApiUnderTest>): void {
  describe(`the Role that npx handover rbac prints for workloads, on ${where}`, () => {
    let bench: WorkloadBench;
    let web: TargetReference;
    let store: TargetReference;
    let manual: TargetReference;
    let daemon: TargetReference;
    let broken: TargetReference;
    const opened: KubernetesApi[] = [];
    let count = 0;

    beforeAll(async () => {
      bench = await WorkloadBench.start(startApi);
      bench.runtime.behaviour = ({ pod }) => (pod.name.startsWith("broken") ? "crashes" : "runs");
      web = await bench.create({ name: "web", kind: "Deployment", replicas: 1 });
      store = await bench.create({ name: "store", kind: "StatefulSet", replicas: 1 });
      const spec = { updateStrategy: { type: "OnDelete" } };
      manual = await bench.create({ name: "manual", kind: "StatefulSet", replicas: 1, spec });
      daemon = await bench.create({ name: "daemon", kind: "DaemonSet" });
      broken = await bench.createUnready({ name: "broken", kind: "Deployment", replicas: 1 });
      await until("the cluster says something of the broken pod", async () => {
        return (await explanation(bench.workloads, broken)).includes("What the cluster says");
      });
    }, 120_000);
    afterAll(async () => {
      for (const api of opened) await api.close();
      await bench?.close();
    });

    async function account(operation: string, without: number | null): Promise<KubernetesApi> {
      const rights = rightsIn(accessRules("kubernetes", [operation]), { secrets: [], configmaps: [] });
      count += 1;
      const left = rights.filter((_, index) => index !== without);
      const { api } = await createAccount(bench.api, namespace, `account-${count}`, left);
      opened.push(api);
      return api;
    }

    const workloadsOf = (api: KubernetesApi) =>
      new KubernetesWorkloads(api, { cluster: "main", namespaces: [namespace] });

    /** Whether the plan is made, with everything seen that it judges by. */
    const plans = (operation: Operation, target: () => TargetReference, parameters = {}): Probe => {
      return async (api) => {
        const context = bench.context(target(), { workloads: workloadsOf(api) });
        const result = await preflight(operation, context, parameters);
        if (result.kind === "refused") throw new Error(result.problems.map(({ what }) => what).join(" "));
        const said = [...result.draft.warnings.map(({ text }) => text), ...result.draft.now].join("\n");
        if (/may not|forbidden/.test(said)) throw new Error(said);
      };
    };

    const runs = (
      operation: Operation,
      target: () => TargetReference,
      parameters: () => Promise<Parameters>,
    ): Probe => {
      return async (api) => {
        const workloads = workloadsOf(api);
        const given = await parameters();
        const result = await preflight(operation, bench.context(target(), { workloads }), given);
        if (result.kind === "refused") throw new Error(result.problems.map(({ what }) => what).join(" "));
        const about = {
          requestId: "a-test",
          operation: operation.name,
          target: { cluster: "main", name: target().workload, ...target() },
          requester: { teamId: "T1", userId: "U1" },
          parameters: given,
        };
        const { state, outcome } = await bench.run(operation, target(), planFrom(result.draft, about, Date.now()), {
          workloads,
        });
        if (state !== "succeeded") throw new Error(outcome.summary);
      };
    };

    const explains: Probe = async (api) => {
      const text = await explanation(workloadsOf(api), broken);
      if (!text.includes("What the cluster says")) throw new Error("it does not say what the cluster says of the pod");
    };

    /** No kubelet serves a log here; what counts is that the API server asks one. */
    const asksForLogs: Probe = async (api) => {
      const [pod] = (await bench.view(broken)).pods;
      const reference = { namespace, name: pod?.name ?? "", uid: pod?.uid ?? "" };
      try {
        await workloadsOf(api).podLog(reference, 5, AbortSignal.timeout(10_000));
      } catch (error) {
        if (error instanceof HandoverError && /forbidden/.test(error.problem.what)) throw error;
      }
    };

    const discovers: Probe = async (api) => {
      const troubles: string[] = [];
      const stop = new AbortController();
      const runbook = `https://wiki.example.com/${++count}`;
      let listed = 0;
      let news = 0;
      const ended = watchTargets(
        api,
        {
          cluster: "main",
          namespaces: [namespace],
          clock: systemClock,
          onChange: (targets) => {
            listed = targets.length;
            news = targets.filter(({ runbooks }) => runbooks.default === runbook).length;
          },
          onError: (_, error) => troubles.push(String(error)),
          onForbidden: (_, kind) => troubles.push(`may not list ${kind}s`),
        },
        stop.signal,
      );
      await until("the targets are known, or not", async () => troubles.length > 0 || listed === 5);
      // What comes after the list is seen only by a watch.
      const change = { metadata: { annotations: { "handover.dev/runbook": runbook } } };
      for (const target of [web, store, daemon]) await bench.patch(target, change);
      await until("the news are seen, or not", async () => troubles.length > 0 || news === 3);
      stop.abort();
      await ended;
      if (troubles.length > 0) throw new Error(troubles.join("; "));
    };

    const locks: Probe = async (api) => {
      const leases = new KubernetesTargetLeases(api, { namespaces: [namespace] });
      const signal = AbortSignal.timeout(10_000);
      const target = { namespace, workload: `lock-${++count}` };
      const state: LeaseState = {
        holder: "w",
        durationSeconds: 15,
        renewedAtMs: 1,
        transitions: 1,
        execution: null,
        usedGrants: null,
      };
      const taken = await leases.compareAndSet(
        target,
        (await leases.read(target, signal))?.version ?? null,
        state,
        signal,
      );
      await leases.compareAndSet(target, taken?.version ?? "", { ...state, holder: null }, signal);
      if ((await leases.list(signal)).length === 0) throw new Error("no lease is listed");
    };

    const other = async () => ({ replicas: 3 - (await bench.view(web)).wanted });
    const another = async () => ({ replicas: 3 - (await bench.view(store)).wanted });
    const none = async () => ({});
    const everyTarget = () => [() => web, () => store, () => daemon, () => broken];
    const common = [locks, explains, asksForLogs, discovers];
    const probes: Readonly<Record<string, readonly Probe[]>> = {
      "kubernetes.status": [...everyTarget().map((target) => plans(statusOperation, target)), ...common],
      "kubernetes.restart": [
        ...[() => web, () => store, () => daemon, () => manual].map((target) => plans(restartOperation, target)),
        ...common,
        runs(restartOperation, () => manual, none),
        runs(restartOperation, () => web, none),
        runs(restartOperation, () => daemon, none),
      ],
      "kubernetes.scale": [
        ...[() => web, () => store].map((target) => plans(scaleOperation, target, { replicas: 7 })),
        plans(scaleOperation, () => daemon, { replicas: 1 }),
        ...common,
        runs(scaleOperation, () => web, other),
        runs(scaleOperation, () => store, another),
      ],
    };
    /** A DaemonSet cannot be scaled: that it says so takes reading it. */
    const failures = async (operation: string, api: KubernetesApi): Promise<string[]> => {
      const found: string[] = [];
      for (const probe of probes[operation] ?? []) {
        try {
          await probe(api);
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          if (why.includes("one pod on each node")) continue;
          found.push(why);
          return found;
        }
      }
      return found;
    };

    describe.each(Object.keys(probes))("%s", (operation) => {
      it("is all that it takes", async () => {
        expect(await failures(operation, await account(operation, null))).toEqual([]);
      }, 120_000);

      const rights = rightsIn(accessRules("kubernetes", [operation]), { secrets: [], configmaps: [] });
      it.each(rights.map((right, index) => [rightText(right), index] as const))(
        "is not enough without: %s",
        async (_, index) => {
          expect(await failures(operation, await account(operation, index))).not.toEqual([]);
        },
        120_000,
      );
    });
  });
}

async function explanation(workloads: Workloads, target: TargetReference): Promise<string> {
  const view = await workloads.rollouts.look(target, AbortSignal.timeout(10_000));
  const [pod] = view?.pods ?? [];
  if (pod === undefined) return "";
  const events = await workloads.events({ namespace, uid: pod.uid }, AbortSignal.timeout(10_000));
  return events.length === 0 ? "" : `What the cluster says: ${events.join(" · ")}`;
}
