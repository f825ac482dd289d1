import { describe, expect, it } from "vitest";
import { chooseCandidate } from "../../../../src/operations/dolt/candidate.ts";
import type { FailoverParameters } from "../../../../src/operations/dolt/failover-definition.ts";
import type { DoltNode, StateComparison } from "../../../../src/operations/dolt/look.ts";
import type { ReplicationRow } from "../../../../src/ports/dolt-servers.ts";
import { answering, replicated, silent, viewOf } from "./views.ts";

const defaults = { minCaughtUp: 0, maxLagMs: 2_000 };

function choose(
  standbys: readonly DoltNode[],
  rows: readonly ReplicationRow[],
  parameters: Partial<FailoverParameters> = {},
  comparisons: Readonly<Record<string, StateComparison>> = {},
) {
  const primary = answering("orders-0", { role: "primary", replication: rows });
  const view = { ...viewOf([primary, ...standbys]), comparisons: new Map(Object.entries(comparisons)) };
  const choice = chooseCandidate(view, primary, { ...defaults, ...parameters });
  return choice.kind === "none" ? choice : { ...choice, node: choice.node.name };
}

const one = answering("orders-1", {});
const two = answering("orders-2", {});
const rows = (first: Partial<ReplicationRow>, second: Partial<ReplicationRow> = {}) => [
  replicated("orders-1", first),
  replicated("orders-2", second),
];
const unknown = { lagMs: null, lastUpdateMs: null };

describe("the candidate", () => {
  it.each<[string, ReplicationRow[], Partial<FailoverParameters>, string]>([
    ["has the smallest lag", rows({ lagMs: 40 }, { lagMs: 30 }), {}, "orders-2"],
    ["has the lowest ordinal of equals", rows({ lagMs: 30 }, { lagMs: 30 }), {}, "orders-1"],
    [
      "is the one asked for, though another has less lag",
      rows({ lagMs: 40 }, { lagMs: 0 }),
      { to: "orders-1" },
      "orders-1",
    ],
    ["is not the one to be avoided", rows({ lagMs: 0 }, { lagMs: 40 }), { avoid: "orders-1" }, "orders-2"],
    ["may have just the bound's lag", rows({ lagMs: 100 }, { lagMs: 101 }), { maxLagMs: 100 }, "orders-1"],
  ])("%s", (_, replication, parameters, expected) => {
    expect(choose([one, two], replication, parameters)).toMatchObject({ kind: "chosen", node: expected });
  });

  it("has the largest lag over its databases", () => {
    const both = [replicated("orders-1", { lagMs: 5 }), replicated("orders-1", { database: "billing", lagMs: 70 })];
    const primary = answering("orders-0", { role: "primary", databases: ["app", "billing"], replication: both });
    const standby = answering("orders-1", { databases: ["app", "billing"] });

    expect(chooseCandidate(viewOf([primary, standby]), primary, defaults)).toMatchObject({ lagMs: 70 });
  });

  it.each<[string, DoltNode, Partial<ReplicationRow> | null, Partial<FailoverParameters>]>([
    ["not orders-7, which was asked for", one, {}, { to: "orders-7" }],
    ["to be avoided, as asked", one, {}, { avoid: "orders-1" }],
    ["its pod is missing", silent("orders-1", "silent", null), {}, {}],
    ["does not answer (stopped it is)", silent("orders-1", "stopped"), {}, {}],
    ["its pod is terminating", answering("orders-1", {}, { terminating: true }), {}, {}],
    ["its pod is not Ready", answering("orders-1", {}, { ready: false }), {}, {}],
    ["its pod is of revision r0, not r1", answering("orders-1", {}, { revision: "r0" }), {}, {}],
    ["its role is detected_broken_config", answering("orders-1", { role: "detected_broken_config" }), {}, {}],
    ["lacks the database app", answering("orders-1", { databases: ["other"] }), {}, {}],
    ["still holds the database old, which was dropped", answering("orders-1", { databases: ["app", "old"] }), {}, {}],
    [
      "users and grants are behind",
      answering("orders-1", { privileges: { users: "old", branchControl: "b" } }),
      {},
      {},
    ],
    ["branch control is behind", answering("orders-1", { privileges: { users: "u", branchControl: "old" } }), {}, {}],
    ["the primary does not replicate app to it", one, null, {}],
    ["replication of app fails: refused", one, { error: "refused", lagMs: null }, {}],
    ["lag of app is unknown until the primary's next write", one, unknown, {}],
    ["lag 2001 ms, more than 2000 ms", one, { lagMs: 2_001 }, {}],
  ])("is none, and says why: %s", (reason, node, row, parameters) => {
    const replication = row === null ? [] : [replicated("orders-1", row)];
    expect(choose([node], replication, parameters)).toEqual({ kind: "none", rejected: [`orders-1: ${reason}`] });
  });

  it("is never one whose name only begins like that of another", () => {
    const rowOfTen = [replicated("orders-10", {})];

    expect(choose([one], rowOfTen)).toMatchObject({ rejected: ["orders-1: the primary does not replicate app to it"] });
  });

  it.each<[StateComparison, object]>([
    [{ kind: "equal" }, { kind: "chosen", node: "orders-1", lagMs: null }],
    [
      { kind: "unequal", differences: ["database app", "branch control"] },
      { rejected: [expect.stringContaining("it differs from the primary in database app, branch control")] },
    ],
    [
      { kind: "failed", why: "no answer" },
      { rejected: [expect.stringContaining("its state could not be compared (no answer)")] },
    ],
  ])("counts by its state where the lag is unknown: %j", (comparison, expected) => {
    expect(choose([one], [replicated("orders-1", unknown)], {}, { "orders-1": comparison })).toMatchObject(expected);
  });

  it("is not saved by an equal state from an error of replication", () => {
    const failing = [replicated("orders-1", { lagMs: null, error: "refused" })];

    expect(choose([one], failing, {}, { "orders-1": { kind: "equal" } })).toMatchObject({ kind: "none" });
  });
});
