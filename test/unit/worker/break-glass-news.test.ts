import { beforeEach, expect, it } from "vitest";
import type { LedgerExecution } from "../../../src/execution/ledger.ts";
import { ChatError } from "../../../src/ports/chat.ts";
import { announceBreakGlass } from "../../../src/worker/break-glass-news.ts";
import { aRecord } from "../../support/records.ts";
import { breakGlassExecution } from "../../support/test-operation.ts";
import { RecordedChat } from "../handlers/recorded-chat.ts";
import { AWorker } from "./a-worker.ts";

const target = { namespace: "shop", workload: "orders" };
const kim = { user: "kim@example.com", reason: "worker is gone", atMs: 7 };
const outcome = { atMs: 9, summary: "orders-1 is primary.", writesStoppedMs: null, problems: [] };

let chat: RecordedChat;
let worker: AWorker;
let services: Parameters<typeof announceBreakGlass>[0];

beforeEach(() => {
  chat = new RecordedChat();
  worker = new AWorker();
  worker.policy = [{ name: "shop", operations: ["dolt.*"], requesters: ["U1"], approvals: 0 }];
  services = { ...worker.services(), chat, channelId: "C1" };
});

const fromSlack = (): LedgerExecution => ({
  ...breakGlassExecution("x-2"),
  authority: { kind: "grant", record: aRecord(), face: null },
});
const announce = (execution: LedgerExecution, abandoned: boolean, end: { outcome: typeof outcome } | null = null) =>
  announceBreakGlass(services, target, { execution, abandoned, end });
const texts = () => chat.sent.map(({ message }) => JSON.stringify(message.blocks));

it("is silent about what no command line had a hand in", async () => {
  await announce(fromSlack(), false);
  await announce(fromSlack(), true);
  await announce(fromSlack(), false, { outcome });
  expect(chat.sent).toEqual([]);
});

it("tells once each that it began, was left unfinished, and ended", async () => {
  const execution = breakGlassExecution();
  for (const abandoned of [false, false, true, true]) await announce(execution, abandoned);
  await announce(execution, false, { outcome });
  expect(texts()).toEqual([
    expect.stringContaining("kim runs dolt.failover on shop/orders from the command line"),
    expect.stringContaining("begun by kim from the command line, was left unfinished"),
    expect.stringContaining("orders-1 is primary."),
  ]);
});

it("tells who finishes what another process left, why, and how that ended", async () => {
  const execution = { ...fromSlack(), finisher: kim };
  await announce(execution, false);
  await announce(execution, false, { outcome });
  const [finishing = "", finished = ""] = texts();
  expect(finishing).toContain("kim@example.com finishes dolt.failover on shop/orders from the command line");
  expect(finishing).toContain("begun by <@UALICE> and left unfinished");
  expect(finishing).toContain("Reason: worker is gone");
  expect(finished).toContain("begun by <@UALICE> and finished by kim@example.com from the command line, has ended");
  expect(finished).toContain("orders-1 is primary.");
});

it("tells of each who finishes it, and that it was left again in between", async () => {
  const execution = breakGlassExecution();
  await announce({ ...execution, finisher: kim }, false);
  await announce({ ...execution, finisher: kim }, true);
  await announce({ ...execution, finisher: { ...kim, user: "lee@example.com", atMs: 8 } }, false);
  expect(texts()).toEqual([
    expect.stringContaining("kim@example.com finishes"),
    expect.stringContaining("was left unfinished"),
    expect.stringContaining("lee@example.com finishes"),
  ]);
});

it("does not count as told what Slack did not take, and of an end the caller hears so", async () => {
  const away = { error: new ChatError("unknown", "no_answer"), isSent: false };
  chat.failures.push(away, null, away);
  const execution = breakGlassExecution();
  await announce(execution, false);
  await announce(execution, false);
  expect(texts()).toHaveLength(1);
  await expect(announce(execution, false, { outcome })).rejects.toBe(away.error);
});

const audited = () => worker.store.events.filter(({ kind }) => kind === "break_glass");

it("puts each phase into the audit, once whatever the number of workers, with who, why and what the policy says", async () => {
  const execution = breakGlassExecution();
  const another = { ...services };
  for (const one of [services, another]) {
    await announceBreakGlass(one, target, { execution, abandoned: false, end: null });
    await announceBreakGlass(one, target, { execution, abandoned: false, end: { outcome } });
  }
  expect(audited()).toHaveLength(2);
  expect(audited()[0]).toMatchObject({
    by: { commandLine: "kim" },
    facts: {
      phase: "started",
      operation: "dolt.failover",
      reason: "test",
      rule: "shop",
      allowed: "the policy does not say",
    },
  });
  expect(audited()[1]?.facts).toMatchObject({ phase: "ended", outcome: "orders-1 is primary." });
});

it("is put into the audit later when Redis does not answer, and announced all the same", async () => {
  const execution = breakGlassExecution();
  worker.store.away = true;
  await announce(execution, false);
  expect(texts()).toHaveLength(1);
  expect(audited()).toEqual([]);
});

it.each([
  ["nobody", [], "nobody"],
  ["others", ["oidc:*", "admins"], "oidc:*, admins"],
])("says aloud that the policy names %s for it", async (_, users, named) => {
  worker.policy = worker.policy.map((rule) => ({ ...rule, breakGlass: { users } }));
  services = { ...worker.services(), chat, channelId: "C1" };
  await announce(breakGlassExecution(), false);
  expect(texts()[0]).toContain(`The policy does not name kim for this, but ${named}.`);
  expect(audited()[0]?.facts).toMatchObject({ allowed: "no" });
});

it.each([
  ["by name", ["kim"]],
  ["by a group", ["dba-*"]],
])("is silent about whom it names %s", async (_, users) => {
  worker.policy = worker.policy.map((rule) => ({ ...rule, breakGlass: { users } }));
  services = { ...worker.services(), chat, channelId: "C1" };
  const execution = breakGlassExecution();
  if (execution.authority.kind !== "break_glass") throw new Error("it is of a grant");
  await announce({ ...execution, authority: { ...execution.authority, groups: ["dba-team"] } }, false);
  expect(texts()[0]).not.toContain("does not name");
  expect(audited()[0]?.facts).toMatchObject({ allowed: "yes" });
});
