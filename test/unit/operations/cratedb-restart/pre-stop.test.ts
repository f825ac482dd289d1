import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hookMs, hooksCutOff, usesDcUtil } from "../../../../src/operations/cratedb/pre-stop.ts";

/** As crate-operator writes it into its StatefulSets. */
const dcUtil = (timeout: string) => [
  "/bin/sh",
  "-c",
  `ARCH=$(uname -m) && curl -sLO https://x/dc_util-linux-\${ARCH} && ./dc_util-linux-\${ARCH} --min-availability PRIMARIES --timeout ${timeout} || true`,
];

describe("preStop hooks", () => {
  it.each([
    [dcUtil("720s"), 720_000],
    [dcUtil("2h"), 7_200_000],
    [["/bin/sh", "-c", "./dc_util-linux-amd64 --min-availability PRIMARIES"], 7_200_000],
    [["/bin/sh", "-c", "./dc_util -timeout=30m"], 1_800_000],
    [["sleep", "30"], 30_000],
    [["/bin/sh", "-c", "echo bye; sleep 5"], 5_000],
    [["/bin/sh", "-c", "crate-stop"], null],
    [null, null],
  ])("%j may last %s ms", (hook, expected) => {
    expect(hookMs(hook)).toBe(expected);
  });

  it("are dc_util's by the name of what they run", () => {
    expect(usesDcUtil(dcUtil("720s"))).toBe(true);
    expect(usesDcUtil(["sleep", "30"])).toBe(false);
    expect(usesDcUtil(null)).toBe(false);
  });

  it("are cut off exactly where the grace period is no longer than they may last", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7_200 }), fc.integer({ min: 1, max: 7_200 }), (hook, grace) => {
        const set = { name: "crate-data-hot-metrics", preStop: dcUtil(`${hook}s`), gracePeriodSeconds: grace };
        expect(hooksCutOff([set]).length === 1).toBe(hook >= grace);
      }),
    );
  });
});
