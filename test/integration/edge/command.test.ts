import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { slashCommandRequest } from "../../../sandbox/slack/signed-requests.ts";
import { slackPath } from "../../../src/edge/node-server.ts";
import { EdgeBench, freshName, target } from "./support/edge-bench.ts";

let bench: EdgeBench;

beforeAll(async () => {
  bench = await EdgeBench.start();
});

afterAll(async () => {
  await bench.close();
});

describe("/dolt failover", () => {
  it("is recorded, shown in the channel, and told to the person", async () => {
    const name = freshName();
    await bench.announce(target(name));
    const told = await bench.dolt(bench.slack.users.alice, `failover ${name} --to ${name}-1 —reason “disk is full”`);
    const record = await bench.openRequest(name);
    expect(told).toContain(record.id);
    expect(told).toContain(`demo/shop/${name}`);
    expect(told).toContain("last seen just now");
    expect(record).toMatchObject({ state: "planning", parameters: { to: `${name}-1` }, reason: "disk is full" });
    const face = await bench.face(record.id);
    expect(face.content).toMatch(
      new RegExp(`^\\*dolt failover of ${name}\\* · namespace \\*shop\\* · cluster \\*demo\\*`),
    );
    expect(face.content).toContain("Planning");
    expect(face.buttons.map(({ text }) => text)).toEqual(["Runbook"]);
  });

  it("typed twice is one request, with a link to it", async () => {
    const name = freshName();
    await bench.announce(target(name));
    await bench.dolt(bench.slack.users.alice, `failover ${name}`);
    const again = await bench.dolt(bench.slack.users.alice, `failover ${name}`);
    const second = await bench.dolt(bench.slack.users.bob, `failover ${name} --min-caught-up 1`);
    const record = await bench.openRequest(name);
    for (const told of [again, second]) {
      expect(told).toContain(record.id);
      expect(told).toContain("already asked for");
      expect(told).toMatch(/<http[^|]+\|Open its message>/);
    }
  });

  it("delivered twice is one request", async () => {
    const name = freshName();
    await bench.announce(target(name));
    const { alice } = bench.slack.users;
    const channel = bench.slack.channels["db-ops"];
    const request = slashCommandRequest({ user: alice, channel, command: "/dolt", text: `failover ${name}` });
    const answers = [];
    for (let times = 0; times < 2; times += 1) {
      const response = await fetch(`${bench.url}${slackPath}`, request);
      answers.push({ status: response.status, text: await response.text() });
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const record = await bench.openRequest(name);
    expect(answers[1]?.text).toContain(record.id);
    expect(await bench.openRequests(name)).toHaveLength(1);
  });

  it("in a channel the app is not in is taken back, and told", async () => {
    const name = freshName();
    await bench.announce(target(name));
    const told = await bench.dolt(bench.slack.users.alice, `failover ${name}`, bench.slack.channels.random);
    expect(told).toContain("not_in_channel");
    expect(told).toContain("/invite");
    expect(await bench.openRequests(name)).toEqual([]);
  });

  it("for a status needs no approval", async () => {
    const name = freshName();
    await bench.announce(target(name));
    await bench.dolt(bench.slack.users.alice, `status ${name}`);
    expect((await bench.openRequest(name)).rule.approvals).toBe(0);
  });
});

describe("what is refused changes nothing, and the person hears why", () => {
  it.each([
    ["flailover orders --to orders-1", "Did you mean: /dolt failover orders --to orders-1"],
    ["failover orders --min-cought-up 1", "Did you mean: /dolt failover orders --min-caught-up 1"],
    ["drop orders", "Known operations: failover, promote, relabel, repair, restart, scale, status."],
    ["failover nowhere", "There is no target “nowhere” here."],
    ["failover", "No target was named."],
  ])("/dolt %s", async (text, answer) => {
    await bench.announce(target(freshName()));
    const before = (await bench.requests.unsettled()).ids;
    expect(await bench.dolt(bench.slack.users.alice, text)).toContain(answer);
    expect((await bench.requests.unsettled()).ids).toEqual(before);
  });

  it("an ambiguous target, with the full names", async () => {
    const name = freshName();
    await bench.announce(target(name, "shop"), target(name, "bank"));
    const told = await bench.dolt(bench.slack.users.alice, `failover ${name}`);
    expect(told).toContain(`Write one of them in full: demo/bank/${name}, demo/shop/${name}.`);
    expect(await bench.openRequests(name)).toEqual([]);
    await bench.dolt(bench.slack.users.alice, `failover bank/${name}`);
    expect((await bench.openRequest(name)).target.namespace).toBe("bank");
  });

  it("a person whom the policy does not name", async () => {
    const name = freshName();
    await bench.announce(target(name));
    expect(await bench.dolt(bench.slack.users.dave, `failover ${name}`)).toContain("The policy does not let you ask");
    expect(await bench.openRequests(name)).toEqual([]);
  });

  it("somebody of another workspace", async () => {
    const { alice } = bench.slack.users;
    bench.slack.changePerson(alice, { teamId: "T0OTHER" });
    try {
      expect(await bench.dolt(alice, "failover orders")).toContain("another workspace");
    } finally {
      bench.slack.changePerson(alice, { teamId: bench.slack.teamId });
    }
  });

  it("help is answered with what can be typed, and the targets", async () => {
    const name = freshName();
    await bench.announce(target(name));
    const help = await bench.dolt(bench.slack.users.dave, "help");
    expect(help).toContain("/dolt failover TARGET");
    expect(help).toContain(`demo/shop/${name}`);
  });
});

describe("a request that Slack did not send", () => {
  const old = Math.floor(Date.now() / 1_000) - 301;
  const future = Math.floor(Date.now() / 1_000) + 600;
  it.each([
    ["a wrong signature", { signingSecret: "another" }],
    ["no signature of version v0", { signature: `v1=${"0".repeat(64)}` }],
    ["an old timestamp", { timestampSeconds: old }],
    ["a timestamp of the future", { timestampSeconds: future }],
  ])("is refused: %s", async (_, signing) => {
    const name = freshName();
    await bench.announce(target(name));
    const { alice } = bench.slack.users;
    const channel = bench.slack.channels["db-ops"];
    const command = { user: alice, channel, command: "/dolt", text: `failover ${name}` };
    const response = await fetch(`${bench.url}${slackPath}`, slashCommandRequest(command, signing));
    expect(response.status).toBe(401);
    expect(await response.text()).toBe("");
    expect(await bench.openRequests(name)).toEqual([]);
  });
});
