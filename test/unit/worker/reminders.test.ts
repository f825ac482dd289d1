import { beforeEach, describe, expect, it } from "vitest";
import { FaceDrawer } from "../../../handlers/face/drawer.ts";
import { recordedRule } from "../../../src/domain/policy/recorded-rule.ts";
import type { WrittenPolicy } from "../../../src/domain/policy/written.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import { newRequestRecord } from "../../../src/domain/request.ts";
import { signStatement } from "../../../src/domain/signing.ts";
import { approve, deny } from "../../../src/domain/transitions/approving.ts";
import { shownPlan } from "../../../src/domain/transitions/reading.ts";
import { changeRecord } from "../../../src/execution/change-record.ts";
import { ChatError } from "../../../src/ports/chat.ts";
import { MessageKeeper } from "../../../src/worker/message-keeper.ts";
import { planRequest } from "../../../src/worker/plan-request.ts";
import { Reconciler } from "../../../src/worker/reconciler.ts";
import type { WorkerServices } from "../../../src/worker/services.ts";
import { MemoryFaceStore } from "../../support/memory-request-store.ts";
import { policyOf } from "../../support/policies.ts";
import { aNewRequest, anApproval, anEvent, bob, orders } from "../../support/records.ts";
import { unknownOutcome } from "../handlers/recorded-chat.ts";
import { AWorker } from "./a-worker.ts";

const never = new AbortController().signal;
const noFreezes = { walk: async () => undefined };
const minute = 60_000;

let worker: AWorker;
let services: WorkerServices;
let reconcilers: Reconciler[];

/** A request that waits for one of Bob, Carol and the group; Dave may approve after 8 min, Erin is told after 10. */
beforeEach(async () => {
  worker = new AWorker();
  worker.memberships.groups.set("usergroup:SDBA", ["UCAROL", "UALICE"]);
  const written: WrittenPolicy = [
    {
      name: "orders",
      operations: ["dolt.*"],
      requesters: ["UALICE"],
      approvals: ["1 of @team"],
      remindAfterMinutes: [2, 5],
      escalation: [
        { afterMinutes: 8, to: ["UDAVE"], mayApprove: true },
        { afterMinutes: 10, to: ["UERIN"], mayApprove: false },
      ],
    },
  ];
  const groups = { team: ["UBOB", "SDBA"] };
  const [rule] = policyOf(written, { groups });
  if (rule === undefined) throw new Error("no rule");
  const { store, clock, chat } = worker;
  const faces = new MemoryFaceStore(store, clock);
  const plain = worker.services();
  const draw = new MessageKeeper(new FaceDrawer({ requests: store, faces, chat, clock }), plain.log);
  services = { ...plain, policy: [rule], faces, draw };
  const about = { operation: "dolt.failover", target: orders, changesTarget: true };
  const asked = aNewRequest({ rule: recordedRule(rule, "0".repeat(64), about) });
  await store.create({ deliveryId: "d", audit: anEvent(), build: (nowMs) => newRequestRecord(asked, nowMs) });
  await planRequest(services, "r-1", never);
  reconcilers = ["w-1", "w-2"].map((workerId) => new Reconciler({ ...services, workerId }, noFreezes));
});

/** Every worker walks, and ends what it has begun. */
async function walk(): Promise<void> {
  const ending = AbortSignal.abort();
  await Promise.all(reconcilers.map((reconciler) => reconciler.walk(never)));
  await Promise.all(reconcilers.map((reconciler) => reconciler.run(ending)));
}

async function pass(minutes: number): Promise<void> {
  await worker.clock.pass(minutes * minute);
  await walk();
}

async function now(): Promise<RequestRecord> {
  const found = await worker.store.read("r-1");
  if (found === null) throw new Error("there is no r-1");
  return found.record;
}

/** Whom it wrote to directly, in order. */
const told = () =>
  worker.chat.sent.filter(({ channelId }) => channelId.startsWith("U")).map(({ channelId }) => channelId);
const thread = () =>
  worker.chat.sent.filter(({ threadTs }) => threadTs !== null).map(({ message }) => JSON.stringify(message.blocks));
const reminders = () => thread().filter((text) => text.includes("Reminder:"));

describe("those who can approve", () => {
  it("are reminded in the thread and directly when their time has come, once, however many walk", async () => {
    await pass(1);
    expect(told()).toEqual([]);
    await pass(1);
    expect(told()).toEqual(["UBOB", "UCAROL"]);
    expect(reminders()).toHaveLength(1);
    expect(reminders()[0]).toContain("still needs 1 of @team, and expires in 13 min; no answer is no");
    await walk();
    await pass(1);
    expect(told()).toHaveLength(2);
    await pass(2);
    expect(told()).toEqual(["UBOB", "UCAROL", "UBOB", "UCAROL"]);
    expect(reminders()).toHaveLength(2);
  });

  it("are told what it is, until when, and where to decide, without a button", async () => {
    await pass(2);
    const [sent] = worker.chat.sent.filter(({ channelId }) => channelId === "UBOB");
    const text = JSON.stringify(sent?.message);
    expect(text).toContain("dolt failover of orders");
    expect(text).toContain("asked by <@UALICE>");
    expect(text).toContain("<https://example.slack.com/archives/C1/p1.0|Read the plan and decide>");
    expect(text).not.toContain('"button"');
  });

  it("are told once of what came due while nobody walked", async () => {
    await pass(7);
    expect(told()).toEqual(["UBOB", "UCAROL"]);
    expect(reminders()).toHaveLength(1);
    expect((await now()).waiting).toMatchObject({ reminded: 2, escalated: 0 });
  });

  it("are not reminded when it is settled, or when they have approved", async () => {
    await changeRecord(worker.store, "r-1", bob, (record, nowMs) =>
      deny(record, bob, shownPlan(record)?.fingerprint ?? "", "no", nowMs),
    );
    await pass(2);
    expect(told()).toEqual([]);
  });

  it("grow by the next tier, and by whom the policy only wants to be told", async () => {
    await pass(8);
    expect(told()).toEqual(["UBOB", "UCAROL", "UDAVE"]);
    expect(thread().at(-1)).toContain("Nobody has settled this for 8 min: <@UDAVE> may approve now, too.");
    await pass(2);
    expect(told().slice(3)).toEqual(["UBOB", "UCAROL", "UDAVE", "UERIN"]);
    expect(thread().at(-1)).toContain("<@UERIN> is told");
    await pass(5);
    expect((await now()).state).toBe("expired");
    expect(thread().at(-1)).toContain("Expired: not settled in time");
    expect(told()).toHaveLength(7);
  });
});

describe("a tier of which nobody can say who is in it", () => {
  it("is told as soon as somebody can, and is not looked up again afterwards", async () => {
    const [rule] = services.policy;
    if (rule === undefined) throw new Error("no rule");
    const record = await now();
    const principals = [{ kind: "usergroup" as const, id: "SNIGHT" }];
    const tier = { afterMinutes: 3, to: "@night", principals, mayApprove: false };
    const changed = { ...record, revision: record.revision + 1, rule: { ...record.rule, escalation: [tier] } };
    await worker.store.compareAndSet(changed, anEvent());
    await pass(3);
    expect(told()).toEqual(["UBOB", "UCAROL"]);
    worker.memberships.groups.set("usergroup:SNIGHT", ["UNINA"]);
    await walk();
    expect(told()).toEqual(["UBOB", "UCAROL", "UNINA"]);
    // The other worker has found now, too, that nobody is left.
    await walk();
    worker.memberships.groups.set("usergroup:SNIGHT", ["UNINA", "UNORA"]);
    await walk();
    expect(told()).toEqual(["UBOB", "UCAROL", "UNINA"]);
  });
});

describe("a direct message", () => {
  /** One worker walks; of what it sends, the request's message and its thread come first. */
  function failFirst(error: ChatError): void {
    reconcilers = reconcilers.slice(0, 1);
    worker.chat.failures.push(null, null, { error, isSent: false });
  }

  it("is not sent again after an outcome that nobody knows, and the audit says so", async () => {
    await worker.clock.pass(2 * minute);
    failFirst(unknownOutcome);
    await walk();
    expect(told()).toEqual([]);
    await walk();
    expect(told()).toEqual(["UCAROL"]);
    const outcomes = worker.store.events.filter(({ kind }) => kind === "reminded_directly").map(({ facts }) => facts);
    expect(outcomes).toMatchObject([
      { to: "UBOB", outcome: "unknown: no_answer" },
      { to: "UCAROL", outcome: "sent" },
    ]);
  });

  it("that Slack refuses for one person still reaches the next one", async () => {
    await worker.clock.pass(2 * minute);
    failFirst(new ChatError("refused", "user_not_found"));
    await walk();
    expect(told()).toEqual(["UCAROL"]);
  });

  it("of which a worker died after it had noted the first is sent by the next worker to the others only", async () => {
    await worker.clock.pass(2 * minute);
    failFirst(new ChatError("slow_down", "ratelimited", 1_000));
    await walk();
    expect(told()).toEqual([]);
    reconcilers = [new Reconciler({ ...services, workerId: "w-3" }, noFreezes)];
    await walk();
    expect(told()).toEqual(["UCAROL"]);
  });

  it("goes to nobody who has approved already", async () => {
    const record = await now();
    const plan = shownPlan(record);
    if (plan === null || record.plan === undefined) throw new Error("no plan");
    const approval = anApproval(record.plan, plan, { atMs: worker.clock.nowMs(), rights: [] });
    const signed = signStatement(approval, worker.edgeKey);
    // Counted for nothing, so that it goes on waiting.
    const change = await changeRecord(worker.store, "r-1", bob, (current, nowMs) =>
      approve(current, signed, approval, nowMs),
    );
    expect(change.record?.state).toBe("awaiting_approval");
    await pass(2);
    expect(told()).toEqual(["UCAROL"]);
  });
});
