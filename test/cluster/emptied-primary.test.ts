import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookAtDolt } from "../../src/operations/dolt/look.ts";
import { promoteOperation } from "../../src/operations/dolt/promote.ts";
import { statusOperation } from "../../src/operations/dolt/status.ts";
import { FailoverBench } from "../integration/dolt-failover/support/failover-bench.ts";
import { wholeClusterUnavailable } from "./availability.ts";
import { until } from "./machine/until.ts";
import { startWholeCluster, type WholeCluster } from "./whole-cluster.ts";

const DEADLINE_MS = 120_000;
const unavailable = await wholeClusterUnavailable();

describe.skipIf(unavailable !== null)(
  `a primary that lost its volume${unavailable === null ? "" : ` (${unavailable})`}`,
  () => {
    let cluster: WholeCluster;
    let bench: FailoverBench;

    beforeAll(async () => {
      cluster = await startWholeCluster();
      bench = await FailoverBench.start(cluster, "orders", { operation: promoteOperation });
    });

    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

    const says = (what: string, answer: () => Promise<boolean>) =>
      until(async () => ((await answer().catch(() => false)) ? true : null), {
        what,
        deadlineMs: DEADLINE_MS,
        explain: () => statusText(),
      });

    const statusText = async () => {
      const result = await statusOperation.plan(bench.context(), {});
      return result.kind === "plan" ? result.draft.now.join("\n") : "";
    };

    it("is mended by exactly what the status says, and nothing is lost", { timeout: 400_000 }, async () => {
      const [old, standby] = [bench.pod(0), bench.pod(1)];
      await bench.write(old, 7);
      await says("the standby holds the row", async () => (await bench.ids(standby)).includes(7));
      await bench.target.faults.emptyVolume(old);
      await says("the status has seen it come back empty", async () =>
        (await statusText()).includes(`The primary ${old} lacks what its standbys hold`),
      );

      const told = await statusText();
      expect(told).toContain(`🛑 The primary ${old} lacks what its standbys hold (database app`);
      expect(told).toContain(`kubectl label pod -n shop ${old} dolthub.com/cluster_role-`);
      expect(told).toContain(`kubectl set image -n shop pod/${old} dolt=stopped`);
      expect(await bench.planned({ acceptLoss: true })).toMatchObject({ kind: "refused" });

      // kubectl label pod … cluster_role-, and kubectl set image … dolt=stopped
      const pod = { namespace: "shop", name: old };
      const label = { op: "remove", path: "/metadata/labels/dolthub.com~1cluster_role" };
      await bench.core.patchNamespacedPod({ ...pod, body: [label] });
      const image = { op: "replace", path: "/spec/containers/0/image", value: "stopped" };
      await bench.core.patchNamespacedPod({ ...pod, body: [image] });
      await says("its server was seen ended", async () => {
        const { nodes } = await lookAtDolt(bench.context());
        return nodes[0]?.silence?.kind === "stopped";
      });
      const promoted = await bench.run(await bench.plan({ acceptLoss: true, to: standby }));
      await bench.core.deleteNamespacedPod(pod);

      expect(promoted.outcome.problems).toEqual([]);
      await says("it is a standby that holds the row", async () => {
        return (await bench.identity(old)).role === "standby" && (await bench.ids(old)).includes(7);
      });
      expect(await bench.routed()).toEqual([standby]);
      expect((await bench.identity(standby)).role).toBe("primary");
    });
  },
);
