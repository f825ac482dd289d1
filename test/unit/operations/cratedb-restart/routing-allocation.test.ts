import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type HookSettings,
  hookDefaults,
  hookSettings,
  hookSettingsIn,
  repairsOf,
  routingOwner,
} from "../../../../src/operations/cratedb/routing-allocation.ts";
import { allocationEnableSetting } from "../../../../src/ports/crate-settings.ts";

const settings: fc.Arbitrary<HookSettings> = fc.record({
  "cluster.routing.allocation.enable": fc.option(fc.constantFrom("all", "primaries", "new_primaries", "none")),
  "cluster.graceful_stop.min_availability": fc.option(fc.constantFrom("none", "primaries", "full")),
  "cluster.graceful_stop.timeout": fc.option(fc.constantFrom("2h", "7200000ms", "720s", "30s")),
  "cluster.graceful_stop.force": fc.option(fc.constantFrom("true", "false")),
});

describe("what preStop hooks leave behind", () => {
  it("is put back: reset where the default was, set where a person's value was", () => {
    const before = { ...hookDefaults, "cluster.graceful_stop.timeout": "30s" };
    const now = {
      ...hookDefaults,
      [allocationEnableSetting]: "new_primaries",
      "cluster.graceful_stop.timeout": "720s",
      "cluster.graceful_stop.force": "true",
    };
    expect(repairsOf(before, now)).toEqual([
      { kind: "reset", setting: allocationEnableSetting },
      { kind: "set", setting: "cluster.graceful_stop.timeout", value: "30s" },
      { kind: "reset", setting: "cluster.graceful_stop.force" },
    ]);
  });

  it("are read by their whole names, and what the cluster does not say is not known", () => {
    const all = { [allocationEnableSetting]: "primaries", "cluster.graceful_stop.force": true, other: 1 };
    expect(hookSettingsIn(all)).toEqual({
      [allocationEnableSetting]: "primaries",
      "cluster.graceful_stop.min_availability": null,
      "cluster.graceful_stop.timeout": null,
      "cluster.graceful_stop.force": "true",
    });
  });

  it("one time written in two ways is one", () => {
    const now = { ...hookDefaults, "cluster.graceful_stop.timeout": "2h" };
    expect(repairsOf(hookDefaults, now)).toEqual([]);
  });

  it("ends where it began, and touches nothing that nobody knew before", () => {
    fc.assert(
      fc.property(settings, settings, (before, now) => {
        const after: Record<string, string | null> = { ...now };
        for (const repair of repairsOf(before, now)) {
          expect(before[repair.setting]).not.toBeNull();
          after[repair.setting] = repair.kind === "reset" ? hookDefaults[repair.setting] : repair.value;
        }
        expect(repairsOf(before, { ...now, ...after } satisfies HookSettings)).toEqual([]);
        expect(repairsOf(before, before)).toEqual([]);
        for (const setting of hookSettings) if (before[setting] === null) expect(after[setting]).toBe(now[setting]);
      }),
    );
  });

  it("says since when somebody holds the setting, in seconds", () => {
    expect(routingOwner(1_790_000_000_999)).toBe("operator-1790000000");
  });
});
