import { afterAll, describe, expect, it } from "vitest";
import { operationsUnderTest } from "./operations.ts";
import { scenarioOf } from "./scenario.ts";
import { runSimulated } from "./simulation/run.ts";
import { endOf, storyOf } from "./story.ts";

/** Seeds are tried in blocks, so that a failure says early where it is. */
const blockSize = 20;
const blocksAtMost = 10_000;

/**
 * So many runs of each operation in simulated clusters. The seeds are always the same, so that what fails fails again; other
 * ones are a person's to try (`npm run chaos`).
 */
export function simulatedSuite(options: { readonly firstSeed: number; readonly runs: number }): void {
  describe.each(operationsUnderTest)("$verb, broken in simulated clusters", (operation) => {
    const ends = new Map<string, number>();
    const blocks = Array.from({ length: Math.min(blocksAtMost, Math.ceil(options.runs / blockSize)) }, (_, block) => {
      const from = options.firstSeed + block * blockSize;
      return { from, to: Math.min(from + blockSize, options.firstSeed + options.runs) - 1 };
    });

    it.each(blocks)("keeps its promises with the seeds $from to $to", async ({ from, to }) => {
      for (let seed = from; seed <= to; seed += 1) {
        const scenario = scenarioOf(seed, operation);
        const result = await runSimulated(scenario, operation);
        expect(result.violations, storyOf(scenario, result, "simulated")).toEqual([]);
        ends.set(endOf(result.history), (ends.get(endOf(result.history)) ?? 0) + 1);
      }
    });

    afterAll(() => {
      const counted = [...ends].sort(([, a], [, b]) => b - a).map(([end, times]) => `${times} × ${end}`);
      console.log(`dolt ${operation.verb} in ${options.runs} simulated clusters: ${counted.join("; ")}`);
    });
  });
}
