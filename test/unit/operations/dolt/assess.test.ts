import { describe, expect, it } from "vitest";
import { findOnlyPrimary, highestEpoch, rolloutRuns } from "../../../../src/operations/dolt/assess.ts";
import type { DoltNode } from "../../../../src/operations/dolt/look.ts";
import { answering, silent, viewOf } from "./views.ts";

const primary = answering("orders-0", { role: "primary", epoch: 3 });
const standby = (epoch: number) => answering("orders-1", { epoch });

describe("that there is one primary, and the newest", () => {
  it.each<[string, DoltNode[]]>([
    ["every other node is standby", [primary, standby(3)]],
    ["a standby has not heard of the last epoch yet", [primary, standby(2)]],
    ["another one's container was seen ended", [primary, silent("orders-1", "stopped")]],
  ])("is proven when %s", (_, nodes) => {
    expect(findOnlyPrimary(viewOf(nodes))).toEqual({ primary });
  });

  it.each<[string, DoltNode[], string[]]>([
    ["no node is primary", [standby(3)], ["dolt_no_primary"]],
    ["two are", [primary, answering("orders-1", { role: "primary", epoch: 2 })], ["dolt_many_primaries"]],
    [
      "two are, and the other is newer",
      [primary, answering("orders-1", { role: "primary", epoch: 4 })],
      ["dolt_many_primaries", "dolt_epochs_apart"],
    ],
    [
      "one is broken",
      [primary, answering("orders-1", { role: "detected_broken_config", epoch: 3 })],
      ["dolt_broken_config"],
    ],
    ["one is silent", [primary, silent("orders-1", "silent")], ["dolt_other_primary_possible"]],
    ["one's pod object is missing", [primary, silent("orders-1", "silent", null)], ["dolt_other_primary_possible"]],
    ["one refuses the login", [primary, silent("orders-1", "login")], ["dolt_credentials"]],
    ["a standby is at a higher epoch", [primary, standby(4)], ["dolt_epochs_apart"]],
  ])("is not when %s", (_, nodes, codes) => {
    const found = findOnlyPrimary(viewOf(nodes));
    expect("problems" in found && found.problems.map(({ code }) => code)).toEqual(codes);
  });
});

describe("the highest epoch", () => {
  it("is that of any node that answers, and 0 when none does", () => {
    expect(highestEpoch(viewOf([primary, standby(7), silent("orders-2", "silent")]))).toBe(7);
    expect(highestEpoch(viewOf([silent("orders-2", "silent")]))).toBe(0);
  });
});

describe("a roll-out", () => {
  const old = (name: string) => answering(name, {}, { revision: "r0" });
  const current = (name: string) => answering(name, {});
  it.each<[string, DoltNode[], number | null, boolean]>([
    ["has ended when every pod is of the revision", [current("orders-0"), current("orders-1")], 0, false],
    ["runs while one is not", [old("orders-0"), current("orders-1")], 0, true],
    ["leaves alone what is below the partition", [old("orders-0"), current("orders-1")], 1, false],
    ["counts the partition by place, wherever the ordinals start", [old("orders-5"), current("orders-6")], 1, false],
    ["and so it runs from that place on", [current("orders-5"), old("orders-6")], 1, true],
    ["is nobody's but people's with OnDelete", [old("orders-0")], null, false],
    ["has nothing to delete where the pod is missing", [silent("orders-0", "silent", null)], 0, false],
  ])("%s", (_, nodes, rollsFromOrdinal, expected) => {
    expect(rolloutRuns(viewOf(nodes, { rollsFromOrdinal }))).toBe(expected);
  });
});
