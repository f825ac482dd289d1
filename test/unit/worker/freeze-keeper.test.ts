import { beforeEach, describe, expect, it } from "vitest";
import { type FreezeWish, wholeCluster } from "../../../src/domain/freeze.ts";
import { ChatError } from "../../../src/ports/chat.ts";
import { FreezeKeeper } from "../../../src/worker/freeze-keeper.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryFreezes, MemoryFreezeWishes } from "../../support/memory-freezes.ts";
import { alice, anEvent } from "../../support/records.ts";
import { RecordedChat } from "../handlers/recorded-chat.ts";

const orders = { cluster: "main", namespace: "shop", name: "orders", workload: "orders" };
const never = new AbortController().signal;

let clock: ManualClock;
let freezes: MemoryFreezes;
let wishes: MemoryFreezeWishes;
let chat: RecordedChat;

beforeEach(() => {
  clock = new ManualClock();
  freezes = new MemoryFreezes(["shop", "crm"]);
  wishes = new MemoryFreezeWishes(clock);
  chat = new RecordedChat();
});

function keeper(workerId = "w-1"): FreezeKeeper {
  const quiet = () => undefined;
  const log = { info: quiet, warn: quiet, error: quiet };
  return new FreezeKeeper({
    cluster: "main",
    workerId,
    freezeWishes: wishes,
    freezes,
    chat,
    channelId: "C-cluster",
    clock,
    log,
  });
}

async function ask(over: Partial<FreezeWish> = {}): Promise<void> {
  const words = {
    kind: "freeze",
    scope: orders,
    by: alice,
    reason: "load test",
    untilMs: null,
    channelId: "C1",
  } as const;
  await wishes.ask((nowMs) => ({ id: `f-${nowMs}`, atMs: nowMs, ...words, ...over }), anEvent());
}

const held = (namespace: string) =>
  (freezes.held.get(namespace) ?? []).filter(({ lifted }) => lifted !== true).map(({ name }) => name);

describe("a wish", () => {
  it("is written into the cluster, settled and told once, whoever else writes it too", async () => {
    await ask();
    await Promise.all([keeper("w-1").applyWishes(never), keeper("w-2").applyWishes(never)]);
    expect(held("shop")).toEqual(["orders"]);
    expect(await wishes.pending()).toEqual([]);
    expect(chat.story).toEqual(["post 1.0"]);
    expect(JSON.stringify(chat.sent[0]?.message)).toContain("load test");
    expect(wishes.events.map(({ kind }) => kind)).toEqual(["test", "frozen"]);
  });

  it("that cannot be written stays, lets nothing begin, and is written later", async () => {
    await ask({ scope: wholeCluster("main") });
    freezes.closed.add("crm");
    await expect(keeper().applyWishes(never)).rejects.toMatchObject({ problem: { code: "kubernetes_refused" } });
    expect(await wishes.pending()).toHaveLength(1);
    freezes.closed.clear();
    await keeper().applyWishes(never);
    expect([held("shop"), held("crm")]).toEqual([["*"], ["*"]]);
    expect(await wishes.pending()).toEqual([]);
  });

  it("of a channel that is closed is told in the cluster's", async () => {
    await ask();
    chat.failures.push({ error: new ChatError("refused", "not_in_channel"), isSent: false });
    await keeper().applyWishes(never);
    expect(chat.sent.map(({ channelId }) => channelId)).toEqual(["C-cluster"]);
  });

  it("holds though Slack is away", async () => {
    await ask();
    const away = new ChatError("unknown", "no_answer");
    chat.failures.push({ error: away, isSent: false }, { error: away, isSent: false });
    await keeper().applyWishes(never);
    expect(held("shop")).toEqual(["orders"]);
  });
});

describe("a walk", () => {
  it("brings a freeze of the whole cluster to a namespace that is new, and never brings one back that was lifted", async () => {
    await ask({ scope: wholeCluster("main"), reason: "migration" });
    await keeper().walk(never);
    freezes.held.delete("crm");
    await keeper().walk(never);
    expect(held("crm")).toEqual(["*"]);

    await clock.pass(1_000);
    await ask({ scope: wholeCluster("main"), kind: "unfreeze" });
    freezes.closed.add("crm");
    await keeper()
      .walk(never)
      .catch(() => undefined);
    expect([held("shop"), held("crm")]).toEqual([[], ["*"]]);
    freezes.closed.clear();
    await keeper().walk(never);
    expect([held("shop"), held("crm")]).toEqual([[], []]);
  });

  it("knows what stands, for whoever lists it", async () => {
    const worker = keeper();
    await ask();
    await worker.walk(never);
    expect(worker.seen).toEqual([{ scope: orders, by: "<@UALICE>", reason: "load test", untilMs: null }]);
    await clock.pass(1_000);
    await ask({ kind: "unfreeze" });
    await worker.walk(never);
    expect(worker.seen).toEqual([]);
  });

  it("writes nothing when nothing changed", async () => {
    await ask({ scope: wholeCluster("main") });
    await keeper().walk(never);
    const { writes } = freezes;
    await keeper().walk(never);
    expect(freezes.writes).toBe(writes);
  });
});
