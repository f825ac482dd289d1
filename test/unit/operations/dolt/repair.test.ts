import { describe, expect, it } from "vitest";
import type { PlanDraft } from "../../../../src/domain/plan.ts";
import type { Divergence, Surplus } from "../../../../src/operations/dolt/divergence.ts";
import type { Evidence } from "../../../../src/operations/dolt/divergence-read.ts";
import type { DoltNode, DoltView } from "../../../../src/operations/dolt/look.ts";
import { planRepair, repairObjections } from "../../../../src/operations/dolt/repair.ts";
import { findHolderOfAll, reasonsForRepair, stakesOf } from "../../../../src/operations/dolt/repair-choice.ts";
import { repairDefinition, repairParametersSchema } from "../../../../src/operations/dolt/repair-definition.ts";
import { repairDetailsSchema } from "../../../../src/operations/dolt/repair-details.ts";
import { answering, silent, viewOf } from "./views.ts";

const context = {
  target: { namespace: "shop", workload: "orders" },
  targetName: "orders",
  clock: { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5), monotonicMs: () => 0, sleep: async () => undefined },
};
const nothing: Surplus = { databases: [], accounts: [] };
const broken = (name: string) => answering(name, { role: "detected_broken_config", epoch: 2 });

function evidence(...divergences: readonly Divergence[]): Evidence {
  return { sides: [], divergences, unread: new Map() };
}

function between(one: string, other: string, onlyOnOne: string[] = [], onlyOnOther: string[] = []): Divergence {
  return {
    one,
    other,
    onlyOnOne: { ...nothing, databases: onlyOnOne },
    onlyOnOther: { ...nothing, databases: onlyOnOther },
    branches: [],
  };
}

const parted = evidence(
  between("orders-0", "orders-1", ["a"], ["b"]),
  between("orders-0", "orders-2", ["a"], []),
  between("orders-1", "orders-2", ["b"], []),
);
const twoBroken = viewOf([broken("orders-0"), broken("orders-1"), answering("orders-2", { epoch: 2 })]);

function draft(view: DoltView, found: Evidence, given: Record<string, string | boolean> = {}): PlanDraft {
  const result = planRepair(context, repairParametersSchema.parse(given), view, found);
  if (result.kind === "refused") throw new Error(result.problems.map(({ code }) => code).join(", "));
  return result.draft;
}

describe("whether there is something to repair", () => {
  const primary = answering("orders-0", { role: "primary", epoch: 3 });
  const follower = (name: string) => answering(name, { epoch: 3 });

  it.each<[string, DoltNode[], string[]]>([
    ["a healthy target", [primary, follower("orders-1"), follower("orders-2")], []],
    ["a standby that does not run", [primary, follower("orders-1"), silent("orders-2", "stopped")], []],
    ["a silent server", [primary, follower("orders-1"), silent("orders-2", "silent")], ["silent"]],
    ["broken ones", [broken("orders-0"), broken("orders-1")], ["broken_config", "no_primary"]],
    ["two primaries", [primary, answering("orders-1", { role: "primary", epoch: 2 })], ["two_primaries"]],
    ["no primary", [follower("orders-0"), follower("orders-1")], ["no_primary"]],
    ["a standby above the primary", [primary, answering("orders-1", { epoch: 5 })], ["epochs_apart"]],
    [
      "an empty primary",
      [answering("orders-0", { role: "primary", epoch: 3, databases: [] }), follower("orders-1")],
      ["primary_lacks"],
    ],
  ])("%s", (_, nodes, codes) => {
    expect(reasonsForRepair(viewOf(nodes)).map(({ code }) => code)).toEqual(codes);
  });

  it("refuses where only labels are wrong, and names the line that puts them right", () => {
    const [why] = repairObjections(context, repairParametersSchema.parse({}), viewOf([primary, follower("orders-1")]));
    expect(why?.code).toBe("dolt_nothing_to_repair");
    expect(why?.next).toContain("dolt relabel orders");
  });

  it.each<[string, DoltNode[], Record<string, string>, string]>([
    ["a stranger", [broken("orders-0"), broken("orders-1")], { to: "orders-9" }, "dolt_candidate_unknown"],
    [
      "one that lost its volume",
      [answering("orders-0", { role: "primary", epoch: 3, databases: [] }), follower("orders-1")],
      { to: "orders-0" },
      "dolt_chosen_is_empty",
    ],
    [
      "one that is silent",
      [broken("orders-0"), silent("orders-1", "silent")],
      { to: "orders-1" },
      "dolt_chosen_silent",
    ],
    ["when nobody answers", [silent("orders-0", "silent"), silent("orders-1", "stopped")], {}, "dolt_nobody_answers"],
    ["to restore what is not saved", [broken("orders-0"), broken("orders-1")], { restoreAs: "kept" }, "flag_value"],
  ])("refuses %s", (_, nodes, given, code) => {
    const found = repairObjections(context, repairParametersSchema.parse(given), viewOf(nodes));
    expect(found.map((one) => one.code)).toEqual([code]);
  });
});

describe("who can be chosen without a person", () => {
  it("nobody, when each holds something of its own", () => {
    expect(findHolderOfAll(twoBroken, parted)).toBeNull();
  });

  it("nobody, when a server is silent or could not be read", () => {
    const view = viewOf([broken("orders-0"), silent("orders-1", "stopped")]);
    expect(findHolderOfAll(view, evidence())).toBeNull();
    const unread = { ...evidence(), unread: new Map([["orders-2", "timed out"]]) };
    expect(findHolderOfAll(twoBroken, unread)).toBeNull();
  });

  it("the one that holds what all others hold", () => {
    const found = evidence(
      between("orders-0", "orders-1", [], ["b"]),
      between("orders-0", "orders-2"),
      between("orders-1", "orders-2", ["b"]),
    );
    expect(findHolderOfAll(twoBroken, found)).toBe("orders-1");
  });

  it("of equal ones the approved, then the primary, then the routed, then the newest", () => {
    const equal = evidence(
      between("orders-0", "orders-1"),
      between("orders-0", "orders-2"),
      between("orders-1", "orders-2"),
    );
    const label = { labels: { "dolthub.com/cluster_role": "primary" } };
    const view = viewOf([
      answering("orders-0", {}),
      answering("orders-1", {}, label),
      answering("orders-2", { role: "primary" }),
    ]);
    expect(findHolderOfAll(view, equal)).toBe("orders-2");
    expect(findHolderOfAll(view, equal, "orders-0")).toBe("orders-0");
    expect(findHolderOfAll(viewOf(view.nodes.slice(0, 2)), equal)).toBe("orders-1");
    expect(findHolderOfAll(viewOf([answering("orders-0", {}), answering("orders-1", { epoch: 4 })]), equal)).toBe(
      "orders-1",
    );
  });
});

describe("what is at stake", () => {
  it("is nothing of one that holds no more, and is saved once for servers that hold the same", () => {
    const found = evidence(
      between("orders-0", "orders-1", ["a"]),
      between("orders-0", "orders-2"),
      between("orders-1", "orders-2", [], ["a"]),
    );
    const stakes = stakesOf(twoBroken, found, "orders-1");
    expect(stakes.map(({ pod, savedWith }) => [pod, savedWith])).toEqual([
      ["orders-0", null],
      ["orders-2", "orders-0"],
    ]);
    expect(stakesOf(twoBroken, found, "orders-0")).toEqual([]);
  });

  it("is not known of one that is silent, or could not be read", () => {
    const view = viewOf([broken("orders-0"), silent("orders-1", "silent"), broken("orders-2")]);
    const found = { ...evidence(), unread: new Map([["orders-2", "no answer"]]) };
    expect(stakesOf(view, found, "orders-0").map(({ pod, databases }) => [pod, databases])).toEqual([
      ["orders-1", null],
      ["orders-2", ["app"]],
    ]);
  });
});

describe("the plan of a repair", () => {
  it("is an answer without steps while a person has to choose, with a line for each choice", () => {
    const { steps, facts, now } = draft(twoBroken, parted);
    expect({ steps, facts }).toEqual({ steps: [], facts: [] });
    expect(now.filter((line) => line.startsWith("To keep"))).toEqual([
      "To keep what orders-0 holds: dolt repair orders --to orders-0 --save-to URL",
      "To keep what orders-1 holds: dolt repair orders --to orders-1 --save-to URL",
      "To keep what orders-2 holds: dolt repair orders --to orders-2 --save-to URL",
    ]);
  });

  it("gives each saved database a URL and a name of its own", () => {
    const plan = draft(
      twoBroken,
      evidence(
        between("orders-0", "orders-2", ["x y"]),
        between("orders-1", "orders-2", ["x y"]),
        between("orders-0", "orders-1", ["z"], ["q"]),
      ),
      {
        to: "orders-2",
        saveTo: "file:///backups",
        restoreAs: "kept",
      },
    );
    const { saves, drops } = repairDetailsSchema.parse(plan.details);
    expect(saves).toEqual([
      {
        pod: "orders-0",
        database: "x y",
        url: "file:///backups/shop-orders-20260102T030405Z/orders-0/x%20y",
        restoreAs: "x y_kept_0",
      },
      {
        pod: "orders-1",
        database: "x y",
        url: "file:///backups/shop-orders-20260102T030405Z/orders-1/x%20y",
        restoreAs: "x y_kept_1",
      },
    ]);
    expect(drops).toEqual([]);
  });

  it("asks for acceptance with what is known, warns where nothing is saved, and is the same plan whenever it is made", () => {
    const plan = draft(twoBroken, parted, { to: "orders-1" });
    expect(plan.acceptance).toMatchObject({ flag: "accept-loss", given: false });
    expect(plan.acceptance?.figures).toEqual([
      "orders-0 is overwritten, and not saved:",
      "Only orders-0 has the database a.",
    ]);
    expect(plan.warnings.map(({ code }) => code)).toEqual(["not_saved", "users_not_saved"]);
    const later = { ...context, clock: { ...context.clock, nowMs: () => 1 } };
    const again = planRepair(later, repairParametersSchema.parse({ to: "orders-1" }), twoBroken, parted);
    expect(again.kind === "plan" && again.draft.facts).toEqual(plan.facts);
  });

  it("says of two primaries which one is overwritten at first contact, and how to keep them apart", () => {
    const view = viewOf([
      answering("orders-0", { role: "primary", epoch: 1 }),
      answering("orders-1", { role: "primary", epoch: 2 }),
    ]);
    const text = draft(view, evidence(between("orders-0", "orders-1", ["a"], ["b"]))).now.join("\n");
    expect(text).toMatch(/at their first contact orders-0 is overwritten at once, whether this was approved or not/);
    expect(text).toMatch(/\| kubectl apply -f -/);
    expect(text).toMatch(/kubectl delete networkpolicy -n shop orders-keep-apart/);
  });

  it("refuses a name to restore under that is taken", () => {
    const view = viewOf([
      broken("orders-0"),
      answering("orders-1", { role: "detected_broken_config", databases: ["app", "app_kept"] }),
    ]);
    const found = evidence({ ...between("orders-0", "orders-1"), onlyOnOne: { databases: ["app"], accounts: [] } });
    const given = { to: "orders-1", saveTo: "file:///x", restoreAs: "kept" };
    const result = planRepair(context, repairParametersSchema.parse(given), view, found);
    expect(result.kind === "refused" && result.problems.map(({ code }) => code)).toEqual(["dolt_restore_name_taken"]);
  });
});

describe("the flags", () => {
  const parse = (name: string, text: string) => repairDefinition.flags.find((flag) => flag.name === name)?.parse(text);

  it.each([
    ["save-to", "file:///backups/", "file:///backups"],
    ["save-to", "aws://[table:bucket]/path", "aws://[table:bucket]/path"],
    ["save-to", "gs://bucket/a", "gs://bucket/a"],
    ["save-to", "https://me:secret@host/a", null],
    ["save-to", "https://host/a?token=secret", null],
    ["save-to", "/backups", null],
    ["save-to", "ftp://host/a", null],
    ["save-to", "file:///a'b", null],
    ["restore-as", "kept_2", "kept_2"],
    ["restore-as", "a-b", null],
    ["restore-as", "", null],
    ["to", "orders-1", "orders-1"],
    ["to", "orders 1", null],
  ])("--%s %s", (name, text, expected) => {
    expect(parse(name, text)).toBe(expected);
  });
});
