import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Freeze, type FreezeWish, freezeInForce, wholeCluster, withWish } from "../../../src/domain/freeze.ts";
import { parseFreezeCommand } from "../../../src/domain/freeze-command.ts";
import { alice } from "../../support/records.ts";

const orders = { cluster: "main", namespace: "shop", name: "orders", workload: "orders-db" };

function wish(over: Partial<FreezeWish> = {}): FreezeWish {
  const words = {
    kind: "freeze",
    scope: orders,
    by: alice,
    reason: "load test",
    untilMs: null,
    channelId: "C1",
  } as const;
  return { id: "f", atMs: 1_000, ...words, ...over };
}

describe("a namespace's freezes", () => {
  it("end up the same in whatever order the wishes are written, and however often", () => {
    const scopes = [orders, { ...orders, name: "billing", workload: "billing" }, wholeCluster("main")] as const;
    const some = fc.array(
      fc.record({ kind: fc.constantFrom("freeze" as const, "unfreeze" as const), scope: fc.constantFrom(...scopes) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(
        some.chain((kinds) => {
          const wishes = kinds.map((kind, index) => wish({ ...kind, id: `f-${index}`, atMs: 1_000 + index }));
          return fc.record({
            wishes: fc.constant(wishes),
            written: fc.shuffledSubarray([...wishes, ...wishes], { minLength: wishes.length * 2 }),
          });
        }),
        ({ wishes, written }) => {
          const outcomeOf = (order: readonly FreezeWish[]) =>
            [...order.reduce<readonly Freeze[]>(withWish, [])].sort((a, b) => (a.name < b.name ? -1 : 1));
          expect(outcomeOf(written)).toEqual(outcomeOf(wishes));
          for (const scope of scopes) {
            const last = wishes.findLast((one) => one.scope === scope);
            const held = outcomeOf(written).some((one) => one.name === scope.name && one.lifted !== true);
            expect(held).toBe(last?.kind === "freeze");
          }
        },
      ),
    );
  });

  it("are the very same when a wish changes nothing, so that nothing is written", () => {
    const before = withWish([], wish());
    expect(withWish(before, wish())).toBe(before);
    expect(withWish(before, wish({ kind: "unfreeze", atMs: 999 }))).toBe(before);
  });

  it("forget what has ended, and what was lifted a day ago", () => {
    const ended = withWish([], wish({ untilMs: 2_000 }));
    const lifted = withWish(ended, wish({ kind: "unfreeze", scope: wholeCluster("main"), atMs: 1_500 }));
    const day = 24 * 60 * 60_000;
    const billing = { ...orders, name: "billing", workload: "billing" };
    expect(withWish(lifted, wish({ scope: billing, atMs: 2_001 })).map(({ name }) => name)).toEqual(["*", "billing"]);
    expect(withWish(lifted, wish({ scope: billing, atMs: day + 2_000 })).map(({ name }) => name)).toEqual(["billing"]);
  });

  it("hold for the target by its name or its workload, and for all of the cluster", () => {
    const freezes = withWish([], wish({ untilMs: 5_000 }));
    const holds = (name: string, workload: string, nowMs = 4_999) =>
      freezeInForce(freezes, { name, workload }, nowMs)?.reason ?? null;
    expect(holds("orders", "other")).toBe("load test");
    expect(holds("renamed", "orders-db")).toBe("load test");
    expect(holds("billing", "billing")).toBeNull();
    expect(holds("orders", "orders-db", 5_000)).toBeNull();
    const all = withWish(freezes, wish({ scope: wholeCluster("main"), reason: "migration", atMs: 1_001 }));
    expect(freezeInForce(all, { name: "billing", workload: "billing" }, 4_999)?.reason).toBe("migration");
    expect(freezeInForce(all, { name: "orders", workload: "orders-db" }, 4_999)?.reason).toBe("load test");
    const lifted = withWish(all, wish({ kind: "unfreeze", atMs: 1_002 }));
    expect(freezeInForce(lifted, { name: "orders", workload: "orders-db" }, 4_999)?.reason).toBe("migration");
  });
});

describe("/handover freeze", () => {
  const hour = 60 * 60_000;
  it.each([
    ['orders for 2h "load test"', { scopeText: "orders", durationMs: 2 * hour, reason: "load test" }],
    [
      "main/shop/orders for 30m load test",
      { scopeText: "main/shop/orders", durationMs: hour / 2, reason: "load test" },
    ],
    ["prod for 3d “data migration”", { scopeText: "prod", durationMs: 72 * hour, reason: "data migration" }],
    ['prod "until further notice"', { scopeText: "prod", durationMs: null, reason: "until further notice" }],
    ['orders "for" the weekend', { scopeText: "orders", durationMs: null, reason: "for the weekend" }],
  ])("%s", (text, expected) => {
    expect(parseFreezeCommand("freeze", text)).toEqual({ ok: true, command: { kind: "freeze", ...expected } });
  });

  it.each([
    ["", "names no target"],
    ["--for 2h", "names no target"],
    ["orders", 'Type: /handover freeze orders "why"'],
    ["orders for 2h", 'Type: /handover freeze orders for 2h "why"'],
    ["orders for 2 x", "“2” is no length of time"],
    ["orders for ever x", "“ever” is no length of time"],
    ["orders for 32d x", "up to 31 days"],
    [`orders ${"x".repeat(501)}`, "longer than 500"],
    ['orders for 2h "x', "quot"],
  ])("refuses %s", (text, why) => {
    const result = parseFreezeCommand("freeze", text);
    expect(result.ok ? "" : `${result.problem.what} ${result.problem.next}`).toContain(why);
  });

  it("needs no reason to be lifted", () => {
    expect(parseFreezeCommand("unfreeze", "orders")).toMatchObject({ ok: true, command: { reason: "" } });
    expect(parseFreezeCommand("unfreeze", "orders test is over")).toMatchObject({
      command: { reason: "test is over" },
    });
  });
});
