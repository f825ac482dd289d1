import { afterAll, beforeAll, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../../src/adapters/kubernetes/pooled-kube-config.ts";
import { KubernetesTargetLeases } from "../../../src/adapters/kubernetes/target-leases.ts";
import { newRequestRecord, type RequestRecord } from "../../../src/domain/request.ts";
import { signStatement } from "../../../src/domain/signing.ts";
import { approve } from "../../../src/domain/transitions/approving.ts";
import { shownPlan } from "../../../src/domain/transitions/reading.ts";
import { changeRecord } from "../../../src/execution/change-record.ts";
import { LeaseObserver } from "../../../src/execution/lease-observer.ts";
import { failoverOperation } from "../../../src/operations/dolt/failover.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { executeRequest } from "../../../src/worker/execute-request.ts";
import { planRequest } from "../../../src/worker/plan-request.ts";
import { Reconciler } from "../../../src/worker/reconciler.ts";
import type { WorkerServices } from "../../../src/worker/services.ts";
import { MemoryFaceStore, MemoryRequestStore, MemoryWakeUp } from "../../support/memory-request-store.ts";
import { aNewRequest, anApproval, anEvent, bob, orders } from "../../support/records.ts";
import { Writers } from "../../support/writers.ts";
import { AWorker } from "../../unit/worker/a-worker.ts";
import { FailoverBench } from "./support/failover-bench.ts";

const hour = 3_600_000;
const never = new AbortController().signal;

/** The machine's time, but that hours can be skipped. */
class SkippingClock implements Clock {
  #skippedMs = 0;

  nowMs(): number {
    return systemClock.nowMs() + this.#skippedMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#skippedMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(durationMs, signal);
  }

  skip(ms: number): void {
    this.#skippedMs += ms;
  }
}

let cluster: SandboxCluster;
let bench: FailoverBench;
let api: KubernetesApi;

beforeAll(async () => {
  cluster = await startSandboxCluster();
  bench = await FailoverBench.start(cluster, "orders");
  const kubeConfig = new PooledKubeConfig();
  kubeConfig.loadFromString(cluster.kubeconfig);
  api = new KubernetesApi(kubeConfig);
});

afterAll(async () => {
  await api?.close();
  await bench?.close();
  await cluster?.close();
});

it("a failover approved two hours ago runs at its time, while applications have written all along", async () => {
  const worker = new AWorker();
  const clock = new SkippingClock();
  const store = new MemoryRequestStore(clock);
  const wakeUp = new MemoryWakeUp();
  const services: WorkerServices = {
    ...worker.services(),
    store,
    wakeUp,
    clock,
    faces: new MemoryFaceStore(store, clock),
    observer: new LeaseObserver(clock),
    workloads: bench.workloads,
    dolt: bench.dolt,
    leases: new KubernetesTargetLeases(api, { namespaces: ["shop"] }),
    operations: [failoverOperation],
  };
  const { username: user, password } = await bench.credentials();
  const { kubeconfig } = cluster;
  const about = { kubeconfig, namespace: "shop", database: "app", writers: 2, restMs: 5 };
  const writers = await Writers.start({ ...about, credentials: { user, password } });
  const request = async (): Promise<RequestRecord> => {
    const found = await store.read("r-1");
    if (found === null) throw new Error("there is no r-1");
    return found.record;
  };
  try {
    const startAtMs = Math.ceil((clock.nowMs() + 2 * hour) / 60_000) * 60_000;
    const schedule = { asked: "in 2h", startAtMs, endsAtMs: startAtMs + hour / 2, timeZone: "UTC" };
    const asked = aNewRequest({ target: orders, schedule, parameters: { to: "orders-1" } });
    await store.create({ deliveryId: "d", audit: anEvent(), build: (nowMs) => newRequestRecord(asked, nowMs) });
    await planRequest(services, "r-1", never);
    const record = await request();
    const plan = shownPlan(record);
    if (plan === null || record.plan === undefined) throw new Error(JSON.stringify(record.outcome));
    const approval = anApproval(record.plan, plan, { atMs: clock.nowMs() });
    await changeRecord(store, "r-1", bob, (current, nowMs) =>
      approve(current, signStatement(approval, worker.edgeKey), approval, nowMs),
    );
    await writers.acknowledges(200);

    clock.skip(startAtMs - clock.nowMs());
    await new Reconciler(services, { walk: async () => undefined }).walk(never);
    expect(wakeUp.wakes).toContainEqual(expect.objectContaining({ kind: "execute", requestId: "r-1" }));
    await executeRequest(services, "r-1", never);

    expect((await request()).outcome?.problems).toEqual([]);
    expect(await request()).toMatchObject({ state: "succeeded" });
    expect(await bench.routed()).toEqual(["orders-1"]);
  } finally {
    const { acknowledged } = await writers.stop();
    const kept = new Set(await bench.ids("orders-1"));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  }
});
