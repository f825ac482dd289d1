import { beforeEach, expect, it } from "vitest";
import type { RequestRecord } from "../../../src/domain/request.ts";
import { signStatement } from "../../../src/domain/signing.ts";
import { approve } from "../../../src/domain/transitions/approving.ts";
import { planned } from "../../../src/domain/transitions/planning.ts";
import { started } from "../../../src/domain/transitions/running.ts";
import { changeRecord } from "../../../src/execution/change-record.ts";
import { type LedgerExecution, readEnded, writeEnded, writeExecution } from "../../../src/execution/ledger.ts";
import { ExecutionResumer } from "../../../src/worker/resume-executions.ts";
import { aNewRequest, anApproval, anEvent, aPlan, aRecord } from "../../support/records.ts";
import { AWorker } from "./a-worker.ts";

const target = { namespace: "shop", workload: "orders" };
const by = { worker: "test" };
const kim = { user: "kim@example.com", reason: "the worker is gone", atMs: 7 };
const noAborted = new AbortController().signal;

let worker: AWorker;
let execution: LedgerExecution;

/** A request whose execution another worker began, and left. */
beforeEach(async () => {
  worker = new AWorker();
  const { store, clock, clusterKey, edgeKey } = worker;
  await store.create({ deliveryId: "d", audit: anEvent(), build: (nowMs) => aRecord(aNewRequest(), nowMs) });
  const plan = aPlan({ madeAtMs: clock.nowMs() });
  const signed = signStatement(plan, clusterKey);
  const approval = anApproval(signed, plan, { atMs: clock.nowMs() });
  const change = (decide: Parameters<typeof changeRecord>[3]) => changeRecord(store, "r-1", by, decide);
  await change((record, nowMs) => planned(record, signed, plan, nowMs));
  await change((record, nowMs) => approve(record, signStatement(approval, edgeKey), approval, nowMs));
  const record = await now();
  await change((approved, nowMs) => started(approved, { id: "x-1", worker: "w-0", steps: [] }, nowMs));
  const authority = { kind: "grant", record, face: null } as const;
  execution = { version: 1, id: "x-1", authority, startedBy: "w-0", startedAtMs: 0, committed: false, steps: [] };
});

async function now(): Promise<RequestRecord> {
  const found = await worker.store.read("r-1");
  if (found === null) throw new Error("there is no r-1");
  return found.record;
}

async function left(over: { execution: string | null; usedGrants: string | null }): Promise<void> {
  const state = { holder: null, durationSeconds: 5, renewedAtMs: 0, transitions: 1, ...over };
  await worker.leases.compareAndSet(target, null, state);
}

async function walk(): Promise<void> {
  await Promise.all(await new ExecutionResumer(worker.services()).walk(noAborted));
}

it("carries on what had changed nothing when the cluster is as it was approved", async () => {
  await left({ execution: writeExecution(execution), usedGrants: null });
  await walk();
  expect((await now()).state).toBe("succeeded");
  expect([...worker.operation.world]).toEqual(["look", "switch", "finish"]);
});

it("ends as stale what had changed nothing when the cluster is not as it was approved any more", async () => {
  worker.operation.facts = [{ name: "primary", value: "orders-2" }];
  await left({ execution: writeExecution(execution), usedGrants: null });

  await walk();

  const { state, outcome } = await now();
  expect(state).toBe("stale");
  expect(outcome?.problems).toMatchObject([
    { code: "plan_stale", what: expect.stringContaining("orders-0 → orders-2") },
  ]);
  expect([...worker.operation.world]).toEqual([]);
  expect((await worker.leases.read(target))?.state).toMatchObject({ holder: null, execution: null });
});

it("ends as failed, with the reason, what had changed nothing when its approval has run out", async () => {
  await worker.clock.pass(16 * 60_000);
  await left({ execution: writeExecution(execution), usedGrants: null });
  await walk();
  const { state, outcome } = await now();
  expect([state, outcome?.problems[0]?.code]).toEqual(["failed", "request_expired"]);
});

it("tells in the thread, in the audit and in the channel who finished it from the command line", async () => {
  const outcome = { atMs: 1, summary: "orders-1 is primary.", writesStoppedMs: null, problems: [] };
  const finished = { ...execution, committed: true, finisher: kim };
  const unreported = { execution: finished, state: "succeeded", outcome } as const;
  const ended = { executionId: "x-1", grantId: "g", rememberUntilMs: worker.clock.nowMs() + 1_000, unreported };
  await left({ execution: null, usedGrants: writeEnded([ended], worker.clock.nowMs()) });

  await walk();

  const { state, story } = await now();
  expect(state).toBe("succeeded");
  expect(story.map(({ text }) => text)).toContain(
    "Finished from the command line by kim@example.com: the worker is gone",
  );
  expect(worker.store.events.at(-1)).toMatchObject({ kind: "succeeded", by: { commandLine: "kim@example.com" } });
  expect(JSON.stringify(worker.chat.sent)).toContain("finished by kim@example.com from the command line, has ended");
  const [kept] = readEnded((await worker.leases.read(target))?.state.usedGrants ?? null);
  expect(kept).toMatchObject({ executionId: "x-1", unreported: null });
});
