import { describe, expect, it } from "vitest";
import type { PairOrder } from "../../../../src/operations/dolt/freshness.ts";
import type { Freshness } from "../../../../src/operations/dolt/freshness-look.ts";
import type { DoltNode } from "../../../../src/operations/dolt/look.ts";
import { choosePromoted } from "../../../../src/operations/dolt/promote-choice.ts";
import { answering, silent, viewOf } from "./views.ts";

const equal: PairOrder = { kind: "equal" };
const unclear: PairOrder = { kind: "unclear", why: "nobody knows" };
const newer = (pod: string): PairOrder => ({ kind: "newer", pod, basis: "commits", why: `${pod} is newer` });

/** By the two names, in the order of their ordinals. */
function freshness(orders: Readonly<Record<string, PairOrder>>): Freshness {
  return {
    evidence: { sides: [], divergences: [], unread: new Map() },
    orderOf: (one, other) => orders[[one, other].sort().join(" ")] ?? equal,
  };
}

const dead = silent("orders-0", "stopped");
const one = answering("orders-1", {});
const two = answering("orders-2", {});
const pair = (order: PairOrder) => freshness({ "orders-1 orders-2": order });
const parameters = { acceptLoss: false };

function choose(nodes: readonly DoltNode[], fresh: Freshness, over: object = {}, approved?: string) {
  const choice = choosePromoted(viewOf(nodes), fresh, { ...parameters, ...over }, approved);
  return choice.kind === "chosen" ? choice.node.name : choice;
}

describe("the standby that becomes primary", () => {
  it("is the newest of those that answer, the first of equal ones, and the approved one as long as it is one of them", () => {
    expect(choose([dead, one, two], pair(newer("orders-2")))).toBe("orders-2");
    expect(choose([dead, one, two], pair(equal))).toBe("orders-1");
    expect(choose([dead, one, two], pair(equal), {}, "orders-2")).toBe("orders-2");
    expect(choose([dead, one, two], pair(newer("orders-1")), {}, "orders-2")).toBe("orders-1");
    expect(choose([dead, silent("orders-1", "silent"), two], pair(unclear))).toBe("orders-2");
  });

  it("is not chosen where it cannot be told, or where the newest cannot take over", () => {
    expect(choose([dead, one, two], pair(unclear))).toEqual({
      kind: "unclear",
      why: ["nobody knows"],
      fit: ["orders-1", "orders-2"],
    });
    const leaving = answering("orders-2", {}, { terminating: true });
    expect(choose([dead, one, leaving], pair(newer("orders-2")))).toMatchObject({
      kind: "unclear",
      why: [expect.stringContaining("orders-2 holds the newest and cannot take over")],
      fit: ["orders-1"],
    });
  });

  it("is the one that was asked for, with what others hold beyond it", () => {
    const choice = choosePromoted(viewOf([dead, one, two]), pair(newer("orders-2")), { ...parameters, to: "orders-1" });
    expect(choice).toMatchObject({
      kind: "chosen",
      node: { name: "orders-1" },
      basis: null,
      passedOver: [{ pod: "orders-2", kind: "newer", why: "orders-2 is newer" }],
    });
    expect(choose([dead, one, two], pair(unclear), { avoid: "orders-1" })).toBe("orders-2");
  });

  it("has to be Ready unless it was asked for by name", () => {
    const unready = answering("orders-1", {}, { ready: false });
    expect(choose([dead, unready, two], pair(equal))).toBe("orders-2");
    expect(choose([dead, unready, two], pair(equal), { to: "orders-1" })).toBe("orders-1");
  });

  it.each<[string, DoltNode[], object, RegExp]>([
    ["is silent", [dead, silent("orders-1", "silent")], {}, /orders-1: silent it is/],
    ["holds no database", [dead, answering("orders-1", { databases: [] })], {}, /orders-1: it holds no database/],
    ["leaves", [dead, answering("orders-1", {}, { terminating: true })], { to: "orders-1" }, /its pod is terminating/],
    ["is to be avoided", [dead, one], { avoid: "orders-1" }, /orders-1: to be avoided/],
    ["is asked for and does not answer", [dead, one], { to: "orders-0" }, /orders-0: stopped it is/],
  ])("is nobody where each %s", (_, nodes, over, reason) => {
    const choice = choose(nodes, pair(equal), over);
    expect(choice).toMatchObject({ kind: "none" });
    expect(typeof choice === "object" && choice.kind === "none" && choice.rejected.join("; ")).toMatch(reason);
  });
});
