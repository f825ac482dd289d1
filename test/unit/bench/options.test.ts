import { describe, expect, it } from "vitest";
import { distributionOf } from "../../bench/dolt/distribution.ts";
import { casesOf, readOptions } from "../../bench/dolt/options.ts";

describe("what a benchmark measures", () => {
  it("is every combination of nodes, writers and databases, and a restart for each number of nodes", () => {
    const cases = casesOf(readOptions([]));
    const failovers = cases.filter(({ action }) => action === "failover");

    expect(failovers.map(({ nodes, writers, databases }) => [nodes, writers, databases])).toEqual([
      [3, 4, 1],
      [3, 4, 20],
      [3, 32, 1],
      [3, 32, 20],
      [5, 4, 1],
      [5, 4, 20],
      [5, 32, 1],
      [5, 32, 20],
    ]);
    expect(cases.filter(({ action }) => action === "restart").map(({ nodes }) => nodes)).toEqual([3, 5]);
  });

  it.each([
    ["--nodes", "3,x"],
    ["--nodes", "1"],
    ["--cluster", "paper"],
    ["--rounds", "0"],
    ["--speed", "9"],
  ])("refuses %s %s", (option, value) => {
    expect(() => readOptions([option, value])).toThrow();
  });

  it("is told as a distribution", () => {
    expect(distributionOf([30, 10, 20, 40])).toEqual({
      count: 4,
      min: 10,
      median: 25,
      p90: 40,
      max: 40,
      values: [30, 10, 20, 40],
    });
    expect(distributionOf([])).toBeNull();
  });
});
