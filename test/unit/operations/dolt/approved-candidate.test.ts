import { describe, expect, it } from "vitest";
import { type AnsweringNode, chooseCandidate } from "../../../../src/operations/dolt/candidate.ts";
import type { DoltView } from "../../../../src/operations/dolt/look.ts";
import { answering, replicated, viewOf } from "./views.ts";

const parameters = { minCaughtUp: 0, maxLagMs: 2_000 };

/** Of equal standbys under writes now one has the smaller lag, now the other. */
describe("the candidate, when an approved plan is looked at again", () => {
  it("is the best one as long as nobody has approved anything", () => {
    expect(chosen({ "orders-1": 514, "orders-2": 495 })).toBe("orders-2");
  });

  it("stays the approved one, though another is ahead by now", () => {
    expect(chosen({ "orders-1": 514, "orders-2": 495 }, "orders-1")).toBe("orders-1");
  });

  it("is another when the approved one is not fit any more", () => {
    expect(chosen({ "orders-1": 2_001, "orders-2": 495 }, "orders-1")).toBe("orders-2");
  });
});

function chosen(lags: Readonly<Record<string, number>>, approved?: string): string | null {
  const { view, primary } = viewWith(lags);
  const choice = chooseCandidate(view, primary, parameters, approved);
  return choice.kind === "chosen" ? choice.node.name : null;
}

function viewWith(lags: Readonly<Record<string, number>>): { view: DoltView; primary: AnsweringNode } {
  const replication = Object.entries(lags).map(([pod, lagMs]) => replicated(pod, { lagMs }));
  const primary = answering("orders-0", { role: "primary", replication });
  return { view: viewOf([primary, ...Object.keys(lags).map((name) => answering(name, {}))]), primary };
}
