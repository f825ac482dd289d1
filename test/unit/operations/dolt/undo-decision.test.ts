import { describe, expect, it } from "vitest";
import type { DoltNode } from "../../../../src/operations/dolt/look.ts";
import { roleLabel } from "../../../../src/operations/dolt/role-labels.ts";
import { type CallsSent, decideUndo, type UndoDecision } from "../../../../src/operations/dolt/undo-decision.ts";
import { answering, silent, viewOf } from "./views.ts";

const details = {
  primary: { name: "orders-0", uid: "uid of orders-0" },
  epoch: 1,
  candidate: { name: "orders-1", uid: "uid of orders-1" },
  minCaughtUp: 0,
  maxLagMs: 2_000,
  answering: ["orders-0", "orders-1", "orders-2"],
};
const routed = { labels: { [roleLabel]: "primary" } };
const replaced = { uid: "another" };

const old = {
  asBefore: answering("orders-0", { role: "primary", epoch: 1 }),
  demoting: answering("orders-0", { role: "primary", epoch: 1, readOnly: true }),
  back: answering("orders-0", { role: "primary", epoch: 4 }),
  standby: answering("orders-0", { epoch: 2 }),
  stopped: silent("orders-0", "stopped"),
  silent: silent("orders-0", "silent"),
};
const candidate = {
  standby: answering("orders-1", { epoch: 2 }),
  primary: answering("orders-1", { role: "primary", epoch: 2 }),
  stopped: silent("orders-1", "stopped"),
  silent: silent("orders-1", "silent"),
  silentRouted: silent("orders-1", "silent", routed),
  stoppedRouted: silent("orders-1", "stopped", routed),
  standbyRouted: answering("orders-1", { epoch: 2 }, routed),
  silentReplaced: silent("orders-1", "silent", replaced),
  missing: silent("orders-1", "silent", null),
};
const third = answering("orders-2", { epoch: 2 });

const sent = {
  nothing: { demotion: "none", promotion: "none" },
  refused: { demotion: "answered", promotion: "none" },
  demotionLost: { demotion: "unanswered", promotion: "none" },
  promotionLost: { demotion: "answered", promotion: "unanswered" },
  byAnother: { demotion: "unanswered", promotion: "unseen" },
  promoted: { demotion: "answered", promotion: "confirmed" },
} satisfies Record<string, CallsSent>;

describe("what is done about a failover of which a step has failed", () => {
  it.each<[string, DoltNode, DoltNode, CallsSent, UndoDecision]>([
    ["nothing was sent", old.asBefore, candidate.standby, sent.nothing, "nothing_changed"],
    ["the demotion was refused", old.asBefore, candidate.standby, sent.refused, "nothing_changed"],
    [
      "the demotion was refused, and the candidate is silent",
      old.asBefore,
      candidate.silent,
      sent.refused,
      "nothing_changed",
    ],
    ["the old primary is in the middle of its demotion", old.demoting, candidate.standby, sent.demotionLost, "wait"],
    ["its demotion may still wait in it", old.asBefore, candidate.standby, sent.demotionLost, "put_back"],
    ["it was raised above that", old.back, candidate.standby, sent.demotionLost, "undone"],
    ["it is demoted, and nothing was promoted", old.standby, candidate.stopped, sent.refused, "put_back"],
    ["it is demoted, and the promotion was lost", old.standby, candidate.silent, sent.promotionLost, "put_back"],
    ["a lost promotion was carried out", old.standby, candidate.primary, sent.promotionLost, "finish"],
    [
      "a lost promotion was carried out, the old one ended",
      old.stopped,
      candidate.primary,
      sent.promotionLost,
      "finish",
    ],
    ["a lost promotion was carried out, the old one silent", old.silent, candidate.primary, sent.promotionLost, "wait"],
    [
      "a lost promotion where writes are routed already",
      old.standby,
      candidate.silentRouted,
      sent.promotionLost,
      "wait",
    ],
    ["the old one is silent", old.silent, candidate.standby, sent.refused, "wait"],
    ["the promotion was seen, and its server is silent", old.standby, candidate.silent, sent.promoted, "wait"],
    ["the promotion was seen, and its server ended", old.standby, candidate.stopped, sent.promoted, "wait"],
    [
      "the promotion was seen, and the old one is back at its epoch",
      old.asBefore,
      candidate.silent,
      sent.promoted,
      "wait",
    ],
    ["the promotion was seen, and all is well", old.standby, candidate.primary, sent.promoted, "finish"],
    ["another worker's, promoted", old.standby, candidate.primary, sent.byAnother, "finish"],
    ["another worker's, not promoted", old.standby, candidate.standby, sent.byAnother, "put_back"],
    ["another worker's, silent and never routed", old.standby, candidate.silent, sent.byAnother, "put_back"],
    ["another worker's, routed and silent", old.standby, candidate.silentRouted, sent.byAnother, "wait"],
    ["another worker's, routed and ended", old.standby, candidate.stoppedRouted, sent.byAnother, "wait"],
    ["another worker's, routed and standby", old.standby, candidate.standbyRouted, sent.byAnother, "wait"],
    ["another worker's, whose pod was replaced", old.standby, candidate.silentReplaced, sent.byAnother, "wait"],
    ["another worker's, whose pod is missing", old.standby, candidate.missing, sent.byAnother, "wait"],
    ["another worker's, undone by it", old.back, candidate.standby, sent.byAnother, "undone"],
    ["another worker's, undone by it, the candidate silent", old.back, candidate.silent, sent.byAnother, "route_old"],
  ])("%s", (_, oldNode, candidateNode, calls, expected) => {
    expect(decideUndo(viewOf([oldNode, candidateNode, third]), details, calls, false)).toBe(expected);
  });

  it.each<[string, DoltNode, DoltNode, UndoDecision]>([
    ["it did not work yet", old.standby, candidate.silent, "put_back"],
    ["it worked, and the candidate follows", old.back, candidate.standby, "undone"],
    ["it worked, and the candidate ended", old.back, candidate.stopped, "undone"],
    ["it worked, and the candidate is silent", old.back, candidate.silent, "route_old"],
    ["a thawed candidate carried its promotion out", old.back, candidate.primary, "route_old"],
    ["a thawed candidate carried its promotion out, the old one silent", old.silent, candidate.primary, "wait"],
  ])(
    "once the old primary's promotion was sent, there is only the way back: %s",
    (_, oldNode, candidateNode, expected) => {
      expect(decideUndo(viewOf([oldNode, candidateNode, third]), details, sent.promotionLost, true)).toBe(expected);
    },
  );

  it("goes forward only to the newest: one that others have overtaken may be undone already", () => {
    const overtaken = viewOf([old.standby, candidate.primary, answering("orders-2", { epoch: 3 })]);

    expect(decideUndo(overtaken, details, sent.byAnother, false)).toBe("wait");
  });

  it.each([
    ["a third server is primary", answering("orders-2", { role: "primary", epoch: 5 })],
    ["a server is broken", answering("orders-2", { role: "detected_broken_config" })],
  ])("touches nothing when %s", (_, stranger) => {
    expect(decideUndo(viewOf([old.standby, candidate.standby, stranger]), details, sent.refused, false)).toBe("stop");
  });
});
