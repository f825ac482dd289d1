import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { type PagerDuty, startPagerDuty } from "../../../sandbox/pagerduty/server.ts";
import type { Message } from "../../../sandbox/slack/messages.ts";
import type { Person } from "../../../sandbox/slack/people.ts";
import { connectRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../../src/adapters/redis/keys.ts";
import { RedisMemberships } from "../../../src/adapters/redis/memberships.ts";
import type { KeptMembership } from "../../../src/ports/memberships.ts";
import { Scenario } from "../../support/scenario.ts";
import { until } from "../../support/until.ts";

const keys = new ClusterKeys("main");
const groupKey = "usergroup:S0APPROVERS";

/**
 * A policy of groups, with edge and worker as processes of their own: on call (by PagerDuty) asks; one of a Slack group and one
 * of the escalation policy's second level, by e-mail, approve.
 */
let cluster: SandboxCluster;
let pagerDuty: PagerDuty;
let scenario: Scenario;
let redis: RedisConnection;
let memberships: RedisMemberships;
let commands = 0;

beforeAll(async () => {
  [cluster, pagerDuty] = await Promise.all([startSandboxCluster(), startPagerDuty()]);
  const target = await cluster.createDoltTarget({ namespace: "shop", name: "orders", replicas: 2, databases: ["app"] });
  scenario = await Scenario.prepare(cluster, target, {
    leaseSeconds: 5,
    people: () => ({
      groups: {
        "on-call": { pagerduty: { schedule: "PSCHEDULE" } },
        dba: { usergroup: "S0APPROVERS" },
        lead: { pagerduty: { escalationPolicy: "PPOLICY", level: 2 } },
      },
      policy: [
        {
          name: "groups",
          operations: ["dolt.*"],
          requesters: ["@on-call"],
          approvals: ["1 of @dba", "1 of @lead"],
        },
      ],
      environment: { HANDOVER_PAGERDUTY_TOKEN: pagerDuty.token, HANDOVER_PAGERDUTY_API_URL: pagerDuty.apiUrl },
    }),
  });
  const { alice, dave } = scenario.slack.users;
  for (const [id, { email, name }] of [
    ["PALICE", alice],
    ["PDAVE", dave],
  ] as const) {
    pagerDuty.state.users.set(id, { id, name, email });
  }
  pagerDuty.state.schedules.set("PSCHEDULE", { id: "PSCHEDULE", name: "On call", shifts: [{ userId: "PALICE" }] });
  pagerDuty.state.policies.set("PPOLICY", { id: "PPOLICY", name: "Databases", levels: [["PSCHEDULE"], ["PDAVE"]] });
  redis = connectRedis(scenario.redis.url, { role: "worker" });
  memberships = new RedisMemberships(redis, keys);
  await scenario.start();
  await until("all groups are known", async () => (await memberships.read()).memberships.size === 3);
});

afterAll(async () => {
  await redis?.close();
  await scenario?.close();
  await scenario?.disconnect();
  await pagerDuty?.close();
  await cluster?.close();
});

beforeEach(async () => {
  const { bob, carol } = scenario.slack.users;
  scenario.slack.heal();
  pagerDuty.heal();
  scenario.slack.setGroup(scenario.slack.groups.approvers, [bob, carol]);
  await keepMembers(bob, carol);
});

/** Unlike those before, as the same again would be a second press of Enter. */
const ask = () => scenario.ask(`failover orders --max-lag ${100 + commands++}`);

async function told(person: Person, act: () => Promise<unknown>): Promise<string> {
  const before = (await scenario.slack.ephemerals(person)).length;
  await act();
  return (await scenario.slack.ephemerals(person))
    .slice(before)
    .map(({ content }) => content)
    .join("\n");
}

const approve = (face: Message, person: Person) => told(person, () => scenario.approve(face, person));

/** On a busy machine Slack can be too late for the edge, which then refuses a click. */
async function withdraw(face: Message): Promise<void> {
  await until("the request is withdrawn", async () => {
    const shown = (await scenario.slack.messages(scenario.channel)).find(({ ts }) => ts === face.ts);
    if (shown?.content.includes("Withdrawn")) return true;
    await scenario.slack.click(scenario.slack.users.alice, scenario.channel, face.ts, "handover_withdraw");
    return false;
  });
}

/** Changes what is kept of the group in Redis, as its keeper would after its next look. */
async function keep(change: (entry: KeptMembership, nowMs: number) => KeptMembership, key = groupKey): Promise<void> {
  const keeper = await redis.run((client) => client.get(keys.membershipsKeeper));
  const held = await memberships.hold(keeper ?? "test", 30_000);
  const entry = held?.entries.get(key);
  if (held === null || entry === undefined) throw new Error("nothing is kept of the group");
  await memberships.write(keeper ?? "test", new Map([[key, change(entry, held.nowMs)]]), []);
}

const aged = ({ known }: KeptMembership, asOfMs: number): KeptMembership => ({
  known: known === null ? null : { ...known, asOfMs },
  trouble: null,
});

const keepMembers = (...members: readonly Person[]) =>
  keep((_, asOfMs) => ({
    known: { answer: { kind: "members", members: members.map(({ id }) => id) }, asOfMs },
    trouble: null,
  }));

describe("with a policy of groups", () => {
  it("who is on call asks, one of each group approves, and it is done", async () => {
    const { alice, bob, carol, dave } = scenario.slack.users;
    const face = await ask();
    expect(await approve(face, alice)).toContain("You asked for this");
    expect(await approve(face, bob)).toBe("");
    expect(await approve(face, carol)).not.toBe("");
    expect(await approve(face, dave)).toBe("");
    const settled = await scenario.faceReads(face, /Succeeded/);
    expect(settled.content).toContain("is primary");
  });

  it("who is not on call cannot ask", async () => {
    const { bob } = scenario.slack.users;
    const answer = await told(bob, () => scenario.slack.command(bob, scenario.channel, "/dolt", "failover orders"));
    expect(answer).toContain("does not let you ask");
  });

  it("joining the group after the plan was made does not help, and having left it before the start undoes an approval", async () => {
    const { bob, carol, dave } = scenario.slack.users;
    const { approvers } = scenario.slack.groups;
    scenario.slack.setGroup(approvers, [bob]);
    await keepMembers(bob);
    const face = await ask();
    scenario.slack.setGroup(approvers, [bob, carol]);
    await keepMembers(bob, carol);
    expect(await approve(face, carol)).toContain("when this plan was made");
    expect(await approve(face, bob)).toBe("");
    scenario.slack.setGroup(approvers, [carol]);
    expect(await approve(face, dave)).toBe("");
    const settled = await scenario.faceReads(face, /Refused/);
    expect(settled.content).toContain(`<@${bob.id}> does not stand any more`);
    expect(settled.content).toContain("their group is without them now");
  });

  it("having left the group before the click counts, as the snapshot has it", async () => {
    const { bob, carol } = scenario.slack.users;
    const { approvers } = scenario.slack.groups;
    const face = await ask();
    scenario.slack.setGroup(approvers, [carol]);
    await keepMembers(carol);
    expect(await approve(face, bob)).toContain("does not name you");
    scenario.slack.setGroup(approvers, [bob, carol]);
    await keepMembers(bob, carol);
    expect(await approve(face, bob)).toBe("");
    await withdraw(face);
  });

  it("a Slack that says nothing at the start stops it, and a PagerDuty that says nothing makes no plan", async () => {
    const { alice, bob, dave } = scenario.slack.users;
    const face = await ask();
    expect(await approve(face, bob)).toBe("");
    const fault = scenario.slack.fault(
      "usergroups.users.list",
      { kind: "error", error: "internal_error" },
      Number.POSITIVE_INFINITY,
    );
    expect(await approve(face, dave)).toBe("");
    const settled = await scenario.faceReads(face, /Refused/);
    expect(settled.content).toContain("no answer is no");
    expect(settled.content).toContain("npx handover dolt failover");
    fault.release();
    for (let times = 0; times < 20; times += 1) pagerDuty.fault({ kind: "status", status: 503 });
    // What was found out in the last minute would do for a plan.
    await keep((entry, nowMs) => aged(entry, nowMs - 2 * 60_000), "pagerduty_schedule:PSCHEDULE");
    await scenario.slack.command(alice, scenario.channel, "/dolt", `failover orders --max-lag ${100 + commands++}`);
    const refused = await scenario.slack.waitForMessage(({ content }) => content.includes("PagerDuty answered 503"), {
      deadlineMs: 20_000,
    });
    expect(refused.content).toContain("Refused");
  });
});

describe("whoever asks", () => {
  it("cannot approve with a second account of theirs", async () => {
    const { carol } = scenario.slack.users;
    scenario.slack.changePerson(carol, { email: "Alice+second@example.com" });
    const face = await ask();
    expect(await approve(face, carol)).toContain("You asked for this");
    scenario.slack.changePerson(carol, { email: carol.email });
    await withdraw(face);
  });

  it("has to have a full account, of which Slack says so", async () => {
    const { alice } = scenario.slack.users;
    const type = () =>
      scenario.slack.command(alice, scenario.channel, "/dolt", `failover orders --max-lag ${100 + commands++}`);
    scenario.slack.fault("users.info", { kind: "error", error: "internal_error" });
    await type();
    const unknown = await scenario.slack.waitForMessage(({ content }) => content.includes("(internal_error)"), {
      deadlineMs: 20_000,
    });
    expect(unknown.content).toContain("no answer is no");
    scenario.slack.fault("users.info", { kind: "error", error: "user_not_found" });
    await type();
    const refused = await scenario.slack.waitForMessage(({ content }) => content.includes("Slack does not know it"), {
      deadlineMs: 20_000,
    });
    expect(refused.content).toContain("Refused");
  });
});

/** Ends the worker, so it has to stay the last. */
describe("with no worker to look", () => {
  it("what is older than five minutes lets nobody approve, and says why", async () => {
    const { bob } = scenario.slack.users;
    const face = await ask();
    await scenario.worker?.stop();
    await keep((entry, nowMs) => aged(entry, nowMs - 6 * 60_000));
    const answer = await approve(face, bob);
    expect(answer).toContain("it was last found out 6 min ago, and no worker has looked since");
    expect(answer).toContain("no answer is no");
  });
});
