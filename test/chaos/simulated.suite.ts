import { afterAll, describe, expect, it } from "vitest";
import { operationsUnderTest } from "./operations.ts";
import { scenarioOf } from "./scenario.ts";
import { runSimulated } from "./simulation/run.ts";
import { endOf, storyOf } from "./story.ts";

/** Seeds are tried in blocks, so that a failure says early where it is. */
const blockSize = 10;

/**
 * Runs of each operation in simulated clusters. The seeds are always the same, so that what fails fails again; other ones
 * are a person's to try (`npm run chaos`). Two files run at once, so each takes every second block.
 */
export function simulatedSuite(share: "odd blocks" | "even blocks"): void {
  describe.each(operationsUnderTest)("$verb, broken in simulated clusters", (operation) => {
    const ends = new Map<string, number>();
    const blocks = Array.from({ length: Math.ceil(operation.runs.simulated / blockSize) }, (_, block) => block)
      .filter((block) => (block % 2 === 0) === (share === "odd blocks"))
      .map((block) => ({ from: block * blockSize + 1, to: (block + 1) * blockSize }));

    const keepsItsPromises = async (seed: number) => {
      const scenario = scenarioOf(seed, operation);
      const result = await runSimulated(scenario, operation);
      expect(result.violations, storyOf(scenario, result, "simulated")).toEqual([]);
      ends.set(endOf(result.history), (ends.get(endOf(result.history)) ?? 0) + 1);
    };

    it.each(blocks)("keeps its promises with the seeds $from to $to", async ({ from, to }) => {
      for (let seed = from; seed <= to; seed += 1) {
        if (!operation.openDefects.has(seed)) await keepsItsPromises(seed);
      }
    });

    const open = [...operation.openDefects].filter(([seed]) =>
      blocks.some(({ from, to }) => seed >= from && seed <= to),
    );
    it.fails.each(open)("breaks one with the seed %d, as is known: %s", keepsItsPromises);

    afterAll(() => {
      const counted = [...ends].sort(([, a], [, b]) => b - a).map(([end, times]) => `${times} × ${end}`);
      console.log(`dolt ${operation.verb} in simulated clusters, ${share}: ${counted.join("; ")}`);
    });
  });
}
