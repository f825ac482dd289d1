import { describe, expect, it } from "vitest";
import type { DoltNode } from "../../../../src/operations/dolt/look.ts";
import { planRestart } from "../../../../src/operations/dolt/restart.ts";
import { chooseRestarts, sideBySide } from "../../../../src/operations/dolt/restart-choice.ts";
import {
  type RestartParameters,
  restartDefinition,
  restartParametersSchema,
} from "../../../../src/operations/dolt/restart-definition.ts";
import { reasonsAgainst } from "../../../../src/operations/dolt/restart-fitness.ts";
import { timeText } from "../../../../src/operations/new-enough.ts";
import { answering, replicated, silent, viewOf } from "./views.ts";

const second = 1_000;
const standbys = ["orders-1", "orders-2"];
const replication = standbys.map((name) => replicated(name));
const primary = answering("orders-0", { role: "primary", replication }, { createdAtMs: 10 * second });
const one = answering("orders-1", {}, { createdAtMs: 20 * second });
const two = answering("orders-2", {}, { createdAtMs: 30 * second, revision: "r0" });

function chosen(given: Partial<RestartParameters>, nodes: DoltNode[] = [primary, one, two]) {
  const parameters = restartParametersSchema.parse(given);
  const { batches, includesPrimary, skipped } = chooseRestarts(viewOf(nodes), primary, parameters);
  return { batches: batches.map((batch) => batch.map(({ name }) => name)), includesPrimary, skipped };
}

describe("which pods restart", () => {
  it.each<[string, Partial<RestartParameters>, string[][], boolean]>([
    ["all, the highest standby first, and the primary apart", {}, [["orders-2"], ["orders-1"]], true],
    ["those named", { only: "orders-1" }, [["orders-1"]], false],
    ["the primary alone, when it alone is named", { only: "orders-0" }, [], true],
    ["those created before the time, and not at it", { beforeMs: 20 * second }, [], true],
    ["those that are not of the newest revision", { outdated: true }, [["orders-2"]], false],
    ["those that fulfil both", { outdated: true, beforeMs: 30 * second }, [], false],
    ["never the last standby beside another", { maxUnavailable: 5 }, [["orders-2"], ["orders-1"]], true],
  ])("are %s", (_, parameters, batches, includesPrimary) => {
    expect(chosen(parameters)).toMatchObject({ batches, includesPrimary });
  });

  it("begin with a standby that does not run", () => {
    const broken = silent("orders-1", "stopped");
    expect(chosen({}, [primary, broken, two]).batches).toEqual([["orders-1"], ["orders-2"]]);
  });

  it("leave out the others with a reason each", () => {
    expect(chosen({ beforeMs: 20 * second }).skipped).toEqual([
      "orders-1: new enough: created 1970-01-01T00:00:20Z",
      "orders-2: new enough: created 1970-01-01T00:00:30Z",
    ]);
  });
});

describe("how many standbys restart side by side", () => {
  it.each([
    [1, 1, 0, 1],
    [2, 2, 0, 1],
    [4, 2, 0, 2],
    [4, 4, 0, 3],
    [4, 4, 2, 2],
    [4, 4, 4, 1],
  ])(
    "of %i standbys with --max-unavailable %i and --min-caught-up %i: %i",
    (count, maxUnavailable, minCaughtUp, size) => {
      expect(sideBySide(count, { maxUnavailable, minCaughtUp })).toBe(size);
    },
  );
});

describe("what speaks against a restart", () => {
  const behind = answering("orders-1", { databases: [] });
  const bounds = { minCaughtUp: 0, maxLagMs: 2_000 };
  const reasons = (nodes: DoltNode[], batch: string[], given = bounds) =>
    reasonsAgainst(viewOf(nodes), primary, batch, given);

  it.each<[string, DoltNode[], string[], typeof bounds, string[]]>([
    ["nothing, when the others are caught up", [primary, one, two], ["orders-2"], bounds, []],
    ["nothing, where the others wait for a newer revision", [primary, one, two], ["orders-1"], bounds, []],
    ["another that is behind", [primary, behind, two], ["orders-2"], bounds, ["orders-1: lacks the database app"]],
    ["not the one that is behind itself", [primary, behind, two], ["orders-1"], bounds, []],
    [
      "nothing, for a pod that does not run",
      [primary, behind, silent("orders-2", "stopped")],
      ["orders-2"],
      bounds,
      [],
    ],
    [
      "a pod that is being deleted already",
      [primary, answering("orders-1", {}, { terminating: true }), two],
      ["orders-1"],
      bounds,
      ["orders-1 is being deleted already"],
    ],
    ["nothing, when as many as asked for are there", [primary, behind, two], [], { ...bounds, minCaughtUp: 1 }, []],
  ])("is %s", (_, nodes, batch, given, expected) => {
    expect(reasons(nodes, batch, given)).toEqual(expected);
  });
});

describe("the plan of a restart", () => {
  const context = { clock: { nowMs: () => 1_000_000, monotonicMs: () => 0, sleep: async () => undefined } };
  const planned = (nodes: DoltNode[], workload = {}, given: Partial<RestartParameters> = {}) =>
    planRestart(context, restartParametersSchema.parse(given), viewOf(nodes, workload));
  const codes = (result: ReturnType<typeof planned>) =>
    result.kind === "refused" ? result.problems.map(({ code }) => code) : [];

  it.each<[string, DoltNode[], object, Partial<RestartParameters>, string[]]>([
    ["a pod that is none", [primary, one, two], {}, { only: "orders-1,orders-7" }, ["dolt_candidate_unknown"]],
    ["a server that is silent", [primary, one, silent("orders-2", "silent")], {}, {}, ["dolt_other_primary_possible"]],
    ["one server alone", [primary], {}, {}, ["dolt_no_standby"]],
    ["the controller's hands on it", [primary, one], { rollsFromOrdinal: 1 }, {}, ["dolt_controller_restarts"]],
    [
      "a partition that keeps the old",
      [primary, one, two],
      { rollsFromOrdinal: 3 },
      {},
      ["dolt_partition_keeps_revision"],
    ],
    ["nothing left to do", [primary, one, two], {}, { beforeMs: 1 }, ["dolt_nothing_to_restart"]],
    [
      "a standby that is behind",
      [primary, answering("orders-1", { databases: [] }), two],
      {},
      {},
      ["dolt_restart_unfit"],
    ],
  ])("refuses %s", (_, nodes, workload, given, expected) => {
    expect(codes(planned(nodes, workload, given))).toEqual(expected);
  });

  it("holds no time among its facts, and the time of the plan among its details", () => {
    const [early, late] = [1_000_000, 2_000_000].map((nowMs) =>
      planRestart(
        { clock: { ...context.clock, nowMs: () => nowMs } },
        restartParametersSchema.parse({}),
        viewOf([primary, one, two]),
      ),
    );
    expect(early?.kind === "plan" && early.draft.facts).toEqual(late?.kind === "plan" && late.draft.facts);
    expect(early).not.toEqual(late);
  });
});

describe("--before", () => {
  const before = restartDefinition.flags.find(({ name }) => name === "before");
  it.each([
    ["2026-11-21T15:30:00Z", Date.UTC(2026, 10, 21, 15, 30)],
    ["2026-11-21T15:30:00+01:00", Date.UTC(2026, 10, 21, 14, 30)],
    ["2026-11-21T15:30:00", null],
    ["2026-11-21", null],
    ["yesterday", null],
    ["2026-13-41T99:30:00Z", null],
  ])("reads %s", (text, expected) => {
    expect(before?.parse(text)).toBe(expected);
  });

  it("is printed as it is read", () => {
    expect(before?.parse(timeText(1_700_000_000_999))).toBe(1_700_000_000_000);
  });
});
