import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scheduleText } from "../../../src/domain/schedule.ts";
import { EdgeBench, freshName, target } from "./support/edge-bench.ts";

let bench: EdgeBench;

beforeAll(async () => {
  bench = await EdgeBench.start();
});

afterAll(async () => {
  await bench.close();
});

/** Types a failover of a target of its own with this behind it; what only the person was told, and the target's name. */
async function failover(words: string): Promise<{ told: string; name: string }> {
  const name = freshName();
  await bench.announce(target(name));
  const told = await bench.dolt(bench.slack.users.alice, `failover ${name} ${words}`);
  return { told, name };
}

describe("a request for a later time", () => {
  it.each([
    ["at 02:30", "Europe/Berlin"],
    ["--at 02:30", "Europe/Berlin"],
    ["at 02:30 America/New_York", "America/New_York"],
    ["at tomorrow 02:30 UTC --reason backup", "UTC"],
  ])("%s is shown back as a moment with its zone, the person's where none was typed", async (words, timeZone) => {
    const { told, name } = await failover(words);
    const record = await bench.openRequest(name);
    const { schedule } = record;
    if (schedule === undefined) throw new Error("it has no time");
    expect(schedule.timeZone).toBe(timeZone);
    expect(scheduleText(schedule)).toMatch(/02:30 /);
    expect(schedule.startAtMs).toBeGreaterThan(record.createdAtMs);
    expect(schedule.endsAtMs - schedule.startAtMs).toBe(30 * 60_000);
    expect(told).toContain(`to begin ${scheduleText(schedule)}`);
    expect((await bench.face(record.id)).content).toContain(scheduleText(schedule));
  });

  it("in 2h, with a window, is a whole minute by Redis' clock", async () => {
    const { name } = await failover("in 2h --window 1h");
    const { schedule, createdAtMs } = await bench.openRequest(name);
    const startAtMs = schedule?.startAtMs ?? 0;
    expect(startAtMs % 60_000).toBe(0);
    expect(startAtMs - createdAtMs).toBeGreaterThanOrEqual(2 * 3_600_000 - 1_000);
    expect(startAtMs - createdAtMs).toBeLessThan(2 * 3_600_000 + 60_000);
    expect((schedule?.endsAtMs ?? 0) - startAtMs).toBe(3_600_000);
  });

  it("means UTC, and says so, while Slack does not say where the person is", async () => {
    bench.slack.fault("users.info", { kind: "error", error: "internal_error" });
    const { told, name } = await failover("at 02:30");
    bench.slack.heal();
    expect((await bench.openRequest(name)).schedule?.timeZone).toBe("UTC");
    expect(told).toContain("02:30 UTC");
  });

  it.each([
    ["at half past two", "It cannot be told when “at half past two” is"],
    ["in 2", "a length of time is 30m, 2h or 1h30m"],
    ["at 02:30 --in 2h", "both a time and how long"],
    ["at", "--at cannot be “”"],
    ["tonight", "tonight"],
  ])("%s is not understood, and records nothing", async (words, answer) => {
    const { told, name } = await failover(words);
    expect(told).toContain(answer);
    expect(await bench.openRequests(name)).toEqual([]);
  });

  it("of what only looks is none", async () => {
    const name = freshName();
    await bench.announce(target(name));
    expect(await bench.dolt(bench.slack.users.alice, `status ${name} in 2h`)).toContain("answered now");
  });

  it("stands in nobody's way, and is withdrawn with a click", async () => {
    const { name } = await failover("in 2h");
    const later = await bench.plan(await bench.openRequest(name));
    expect(await bench.dolt(bench.slack.users.alice, `failover ${name}`)).toContain("Recorded: request");
    const { alice } = bench.slack.users;
    expect(await bench.click(alice, (await bench.face(later.id)).ts, "handover_withdraw")).toBe("");
    expect(await bench.request(later.id)).toMatchObject({ state: "withdrawn", settledBy: { userId: alice.id } });
    expect((await bench.openRequest(name)).schedule).toBeUndefined();
  });

  it("is approved now, and its message says when it begins", async () => {
    const { name } = await failover("in 2h");
    const asked = await bench.openRequest(name);
    const { schedule } = asked;
    if (schedule === undefined) throw new Error("it has no time");
    const { id } = await bench.plan(asked, { schedule });
    await bench.click(bench.slack.users.bob, (await bench.face(id)).ts, "handover_approve");
    expect(await bench.request(id)).toMatchObject({ state: "approved", expiresAtMs: schedule.endsAtMs });
    const face = await bench.face(id);
    expect(face.content).toContain(`*Approved*: begins ${scheduleText(schedule)}`);
    expect(face.buttons.map(({ text }) => text)).toContain("Withdraw");
    // Nobody else than who asked could stop it otherwise until it begins.
    expect(await bench.click(bench.slack.users.bob, face.ts, "handover_withdraw")).toBe("");
    expect(await bench.request(id)).toMatchObject({ state: "withdrawn" });
  });
});

describe("a dry run", () => {
  it("asks nobody for an approval, and stands in nobody's way", async () => {
    const { name } = await failover("--dry-run");
    const record = await bench.openRequest(name);
    expect(record).toMatchObject({ dryRun: true, rule: { approvals: 0 } });
    expect(await bench.dolt(bench.slack.users.alice, `failover ${name}`)).toContain("Recorded: request");
  });
});
