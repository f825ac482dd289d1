import { expect, it } from "vitest";
import { problem } from "../../../src/domain/errors.ts";
import { newRequestRecord } from "../../../src/domain/request.ts";
import { planningFailed } from "../../../src/domain/transitions/planning.ts";
import { changeRecord } from "../../../src/execution/change-record.ts";
import { planRequest } from "../../../src/worker/plan-request.ts";
import { aNewRequest, anEvent } from "../../support/records.ts";
import { AWorker } from "./a-worker.ts";

it("a worker names the request that took another's place, where the edge died before it could", async () => {
  const worker = new AWorker();
  const { store } = worker;
  const why = problem("unexpected", { doing: "a test", why: "it says so" });
  const create = (id: string, over: object = {}) =>
    store.create({
      deliveryId: id,
      audit: anEvent(),
      build: (nowMs) => newRequestRecord(aNewRequest({ id, ...over }), nowMs),
    });
  await create("r-1");
  await changeRecord(store, "r-1", { worker: "w-0" }, (record, nowMs) => planningFailed(record, why, nowMs));
  await create("r-2", { follows: { requestId: "r-1", kind: "retry" } });

  await planRequest(worker.services(), "r-2", new AbortController().signal);

  expect((await store.read("r-1"))?.record).toMatchObject({ state: "failed", followedBy: "r-2" });
  expect((await store.read("r-2"))?.record).toMatchObject({ state: "awaiting_approval" });
  // A request of which nothing is known any more stands in the way of none.
  await create("r-3", { follows: { requestId: "r-404", kind: "retry" }, dryRun: true });
  await planRequest(worker.services(), "r-3", new AbortController().signal);
  expect((await store.read("r-3"))?.record).toMatchObject({ state: "succeeded" });
});
