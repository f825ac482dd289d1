import { beforeEach, expect, it } from "vitest";
import type { LedgerExecution } from "../../../src/execution/ledger.ts";
import { ChatError } from "../../../src/ports/chat.ts";
import { announceBreakGlass } from "../../../src/worker/break-glass-news.ts";
import { aRecord } from "../../support/records.ts";
import { breakGlassExecution } from "../../support/test-operation.ts";
import { RecordedChat } from "../handlers/recorded-chat.ts";

const target = { namespace: "shop", workload: "orders" };
const kim = { user: "kim@example.com", reason: "worker is gone", atMs: 7 };
const outcome = { atMs: 9, summary: "orders-1 is primary.", writesStoppedMs: null, problems: [] };

let chat: RecordedChat;
let services: Parameters<typeof announceBreakGlass>[0];

beforeEach(() => {
  chat = new RecordedChat();
  const quiet = () => undefined;
  services = { chat, channelId: "C1", log: { info: quiet, warn: quiet, error: quiet } };
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
