import { defineConfig } from "vitest/config";

/** One project a kind of test, so that `npm test`, `test:real` and `test:cluster` each pick theirs by name. */
const project = (name: string, include: string[], testTimeoutMs: number, fileParallelism = true) => ({
  test: {
    name,
    include,
    testTimeout: testTimeoutMs,
    hookTimeout: testTimeoutMs,
    pool: "forks" as const,
    fileParallelism,
  },
});

/** A cluster has the machine for itself: two at once would disturb each other, and what is measured would mean nothing. */
const oneFileAtATime = false;

/** That of a real CrateDB cluster runs only where one is named. */
const conformanceSuites = [
  "test/conformance/**/*.test.ts",
  ...(process.env.CRATE_URL === undefined ? ["!test/conformance/cratedb/real.test.ts"] : []),
];

export default defineConfig({
  test: {
    // What is measured is printed by the tests that measure it.
    silent: false,
    // Most of the time a test waits for another process or for a clock, so three files at once fit even two cores.
    maxWorkers: 3,
    projects: [
      project("unit", ["test/unit/**/*.test.ts"], 20_000),
      project("conformance", conformanceSuites, 60_000),
      project("integration", ["test/integration/**/*.test.ts"], 60_000),
      project("chaos", ["test/chaos/*.test.ts"], 120_000),
      project("browser", ["test/browser/**/*.test.ts"], 120_000),
      project("real", ["test/real/**/*.test.ts", "test/chaos/real/*.test.ts"], 900_000, oneFileAtATime),
      project("cluster", ["test/cluster/**/*.test.ts"], 1_800_000, oneFileAtATime),
    ],
  },
});
