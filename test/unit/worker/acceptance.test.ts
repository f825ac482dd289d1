import { expect, it } from "vitest";
import type { Operation } from "../../../src/operations/operation.ts";
import { planRequest } from "../../../src/worker/plan-request.ts";
import { aNewRequest, anEvent, aRecord } from "../../support/records.ts";
import { AWorker } from "./a-worker.ts";

const acceptance = { title: "Some writes are lost.", figures: ["About 12 s of them."], flag: "accept-loss" };

/** What becomes of a request, under a rule with so many approvals, whose plan has to be accepted unless the flag did. */
async function planned(approvals: number, parameters: Record<string, string | boolean>) {
  const worker = new AWorker();
  const operation: Operation = {
    name: "dolt.promote",
    plan: async (_context, given) => {
      const { draft } = await worker.operation.plan();
      return { kind: "plan", draft: { ...draft, acceptance: { ...acceptance, given: given.acceptLoss === true } } };
    },
    begin: (context, plan) => worker.operation.begin(context, plan),
  };
  const rule = { ...aNewRequest().rule, approvals };
  const about = { operation: "dolt.promote", parameters, rule };
  await worker.store.create({ build: (nowMs) => aRecord(about, nowMs), deliveryId: "d-1", audit: anEvent() });
  const services = { ...worker.services(), operations: [operation] };
  await planRequest(services, "r-1", new AbortController().signal);
  return (await worker.store.read("r-1"))?.record;
}

it("waits for whoever approves to accept it", async () => {
  expect(await planned(1, {})).toMatchObject({ state: "awaiting_approval" });
});

it("is refused where nobody is asked for an approval and nobody accepted it, with the line that would", async () => {
  const record = await planned(0, { to: "orders-1" });

  expect(record).toMatchObject({ state: "refused", outcome: { problems: [{ code: "acceptance_missing" }] } });
  expect(record?.outcome?.problems[0]?.what).toContain("About 12 s of them.");
  expect(record?.outcome?.problems[0]?.next).toContain("/dolt promote orders --to orders-1 --accept-loss");
});

it("begins without an approval where the flag accepted it, and the thread says who did", async () => {
  const record = await planned(0, { acceptLoss: true });

  expect(record).toMatchObject({ state: "approved" });
  expect(record?.story[0]?.text).toContain("<@UALICE> accepted by --accept-loss: Some writes are lost.");
});
