import { describe, expect, it } from "vitest";
import type { DoltNode } from "../../../../src/operations/dolt/look.ts";
import type { PromoteDetails } from "../../../../src/operations/dolt/promote-details.ts";
import {
  decidePromoteUndo,
  type PromoteUndoDecision,
  type PromotionSent,
} from "../../../../src/operations/dolt/promote-undo-decision.ts";
import { answering, silent, viewOf } from "./views.ts";

const details: PromoteDetails = {
  candidate: { name: "orders-1", uid: "uid of orders-1" },
  silent: ["orders-0"],
  lost: "orders-0",
  labelled: [{ name: "orders-0", uid: "uid of orders-0" }],
  epoch: 1,
  contacts: {},
  holds: "",
  standbys: ["orders-2"],
};

const dead = silent("orders-0", "silent");
const other = answering("orders-2", { role: "standby", epoch: 1 });
const standby = answering("orders-1", { role: "standby", epoch: 1 });
const promoted = answering("orders-1", { role: "primary", epoch: 2 });
const gone = silent("orders-1", "silent");
const back = answering("orders-0", { role: "primary", epoch: 1 });

describe("after a promotion failed", () => {
  it.each<[string, DoltNode[], PromotionSent, PromoteUndoDecision]>([
    ["nothing was sent and nobody is primary", [dead, standby, other], "none", "restore"],
    ["nothing was sent, and the candidate is silent too", [dead, gone, other], "none", "restore"],
    ["nothing was sent, and the old one is back", [back, standby, other], "none", "route_primary"],
    [
      "nothing was sent, and two are primary",
      [back, standby, answering("orders-2", { role: "primary" })],
      "none",
      "stop",
    ],
    ["it may wait in a candidate that answers", [dead, standby, other], "unanswered", "fence"],
    ["another process may have sent it", [dead, standby, other], "unseen", "fence"],
    ["it may wait in a silent candidate", [dead, gone, other], "unanswered", "wait"],
    ["it may wait in a silent candidate, and the old one is back", [back, gone, other], "unseen", "wait"],
    ["the candidate is primary after all", [dead, promoted, other], "unanswered", "finish"],
    ["the candidate is primary, and the old one has not met it", [back, promoted, other], "confirmed", "wait"],
    [
      "the candidate is primary, and somebody is above it",
      [dead, promoted, answering("orders-2", { epoch: 5 })],
      "confirmed",
      "wait",
    ],
    ["the candidate was promoted and fell silent", [dead, gone, other], "confirmed", "wait"],
    ["the candidate was promoted and answers as standby", [dead, standby, other], "confirmed", "wait"],
    [
      "the candidate was primary before",
      [dead, answering("orders-1", { role: "primary", epoch: 1 }), other],
      "none",
      "stop",
    ],
    ["a server is broken", [dead, standby, answering("orders-2", { role: "detected_broken_config" })], "none", "stop"],
  ])("%s", (_, nodes, sent, expected) => {
    expect(decidePromoteUndo(viewOf(nodes), details, sent)).toBe(expected);
  });
});
