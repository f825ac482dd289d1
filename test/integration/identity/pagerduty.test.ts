import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PagerDuty, type PagerDutyOptions, startPagerDuty } from "../../../sandbox/pagerduty/server.ts";
import { PagerDutyApi } from "../../../src/adapters/pagerduty/api.ts";
import { type AccountsByEmail, PagerDutyOnCall } from "../../../src/adapters/pagerduty/on-call.ts";
import { type Principal, principalKey } from "../../../src/domain/principals.ts";
import type { DirectoryAnswer } from "../../../src/ports/memberships.ts";
import { SleeplessClock } from "../../support/sleepless-clock.ts";

const clock = new SleeplessClock();
const nowMs = clock.nowMs();
const hourMs = 60 * 60_000;

/** Bob has been on call for an hour, Carol comes in an hour; Dave stands behind them, Erin leads. */
const account: PagerDutyOptions = {
  users: ["bob", "carol", "dave", "erin", "zoe"].map((name) => ({
    id: `P${name.toUpperCase()}`,
    name,
    email: `${name}@Example.com`,
  })),
  schedules: [
    {
      id: "PFIRST",
      name: "First line",
      shifts: [
        { userId: "PBOB", startMs: nowMs - hourMs, endMs: nowMs + hourMs },
        { userId: "PCAROL", startMs: nowMs + hourMs, endMs: nowMs + 2 * hourMs },
      ],
    },
    {
      id: "PCHANGING",
      name: "Changes this second",
      shifts: [
        { userId: "PBOB", endMs: nowMs + 500 },
        { userId: "PCAROL", startMs: nowMs + 500 },
      ],
    },
    { id: "PEMPTY", name: "Nobody", shifts: [] },
    { id: "PELSEWHERE", name: "Without Slack", shifts: [{ userId: "PZOE" }] },
  ],
  policies: [
    { id: "PPOLICY", name: "Databases", levels: [["PFIRST"], ["PDAVE", "PFIRST"], ["PERIN"]] },
    { id: "POTHER", name: "Others", levels: [["PERIN"]] },
  ],
  nowMs: () => nowMs,
};

/** Slack as far as PagerDuty's people are looked up there: everybody but Zoe has an account. */
const slack: AccountsByEmail & { silentAbout: string | null } = {
  silentAbout: null,
  accountsOf: async (emails) =>
    new Map(
      emails.map((email): [string, DirectoryAnswer] => {
        if (email === slack.silentAbout) return [email, { kind: "no_answer", why: "Slack did not answer in time" }];
        if (email.startsWith("zoe"))
          return [email, { kind: "nobody", why: "no active Slack account here has this address" }];
        return [email, { kind: "members", members: [`U-${email}`] }];
      }),
    ),
};
const people = (...names: string[]) => ({ kind: "members", members: names.map((name) => `U-${name}@example.com`) });

const schedule = (id: string): Principal => ({ kind: "pagerduty_schedule", id });
const policy = (id: string, level?: number): Principal => ({
  kind: "pagerduty_escalation_policy",
  id,
  ...(level === undefined ? {} : { level }),
});

async function onCall(pagerDuty: PagerDuty, ...principals: Principal[]): Promise<DirectoryAnswer[]> {
  const directory = new PagerDutyOnCall(new PagerDutyApi(pagerDuty, clock), slack, clock);
  const answers = await directory.ask(principals, AbortSignal.timeout(10_000));
  return principals.map((principal) => answers.get(principalKey(principal)) ?? { kind: "no_answer", why: "left out" });
}

describe("PagerDuty", () => {
  let pagerDuty: PagerDuty;
  beforeAll(async () => {
    pagerDuty = await startPagerDuty(account);
  });
  afterAll(() => pagerDuty?.close());

  it("tells who is on call by a schedule now, and nobody of the next shift", async () => {
    expect(await onCall(pagerDuty, schedule("PFIRST"))).toEqual([people("bob")]);
    expect(await onCall(pagerDuty, schedule("PEMPTY"))).toEqual([{ kind: "members", members: [] }]);
  });

  it("counts both at the very second in which the shift changes", async () => {
    expect(await onCall(pagerDuty, schedule("PCHANGING"))).toEqual([people("bob", "carol")]);
  });

  it("tells who is on call by an escalation policy, level by level, in one call", async () => {
    const before = pagerDuty.calls.length;
    const asked = [
      policy("PPOLICY"),
      policy("PPOLICY", 2),
      policy("PPOLICY", 3),
      policy("PPOLICY", 4),
      policy("POTHER"),
    ];
    expect(await onCall(pagerDuty, ...asked)).toEqual([
      people("bob"),
      people("dave", "bob"),
      people("erin"),
      { kind: "members", members: [] },
      people("erin"),
    ]);
    expect(pagerDuty.calls.length - before).toBe(1);
  });

  it("names nobody by a schedule that is gone, and of people without a Slack account says so", async () => {
    expect(await onCall(pagerDuty, schedule("PGONE"), schedule("PELSEWHERE"), schedule("PFIRST"))).toEqual([
      { kind: "nobody", why: "PagerDuty does not know it (404)" },
      { kind: "nobody", why: expect.stringContaining("no active Slack account") },
      people("bob"),
    ]);
  });

  it("whose people Slack says nothing about gives no answer", async () => {
    slack.silentAbout = "dave@example.com";
    expect(await onCall(pagerDuty, policy("PPOLICY", 2), policy("PPOLICY"))).toEqual([
      { kind: "no_answer", why: "Slack did not answer in time" },
      people("bob"),
    ]);
    slack.silentAbout = null;
  });

  it("is told of page by page, and person by person where it only refers to them", async () => {
    const small = await startPagerDuty({ ...account, largestPage: 30, includes: false });
    try {
      const many = Array.from({ length: 250 }, (_, index) => ({
        id: `PU${index}`,
        name: "n",
        email: `u${index}@example.com`,
      }));
      for (const user of many) small.state.users.set(user.id, user);
      small.state.policies.set("PBIG", { id: "PBIG", name: "Big", levels: [many.map(({ id }) => id)] });
      const [answer] = await onCall(small, policy("PBIG"));
      expect(answer).toEqual({ kind: "members", members: many.map(({ email }) => `U-${email}`) });
      expect(small.calls.filter(({ pathname }) => pathname === "/oncalls")).toHaveLength(9);
    } finally {
      await small.close();
    }
  });

  it("is waited for as long as it asks to, when that is short", async () => {
    const slept = clock.slept.length;
    pagerDuty.fault({ kind: "ratelimited", resetSeconds: 4 });
    expect(await onCall(pagerDuty, schedule("PFIRST"))).toEqual([people("bob")]);
    expect(clock.slept.slice(slept)).toEqual([4_000]);
    pagerDuty.fault({ kind: "ratelimited", resetSeconds: 60 });
    expect(await onCall(pagerDuty, schedule("PFIRST"))).toEqual([
      { kind: "no_answer", why: "PagerDuty: it asks to wait 60 s" },
    ]);
  });

  it.each([
    [{ kind: "status", status: 500 }, "PagerDuty answered 500"],
    [{ kind: "status", status: 401 }, "PagerDuty does not accept the token (401)"],
    [{ kind: "status", status: 403 }, "PagerDuty does not accept the token (403)"],
    [{ kind: "lostRequest" }, "PagerDuty did not answer in time"],
    [{ kind: "text", body: "<html>" }, "PagerDuty did not answer in time"],
    [{ kind: "redirect", to: "http://127.0.0.1:9/" }, "PagerDuty answered 302"],
  ] as const)("that fails gives no answer, without its token: %o", async (fault, why) => {
    for (const asked of [schedule("PFIRST"), policy("PPOLICY")]) {
      pagerDuty.fault(fault);
      expect(await onCall(pagerDuty, asked)).toEqual([{ kind: "no_answer", why }]);
    }
    expect(why).not.toContain(pagerDuty.token);
  });

  it("that says nothing is not waited for beyond the caller's deadline", async () => {
    pagerDuty.fault({ kind: "silence" });
    const directory = new PagerDutyOnCall(new PagerDutyApi(pagerDuty, clock), slack, clock);
    const answers = await directory.ask([schedule("PFIRST")], AbortSignal.timeout(50));
    expect([...answers.values()]).toEqual([{ kind: "no_answer", why: "PagerDuty did not answer in time" }]);
  });

  it("with a wrong token gives no answer", async () => {
    const stranger = { ...pagerDuty, token: "another" };
    expect(await onCall(stranger, schedule("PFIRST"))).toEqual([
      { kind: "no_answer", why: "PagerDuty does not accept the token (401)" },
    ]);
  });
});
