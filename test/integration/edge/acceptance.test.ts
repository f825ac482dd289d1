import { afterAll, beforeAll, expect, it } from "vitest";
import { approvalsOf } from "../../../src/domain/transitions/reading.ts";
import { EdgeBench } from "./support/edge-bench.ts";

const acceptance = {
  title: "Writes that only orders-0 has are lost when orders-1 is promoted.",
  figures: ["app on orders-1: heard from the primary 12 s ago."],
  flag: "accept-loss",
  given: false,
};

let bench: EdgeBench;

beforeAll(async () => {
  bench = await EdgeBench.start();
});

afterAll(async () => {
  await bench?.close();
});

it("Approve opens the modal in Slack, and its submission approves with the acceptance", async () => {
  const { bob } = bench.slack.users;
  const { record, face } = await bench.awaiting({ acceptance });

  expect(await bench.click(bob, face.ts, "handover_approve")).toBe("");
  expect(await bench.request(record.id)).toMatchObject({ state: "awaiting_approval" });
  await bench.slack.submitModal(bob);

  const approved = await bench.request(record.id);
  expect(approved).toMatchObject({ state: "approved" });
  expect(approvalsOf(approved)).toMatchObject([{ approver: { userId: bob.id }, accepted: true }]);
  expect((await bench.face(record.id)).content).toContain("Approved");
  expect(bench.slack.deliveries.at(-1)).toMatchObject({ status: 200 });
});

it("tells whom Slack showed no modal, and approves nothing", async () => {
  const { bob } = bench.slack.users;
  const { record, face } = await bench.awaiting({ acceptance });
  bench.slack.fault("views.open", { kind: "error", error: "expired_trigger_id" });

  const told = await bench.click(bob, face.ts, "handover_approve");

  expect(told).toContain("Click Approve once more");
  expect(await bench.request(record.id)).toMatchObject({ state: "awaiting_approval" });
});

it("takes the submission of somebody else for that person's click", async () => {
  const { alice, bob } = bench.slack.users;
  const { record, face } = await bench.awaiting({ acceptance });
  await bench.click(bob, face.ts, "handover_approve");

  await bench.slack.submitModal(alice);

  expect(await bench.request(record.id)).toMatchObject({ state: "awaiting_approval" });
});
