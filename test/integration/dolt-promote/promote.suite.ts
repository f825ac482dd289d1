import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { PromoteBench } from "./support/promote-bench.ts";

/** What holds of a promotion on simulated servers as on real ones. */
export function promoteSuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`a promotion on ${name}`, () => {
    let cluster: ClusterHandle;
    let bench: PromoteBench;
    let targets = 0;

    beforeAll(async () => {
      cluster = await start();
    });

    afterAll(async () => {
      await cluster?.close();
    });

    afterEach(async () => {
      await bench?.at.target.faults.heal();
      await bench?.close();
    });

    /** Three servers with one row everywhere. */
    async function prepare(): Promise<[string, string, string]> {
      targets += 1;
      bench = await PromoteBench.start(cluster, `target${targets}`);
      await bench.at.write(bench.pod(0), 1);
      await bench.untilHolds(bench.pod(1), [1]);
      await bench.untilHolds(bench.pod(2), [1]);
      return [bench.pod(0), bench.pod(1), bench.pod(2)];
    }

    it("makes a standby primary when the primary is seen ended, alone labelled and followed; the old one returns as a standby", async () => {
      const [old, candidate, other] = await prepare();
      await bench.end(old);

      const plan = await bench.plan();
      const { state, outcome } = await bench.run(plan);

      expect(plan.acceptance).toMatchObject({ flag: "accept-loss", given: false });
      expect(plan.acceptance?.figures.join(" ")).toMatch(/heard from the primary .* ago.*cannot be known while/);
      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      expect(outcome.summary).toMatch(`When ${old} returns`);
      expect(await bench.at.identity(candidate)).toMatchObject({ role: "primary", epoch: 2, readOnly: false });
      expect(await bench.at.routed()).toEqual([candidate]);
      await bench.at.untilIs(other, { role: "standby", epoch: 2 });
      expect(await bench.at.ids(candidate)).toEqual([1]);

      await bench.at.target.faults.heal();
      await bench.at.untilIs(old, { role: "standby", epoch: 2 });
      expect(await bench.at.routed()).toEqual([candidate]);
    });

    it("is refused while the old one answers as primary, and names the failover", async () => {
      await prepare();

      const result = await bench.planned({}, { surface: "terminal" });

      expect(result).toMatchObject({ kind: "refused", problems: [{ code: "dolt_primary_answers" }] });
      expect(result.kind === "refused" && result.problems[0]?.next).toContain("npx handover dolt failover shop/target");
    });

    it("is refused when only Handover is cut off from a primary that lives", async () => {
      const [old] = await prepare();

      const refusals = await bench.refusals({}, { dolt: await bench.cutOffFrom(old) });

      expect(refusals).toEqual(["dolt_primary_lives"]);
    });
  });
}
