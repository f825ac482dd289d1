import { beforeEach, expect, it } from "vitest";
import { answerClick } from "../../../handlers/actions/answer-click.ts";
import { answerEngineCommand } from "../../../handlers/commands/engine-command.ts";
import { faceMessage } from "../../../handlers/messages/face.ts";
import { answerAcceptance } from "../../../handlers/views/acceptance.ts";
import { openGrant } from "../../../src/domain/approval.ts";
import type { Acceptance } from "../../../src/domain/plan.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import { readPublicKeys } from "../../../src/domain/signing.ts";
import { approvalsOf, grantOf, shownPlan } from "../../../src/domain/transitions/reading.ts";
import { AnEdge } from "./an-edge.ts";

const acceptance: Acceptance = {
  title: "Writes that only orders-0 has are lost when orders-1 is promoted.",
  figures: ["app on orders-1: heard from the primary 12 s ago."],
  flag: "accept-loss",
  given: false,
};

let edge: AnEdge;
let record: RequestRecord;

async function ask(given: boolean): Promise<void> {
  edge = new AnEdge();
  await edge.announce();
  const payload = { team_id: "T1", user_id: "UALICE", channel_id: "C1", trigger_id: "1", text: "failover orders" };
  await answerEngineCommand("dolt", payload, edge.services);
  record = await edge.plan("r-1", { acceptance: { ...acceptance, given } });
}

beforeEach(() => ask(false));

async function clickApprove(user = "UBOB", trigger: { trigger_id?: string } = { trigger_id: "t-1" }): Promise<void> {
  const value = { cluster: "main", requestId: "r-1", fingerprint: shownPlan(record)?.fingerprint };
  const payload = {
    user: { id: user, team_id: "T1" },
    container: { channel_id: "C1", message_ts: "1.0" },
    actions: [{ value: JSON.stringify(value) }],
    ...trigger,
  };
  await answerClick("approve", payload, edge.services);
}

/** Submits the modal that was opened last. */
async function submit(user = "UBOB"): Promise<void> {
  const view = { private_metadata: edge.opened.at(-1)?.view.private_metadata };
  await answerAcceptance({ user: { id: user, team_id: "T1" }, view }, edge.services);
}

const now = async () => (await edge.requests.read("r-1"))?.record;

it("Approve opens a modal with the figures and approves nothing by itself", async () => {
  await clickApprove();

  expect(edge.opened).toHaveLength(1);
  expect(edge.opened[0]).toMatchObject({ triggerId: "t-1", view: { type: "modal" } });
  expect(JSON.stringify(edge.opened[0]?.view.blocks)).toContain("heard from the primary 12 s ago");
  expect(await now()).toEqual(record);
});

it("its submission is the approval, with the acceptance signed, on record and in the thread", async () => {
  await clickApprove();

  await submit();

  const approved = await now();
  expect(approved).toMatchObject({ state: "approved" });
  if (approved === undefined) return;
  expect(approvalsOf(approved)).toMatchObject([{ approver: { userId: "UBOB" }, accepted: true }]);
  expect(approved.story.at(-1)?.text).toContain(`<@UBOB> (1 of 1). They accepted by name: ${acceptance.title}`);
  expect(edge.requests.events.find(({ kind }) => kind === "approval_given")?.facts.accepted).toBe(acceptance.title);
  expect(edge.wakeUp.wakes.at(-1)).toMatchObject({ kind: "execute" });
});

it("whoever may not approve is told at once, and sees no modal", async () => {
  await clickApprove("UDAVE");

  expect(edge.opened).toEqual([]);
  expect(edge.lastTold).toContain("does not name you as an approver");
});

it("the submission is judged like a click: by the person, and by the plan as it is now", async () => {
  await clickApprove();

  await submit("UDAVE");

  expect(edge.lastTold).toContain("does not name you as an approver");
  expect(await now()).toEqual(record);
});

it("a modal that does not open is told, and nothing is approved", async () => {
  await clickApprove("UBOB", {});

  expect(edge.lastTold).toContain("your click changed nothing");
  expect(await now()).toEqual(record);
});

it("what was accepted by the flag needs no modal", async () => {
  await ask(true);

  await clickApprove();

  expect(edge.opened).toEqual([]);
  expect(await now()).toMatchObject({ state: "approved" });
  expect((await now())?.story[0]?.text).toContain("<@UALICE> accepted by --accept-loss");
});

it("the face repeats the figures, and its Approve asks in the modal only", () => {
  const face = JSON.stringify(faceMessage(record).blocks);
  expect(face).toContain(acceptance.figures[0]);
  expect(face).not.toContain("Approve this plan?");
});

it("a grant without the acceptance opens for nobody", async () => {
  await ask(true);
  await clickApprove();
  const approved = await now();
  const grant = approved === undefined ? null : grantOf(approved);
  if (grant === null) throw new Error("there is no grant");
  const { clusters, edgeKey } = edge.services;
  const edgeKeys = readPublicKeys([edgeKey.publicKeyText]);
  const clusterKeys = clusters[0]?.keys ?? new Map();
  expect(openGrant(grant, clusterKeys, edgeKeys)).toMatchObject({ ok: true });

  const before = grant.approvals;
  await ask(false);
  const waiting = await now();
  const plan = waiting?.plan;
  if (plan === undefined) throw new Error("there is no plan");
  const bare = openGrant({ ...grant, plan, approvals: [] }, clusterKeys, edgeKeys);
  expect(before).toHaveLength(1);
  expect(bare).toMatchObject({ ok: false, why: expect.stringContaining("accepted by name") });
});
