import { beforeEach, expect, it } from "vitest";
import { breakGlassMessage } from "../../../handlers/messages/break-glass.ts";
import { readEnded } from "../../../src/execution/ledger.ts";
import { FakeTerminal, FakeWorld, run, target } from "./stand-ins.ts";

let terminal: FakeTerminal;
let world: FakeWorld;

beforeEach(() => {
  terminal = new FakeTerminal();
  world = new FakeWorld();
  world.annotations["handover.dev/freeze"] = JSON.stringify({ by: "ops", reason: "release", untilMs: null });
});

it("refuses a frozen target, with who, why, until when, and how to lift it", async () => {
  expect(await run("dolt failover shop/orders --reason urgent --yes", terminal, world)).toBe(6);
  expect(terminal.stderr).toContain("orders is frozen by ops until it is lifted: release.");
  expect(terminal.stderr).toContain("handover.dev/freeze-");
  expect(terminal.stderr).toContain("--override-freeze");
});

it("goes past it on demand: it is confirmed with the plan, and stands on record", async () => {
  expect(await run("dolt failover shop/orders --reason urgent --override-freeze", terminal, world)).toBe(0);
  expect(terminal.stdout).toContain("Goes past a freeze: orders is frozen by ops until it is lifted: release.");
  const [ended] = readEnded((await world.leases.read(target))?.state.usedGrants ?? null);
  const authority = ended?.unreported?.execution.authority;
  expect(authority).toMatchObject({
    kind: "break_glass",
    plan: { warnings: [{ code: "freeze_overridden", text: expect.stringContaining("release") }] },
  });
});

it("is announced with the freeze that it went past", () => {
  const message = breakGlassMessage({
    phase: "started",
    user: "kim",
    begunBy: "kim",
    reason: "urgent",
    operation: "dolt.failover",
    target: "shop/orders",
    executionId: "x-1",
    outcome: null,
    overrode: "Goes past a freeze: orders is frozen by ops until it is lifted: release.",
  });
  expect(JSON.stringify(message.blocks)).toContain("Goes past a freeze: orders is frozen by ops");
});
