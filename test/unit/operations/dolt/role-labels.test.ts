import { describe, expect, it } from "vitest";
import { systemClock } from "../../../../src/adapters/clock.ts";
import { fail } from "../../../../src/domain/errors.ts";
import { roleLabel, routeOnce, routeTo } from "../../../../src/operations/dolt/role-labels.ts";
import type { OperationContext } from "../../../../src/operations/operation.ts";
import type { WorkloadView } from "../../../../src/ports/workloads.ts";
import { noCluster, noRollouts, noScaling } from "../../../support/no-cluster.ts";
import { plainAccess } from "../../../support/plain-access.ts";
import { answering, silent, viewOf } from "./views.ts";

const primary = { name: "orders-1", uid: "uid of orders-1" };
const labelled = (name: string, role: string, uid = `uid of ${name}`) =>
  answering(name, {}, { labels: { [roleLabel]: role }, uid });
const before = viewOf([labelled("orders-0", "primary"), labelled("orders-1", "standby")]).workload;
const withoutPod = viewOf([labelled("orders-0", "primary"), silent("orders-1", "silent", null)]).workload;
const replaced = viewOf([labelled("orders-0", "primary"), labelled("orders-1", "standby", "another")]).workload;

/** @param looks what each look shows, the last one from then on @param refusals how many patches fail first */
function contextWith(looks: readonly WorkloadView[], refusals = 0, signal = AbortSignal.timeout(10_000)) {
  const told: string[] = [];
  let look = 0;
  let refused = 0;
  const context: OperationContext = {
    target: { namespace: "shop", workload: "orders" },
    targetName: "orders",
    clock: { ...systemClock, sleep: async () => signal.throwIfAborted() },
    signal,
    dolt: { connect: () => Promise.reject(new Error("labels ask no server")) },
    crate: noCluster.crate,
    crateClusters: noCluster.crateClusters,
    workloads: {
      targets: async () => [],
      marks: async () => [],
      credentials: async () => plainAccess,
      evictPod: () => Promise.reject(new Error("labels evict nothing")),
      events: async () => [],
      podLog: async () => [],
      surroundings: async () => null,
      freezes: async () => [],
      scaling: noScaling,
      rollouts: noRollouts,
      async look() {
        look += 1;
        return looks[Math.min(look, looks.length) - 1] ?? null;
      },
      async labelPod(pod, _label, value) {
        if (refused < refusals) {
          refused += 1;
          throw fail("kubernetes_away", { doing: "labelling", why: "ECONNRESET" });
        }
        told.push(`${pod.name} ${value}`);
      },
    },
  };
  return { context, told };
}

describe("routing to a new primary", () => {
  it("sets the new label first, and takes the old one when the new one is certain", async () => {
    const { context, told } = contextWith([before]);

    await routeTo(primary, context, before, () => told.push("routed"));

    expect(told).toEqual(["orders-1 primary", "routed", "orders-0 standby"]);
  });

  it("tries again when the API does not answer, takes nothing before, and tells once", async () => {
    const { context, told } = contextWith([before], 2);

    await routeTo(primary, context, before, () => told.push("routed"));

    expect(told).toEqual(["orders-1 primary", "routed", "orders-0 standby"]);
  });

  it("patches the new label though it was seen before: only the answer makes it certain", async () => {
    const seen = viewOf([labelled("orders-0", "standby"), labelled("orders-1", "primary")]).workload;
    const { context, told } = contextWith([seen]);

    await routeTo(primary, context, seen);

    expect(told).toEqual(["orders-1 primary"]);
  });

  it("waits for a pod that is missing, and takes no label meanwhile", async () => {
    const { context, told } = contextWith([withoutPod, withoutPod, before]);

    await routeTo(primary, context, withoutPod, () => told.push("routed"));

    expect(told).toEqual(["orders-1 primary", "routed", "orders-0 standby"]);
  });

  it("gives up at once when another pod has the name: what its server is was not seen", async () => {
    const { context, told } = contextWith([replaced]);

    await expect(routeTo(primary, context, withoutPod)).rejects.toMatchObject({
      problem: { code: "dolt_pod_missing" },
    });
    await expect(routeOnce(primary, context, replaced)).rejects.toMatchObject({
      problem: { code: "dolt_pod_missing" },
    });
    expect(told).toEqual([]);
  });

  it("ends with its signal", async () => {
    const ended = new AbortController();
    ended.abort();
    const { context, told } = contextWith([withoutPod], 0, ended.signal);

    await expect(routeTo(primary, context, withoutPod)).rejects.toThrow();
    expect(told).toEqual([]);
  });
});
