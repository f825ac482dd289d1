import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slackGrammar } from "../../../handlers/commands/grammars.ts";
import { limits } from "../../../handlers/messages/blocks.ts";
import {
  approveActionId,
  denyActionId,
  readButtonValue,
  withdrawActionId,
} from "../../../handlers/messages/buttons.ts";
import { faceMessage } from "../../../handlers/messages/face.ts";
import { clip, mrkdwn } from "../../../handlers/messages/mrkdwn.ts";
import {
  clickRecordedMessage,
  existingMessage,
  helpMessage,
  recordedMessage,
  replacedMessage,
} from "../../../handlers/messages/notices.ts";
import { problemMessage } from "../../../handlers/messages/problems.ts";
import { threadMessage } from "../../../handlers/messages/thread.ts";
import { blockKitErrors } from "../../../sandbox/slack/block-kit.ts";
import {
  type RecordedExecution,
  type RequestRecord,
  requestStates,
  type StepProgress,
} from "../../../src/domain/request.ts";
import { answered, planned } from "../../../src/domain/transitions/planning.ts";
import { ended, started } from "../../../src/domain/transitions/running.ts";
import type { ChatMessage } from "../../../src/ports/chat.ts";
import { anApproval, aPlan, aRecord, bob, orders, unverified } from "../../support/records.ts";
import { filled, odd, oddRecord } from "./odd-texts.ts";

const awaiting = (record = aRecord()): RequestRecord => {
  const plan = aPlan({
    requestId: record.id,
    bounds: ["lag of orders-1 ≤ 2 s"],
    warnings: [{ code: "standby_silent", text: "orders-2 does not answer" }],
  });
  return certain(planned(record, unverified(plan), plan, 2_000));
};

describe("a face", () => {
  it("says in its first line what is to be done to what, where", () => {
    const [first] = textsOf(faceMessage(aRecord()));
    expect(first?.split("\n")[0]).toBe("*dolt failover of orders* · namespace *shop* · cluster *main*");
  });

  it("that waits for approval shows the plan, the count, the expiry and two buttons", () => {
    const record = awaiting(aRecord({ reason: "disk is full" }));
    const text = textsOf(faceMessage(record)).join("\n");
    for (const part of [
      "0 of 1 approvals · needs 1 of <@UBOB> · expires <!date^902^{ago} ({time})|00:15 UTC>",
      "reason: disk is full",
      "orders-0 is primary at epoch 5",
      "1. Demote orders-0 to standby",
      "Writes stop for about 0.1 s.",
      "⚠️ orders-2 does not answer",
      "lag of orders-1 ≤ 2 s",
    ]) {
      expect(text).toContain(part);
    }
    const buttons = buttonsOf(faceMessage(record));
    expect(buttons.map((button) => button.action_id)).toEqual([approveActionId, denyActionId, withdrawActionId]);
    expect(buttons.map((button) => button.style)).toEqual(["primary", "danger", undefined]);
    for (const button of buttons) {
      expect(readButtonValue(String(button.value))).toEqual({
        cluster: "main",
        requestId: "r-1",
        fingerprint: aPlan({ warnings: [{ code: "standby_silent", text: "x" }] }).fingerprint,
      });
      // Deny opens a modal, which asks once more, and why.
      expect(button.confirm === undefined).toBe(button.action_id === denyActionId);
    }
  });

  it.each(requestStates.filter((state) => state !== "awaiting_approval"))(
    "that is %s has no button but what still helps",
    (state) => {
      const target = { ...orders, runbooks: { default: "https://runbooks.example.com/orders" } };
      const message = faceMessage({ ...awaiting(aRecord({ target })), state });
      const helps = { approved: "Withdraw", stale: "Re-plan", expired: "Re-plan", refused: "Re-plan" };
      const again = { failed: "Retry", cancelled: "Retry" };
      const label = new Map(Object.entries({ ...helps, ...again })).get(state);
      const labels = buttonsOf(message).map((button) => JSON.stringify(button.text));
      expect(labels).toHaveLength(label === undefined ? 1 : 2);
      if (label !== undefined) expect(labels[0]).toContain(label);
      expect(labels.at(-1)).toContain("Runbook");
    },
  );

  it("names the request that took its place, and offers none any more", () => {
    const expired = { ...awaiting(), state: "expired" as const };
    expect(buttonsOf(faceMessage(expired))).toHaveLength(1);
    const message = faceMessage({ ...expired, followedBy: "r-2" });
    expect(buttonsOf(message)).toEqual([]);
    expect(textsOf(message).join("\n")).toContain("Request r-2 took its place");
    const next = faceMessage({ ...awaiting(), follows: { requestId: "r-1", kind: "replan" } });
    expect(textsOf(next).join("\n")).toContain("Plans request r-1 anew");
  });

  it("of a request for a later time says when, with its zone, before and after it is approved", () => {
    const times = { startAtMs: 90_000_000, endsAtMs: 91_800_000, timeZone: "Europe/Berlin", asked: "at 02:00" };
    const record = { ...awaiting(), schedule: times };
    const when = "Fri 2 Jan 1970, 02:00 Europe/Berlin (01:00 UTC), at the latest 02:30";
    expect(textsOf(faceMessage(record)).join("\n")).toContain(`To begin *${when}*`);
    expect(textsOf(faceMessage({ ...record, state: "approved" })).join("\n")).toContain(`*Approved*: begins ${when}`);
  });

  it("of a dry run shows the plan, and no button", () => {
    const plan = aPlan({ dryRun: true });
    const message = faceMessage(certain(answered(aRecord({ dryRun: true }), unverified(plan), 2_000)));
    const text = textsOf(message).join("\n");
    for (const part of ["*Dry run*", "1. Demote orders-0 to standby", "Writes stop for about 0.1 s."]) {
      expect(text).toContain(part);
    }
    expect(buttonsOf(message)).toEqual([]);
  });

  it("shows all of a long answer, over as many sections as Slack needs", () => {
    const now = Array.from({ length: 60 }, (_, index) => `orders-${index} · ${"standby, epoch 4 · ".repeat(6)}`);
    const record = aRecord();
    const plan = aPlan({ requestId: record.id, now, steps: [] });
    const message = faceMessage(certain(planned(record, unverified(plan), plan, 2_000)));

    expect(blockKitErrors(message.blocks)).toEqual([]);
    for (const line of now) expect(textsOf(message).join("\n")).toContain(line.trim());
    expect(textsOf(message).join("\n").split("*Now*")).toHaveLength(2);
  });

  it("takes a new block_id for its buttons with each revision", () => {
    const record = awaiting();
    const idOf = (message: ChatMessage) => JSON.stringify(message.blocks).match(/"block_id":"([^"]+)"/)?.[1];
    expect(idOf(faceMessage(record))).not.toBe(idOf(faceMessage({ ...record, revision: record.revision + 1 })));
  });

  it("of a request that ended says how, what each step did, and how long writes stopped", () => {
    const steps = [{ id: "demote", title: "Demote orders-0 to standby", state: "done", note: "at epoch 6" }] as const;
    const signed = unverified(aPlan());
    const approved = {
      ...awaiting(),
      state: "approved" as const,
      approvals: [unverified(anApproval(signed, aPlan()))],
    };
    const running = certain(started(approved, { id: "e-1", worker: "w-1", steps }, 3_000));
    const outcome = { atMs: 4_000, summary: "orders-1 is primary.", writesStoppedMs: 84.4, problems: [] };
    const text = textsOf(faceMessage(certain(ended(running, "succeeded", outcome, steps, 4_000)))).join("\n");
    expect(text).toContain("✅ *Succeeded*");
    expect(text).toContain("✅ Demote orders-0 to standby — at epoch 6");
    expect(text).toContain("orders-1 is primary.\nWrites stopped for 84 ms.");
    expect(text).toContain("Approved by <@UBOB>");
  });

  describe("of something that runs", () => {
    const podStep = (id: string, state: StepProgress["state"]) => ({ id, title: id, state, safePoint: true });
    const steps = [podStep("pod-2", "pending"), podStep("pod-1", "pending")];
    const executing = (committed: boolean, now = steps): RecordedExecution => {
      return { id: "e-1", worker: "w-1", startedAtMs: 3_000, steps: now, committed };
    };
    const running = (over: Partial<RequestRecord> = {}, committed = false): RequestRecord => {
      const record = certain(started({ ...awaiting(), state: "approved" }, { id: "e-1", worker: "w-1", steps }, 3_000));
      return { ...record, execution: executing(committed), ...over };
    };
    const labels = (record: RequestRecord) =>
      buttonsOf(faceMessage(record)).map(({ action_id, text }) => [action_id, text?.text]);
    const firstLine = (record: RequestRecord) => textsOf(faceMessage(record))[0]?.split("\n")[1];
    const pause = { kind: "pause", by: bob, atMs: 3_500 } as const;

    it("has Pause and Cancel before the point of no return, Pause and Stop after it, each with a question", () => {
      expect(labels(running())).toEqual([
        ["handover_pause", "Pause"],
        ["handover_cancel", "Cancel"],
      ]);
      expect(labels(running({}, true))).toEqual([
        ["handover_pause", "Pause"],
        ["handover_cancel", "Stop"],
      ]);
      const buttons = buttonsOf(faceMessage(running()));
      expect(buttons.every(({ confirm }) => confirm !== undefined)).toBe(true);
    });

    const at = (...states: StepProgress["state"][]) => {
      const [first = "pending", second = "pending"] = states;
      return executing(true, [podStep("pod-2", first), podStep("pod-1", second)]);
    };

    it("has no button any more once none can help", () => {
      expect(labels(running({ execution: at("done", "running") }))).toEqual([]);
      expect(labels(running({ wish: { ...pause, kind: "cancel" } }))).toEqual([]);
    });

    it("that is to pause says so, and when it has come there; it can be resumed or stopped", () => {
      const pausing = running({ execution: at("running"), wish: pause });
      expect(firstLine(pausing)).toMatch(/^⏳ \*Pausing\* by <@UBOB> at .*: 0 of 2 steps done · now: pod-2$/);
      const paused = running({ execution: at("done"), wish: pause });
      expect(firstLine(paused)).toMatch(/^⏸️ \*Paused\* by <@UBOB> at .*: 1 of 2 steps done$/);
      expect(labels(paused)).toEqual([
        ["handover_resume", "Resume"],
        ["handover_cancel", "Stop"],
      ]);
      expect(faceMessage(paused).text).toContain(": paused.");
    });

    it("that is to stop says so", () => {
      const cancel = { ...pause, kind: "cancel" } as const;
      expect(firstLine(running({ wish: cancel }))).toContain("*Cancelling*, wished by <@UBOB>");
      expect(firstLine(running({ wish: cancel }, true))).toContain("*Stopping*, wished by <@UBOB>");
    });
  });

  it("says a problem once, and what to do about it", () => {
    const why = {
      code: "stopped_by_person",
      kind: "failed",
      what: "1 of 3 restarted.",
      next: "The same command.",
    } as const;
    const outcome = { atMs: 1, summary: why.what, writesStoppedMs: null, problems: [why] };
    const text = textsOf(faceMessage({ ...awaiting(), state: "cancelled", outcome })).join("\n");
    expect(text.split("1 of 3 restarted.")).toHaveLength(2);
    expect(text).toContain("→ The same command.");
  });

  it("shows a runbook that is no address as text", () => {
    const target = { ...orders, runbooks: { default: "wiki: orders <!channel>" } };
    const message = faceMessage(aRecord({ target }));
    expect(buttonsOf(message)).toEqual([]);
    expect(textsOf(message).join("\n")).toContain("Runbook: wiki: orders &lt;!channel&gt;");
  });
});

describe("what others wrote", () => {
  it.each([
    ["<!channel> look", "&lt;!channel&gt; look"],
    ["<https://evil.example|runbook>", "&lt;https://evil.example|runbook&gt;"],
    ["<@U12345> & co", "<@U12345> &amp; co"],
    ["<!subteam^S123>", "&lt;!subteam^S123&gt;"],
  ])("is escaped: %s", (given, shown) => {
    expect(mrkdwn(given)).toBe(shown);
  });

  it("is never cut in the middle of an escape or a mention", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("&", "<", "<@U12345>", "a", "😀")),
        fc.integer({ min: 2, max: 60 }),
        (parts, max) => {
          const clipped = clip(mrkdwn(parts.join("")), max);
          expect(clipped.length).toBeLessThanOrEqual(max);
          expect(clipped.replace(/&(?:amp|lt|gt);|<@U12345>|[a😀…]/gu, "")).toBe("");
        },
      ),
    );
  });
});

describe("for every record", () => {
  it("each message is one that Slack takes, and notifies nobody by accident", () => {
    fc.assert(
      fc.property(oddRecord, filled, (record, text) => {
        const problem = { code: "x", what: text, next: text };
        const messages = [
          faceMessage(record),
          faceMessage(record, { postedAgain: true }),
          recordedMessage(record, 1_000),
          existingMessage(record, "https://example.slack.com/archives/C1/p1"),
          clickRecordedMessage(record, "approve"),
          replacedMessage(record),
          problemMessage(problem),
          threadMessage([{ atMs: 1, text }], { postedAgain: true }).message,
        ];
        for (const message of messages) expectAcceptable(message);
      }),
      { numRuns: 40 },
    );
  });

  it("the thread tells every entry, in order, in messages that Slack takes", () => {
    fc.assert(
      fc.property(fc.array(odd, { minLength: 1, maxLength: 30 }), (texts) => {
        let rest = texts.map((text) => ({ atMs: 1, text }));
        for (let messages = 0; rest.length > 0; messages += 1) {
          expect(messages).toBeLessThan(31);
          const { message, told } = threadMessage(rest, { postedAgain: false });
          expectAcceptable(message);
          expect(told).toBeGreaterThan(0);
          rest = rest.slice(told);
        }
      }),
      { numRuns: 40 },
    );
  });
});

it("the help names every operation and flag", () => {
  const message = helpMessage(slackGrammar("dolt"), ["demo/shop/orders"]);
  expectAcceptable(message);
  const text = textsOf(message).join("\n");
  for (const part of ["/dolt failover TARGET", "/dolt status TARGET", "--min-caught-up N|all", "demo/shop/orders"]) {
    expect(text).toContain(part);
  }
});

function expectAcceptable(message: ChatMessage): void {
  expect(blockKitErrors([...message.blocks])).toEqual([]);
  expect(message.text.length).toBeGreaterThan(0);
  expect(message.text.length).toBeLessThanOrEqual(limits.messageText);
  expect(`${message.text}${JSON.stringify(message.blocks)}`).not.toMatch(/<!(?!date\^)/);
}

interface ShownButton {
  readonly type: string;
  readonly action_id: string;
  readonly text?: { readonly text: string };
  readonly value?: string;
  readonly url?: string;
  readonly style?: string;
  readonly confirm?: object;
}

function buttonsOf(message: ChatMessage): ShownButton[] {
  const blocks: readonly { type: string; elements?: ShownButton[] }[] = message.blocks;
  return blocks.filter(({ type }) => type === "actions").flatMap(({ elements }) => elements ?? []);
}

function textsOf(message: ChatMessage): string[] {
  const blocks: readonly { type: string; text?: { text: string }; elements?: { text: string }[] }[] = message.blocks;
  return blocks.flatMap((block) => {
    if (block.type === "section") return [block.text?.text ?? ""];
    return block.type === "context" ? (block.elements ?? []).map(({ text }) => text) : [];
  });
}

function certain(transition: ReturnType<typeof planned>): RequestRecord {
  if (!transition.ok) throw new Error(transition.problem.what);
  return transition.record;
}
