import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  approveActionId,
  denyActionId,
  runbookActionId,
  withdrawActionId,
} from "../../../handlers/messages/buttons.ts";
import { missingIds, Writers } from "../../support/writers.ts";
import { PathBench, runbook } from "./support/path-bench.ts";
import { until } from "./support/until.ts";

let bench: PathBench;
let before: { name: string; epoch: number };

beforeAll(async () => {
  bench = await PathBench.prepare();
  await bench.scenario.start();
});

afterAll(async () => {
  expect(bench.scenario.slack.warnings).toEqual([]);
  await bench.close();
});

beforeEach(async () => {
  before = await bench.primary();
});

describe("a failover asked for in Slack", () => {
  it("is planned, approved by another, done, and told step by step", async () => {
    const { scenario } = bench;
    const standby = before.name === "orders-1" ? "orders-2" : "orders-1";
    const face = await bench.ask(`--to ${standby} --reason "the disk is full"`);
    expect(face.content).toContain(`${before.name}: primary at epoch ${before.epoch}`);
    expect(face.content).toContain(`Promote ${standby} to primary`);
    expect(face.content).toContain("Writes stop for well under a second");
    expect(face.content).toContain("reason: the disk is full");
    expect(face.buttons.map(({ actionId }) => actionId)).toEqual([
      approveActionId,
      denyActionId,
      withdrawActionId,
      runbookActionId,
    ]);
    expect(await bench.primary()).toEqual(before);

    await scenario.approve(face);
    const settled = await scenario.faceReads(face, /Succeeded/);

    expect(settled.content).toContain(`${standby} is primary, ${before.name} is standby.`);
    expect(settled.content).toMatch(/Writes stopped for \d+ ms\./);
    expect(settled.buttons.map(({ actionId, url }) => [actionId, url])).toEqual([[runbookActionId, runbook]]);
    expect(await bench.primary()).toEqual({ name: standby, epoch: before.epoch + 1 });
    expect(await bench.servers()).toMatchObject({ [before.name]: { role: "standby", epoch: before.epoch + 1 } });
    await bench.untilLeaseIsFree();
    const { bob } = scenario.slack.users;
    expect(await bench.story(face, /is primary/)).toEqual([
      expect.stringMatching(/^Plan made: 6 steps\./),
      `Approved by <@${bob.id}> (1 of 1).`,
      expect.stringMatching(/^Started by worker /),
      expect.stringMatching(/^✓ Look again at every node/),
      expect.stringMatching(new RegExp(`^✓ Send no more reads to ${standby} — other standbys take them`)),
      expect.stringMatching(new RegExp(`^✓ Demote ${before.name} to standby`)),
      expect.stringMatching(new RegExp(`^✓ Promote ${standby} to primary`)),
      expect.stringMatching(new RegExp(`^✓ Route writes to ${standby}`)),
      expect.stringMatching(new RegExp(`^✓ See every standby follow ${standby} — 2 of 2 follow`)),
      expect.stringMatching(
        new RegExp(`^${standby} is primary, ${before.name} is standby\\. Writes stopped for \\d+ ms\\.$`),
      ),
    ]);
  });

  it("loses no write that was acknowledged", async () => {
    const { scenario, target, cluster } = bench;
    const writing = {
      kubeconfig: cluster.kubeconfig,
      namespace: target.namespace,
      database: "app",
      writers: 2,
      credentials: await scenario.credentials(),
    };
    const writers = await Writers.start(writing);
    const face = await bench.ask();
    await scenario.approve(face);
    await scenario.faceReads(face, /Succeeded/);
    const { acknowledged } = await writers.stop();

    const { name } = await bench.primary();
    expect(name).not.toBe(before.name);
    expect(await missingIds(await target.address(name), writing, acknowledged)).toEqual([]);
  });

  it("is done once though two approve at the same moment; the later one is told", async () => {
    const { scenario } = bench;
    const { bob, carol } = scenario.slack.users;
    const face = await bench.ask();
    const answers = await Promise.all(
      [bob, carol].map((person) => bench.told(person, () => scenario.approve(face, person))),
    );
    await scenario.faceReads(face, /Succeeded/);

    expect((await bench.record(face)).approvals).toHaveLength(1);
    expect(answers.filter((told) => /Your click changed nothing/.test(told))).toHaveLength(1);
    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
    const told = await bench.story(face, /is primary/);
    expect(told.filter((line) => line.startsWith("Started by"))).toHaveLength(1);
  });

  it("is one request when Slack delivers it again, and done once when it is delivered again after the end", async () => {
    const { scenario } = bench;
    const { slack } = scenario;
    const face = await bench.ask();
    const delivery = slack.deliveries.findLast(({ kind }) => kind === "slash_commands");
    if (delivery === undefined) throw new Error("nothing was delivered");
    const { id } = await bench.record(face);
    expect((await slack.redeliver(delivery)).answer).toContain(id);
    await scenario.approve(face);
    await scenario.faceReads(face, /Succeeded/);
    const faces = (await slack.messages(scenario.channel)).length;

    const again = await slack.redeliver(delivery);

    expect(again.answer).toContain("already asked for");
    expect(again.answer).toContain(id);
    expect((await bench.requests.unsettled()).ids).toEqual([]);
    expect(await slack.messages(scenario.channel)).toHaveLength(faces);
    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
  });

  it("is done once when Enter is pressed twice, before the plan and after the end", async () => {
    const { scenario } = bench;
    const { alice } = scenario.slack.users;
    const command = bench.failover();
    const face = await scenario.ask(command);
    expect(await bench.type(alice, command)).toContain("already asked for");
    await scenario.approve(face);
    await scenario.faceReads(face, /Succeeded/);

    const told = await bench.type(alice, command);

    expect(told).toContain((await bench.record(face)).id);
    expect(told).toContain("Nothing new was recorded");
    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
  });

  it("is not approved by who asked, nor by who is not on the list, nor twice", async () => {
    const { scenario } = bench;
    const { alice, bob, dave } = scenario.slack.users;
    const face = await bench.ask();
    expect(await bench.told(alice, () => scenario.approve(face, alice))).toContain("You asked for this");
    expect(await bench.told(dave, () => scenario.approve(face, dave))).toContain("does not name you as an approver");
    expect((await bench.record(face)).state).toBe("awaiting_approval");
    expect(await bench.jobs("execute")).toEqual({ waiting: 0, active: 0 });
    expect(await bench.primary()).toEqual(before);

    await scenario.approve(face, bob);
    await scenario.faceReads(face, /Succeeded/);
    const told = await bench.clickLate(bob, face, approveActionId);

    expect(told).toContain("already settled: succeeded");
    expect((await bench.primary()).epoch).toBe(before.epoch + 1);
  });

  it("ends with a denial, and changes nothing", async () => {
    const { scenario } = bench;
    const { bob, carol } = scenario.slack.users;
    const face = await bench.ask();
    await scenario.slack.click(bob, scenario.channel, face.ts, denyActionId);
    await scenario.slack.submitModal(bob, { "reason/text": "not before the backup" });
    const settled = await scenario.faceReads(face, /Denied/);

    expect(settled.content).toContain(`Denied by <@${bob.id}>: not before the backup. Nothing was changed.`);
    expect(settled.buttons.map(({ actionId }) => actionId)).toEqual([runbookActionId]);
    expect(await bench.clickLate(carol, face, approveActionId)).toContain("already settled: denied");
    expect(await bench.primary()).toEqual(before);
  });

  it("is refused by the worker with its reasons, where everybody sees them, when no standby can take over", async () => {
    const face = await bench.scenario.ask(bench.failover(`--to ${before.name}`), /Refused/);
    expect(face.content).toContain(`${before.name} is the primary already. Nothing was changed.`);
    expect(face.buttons.map(({ actionId }) => actionId)).toEqual([runbookActionId]);
    expect(await bench.primary()).toEqual(before);
  });
});

describe("what is asked and answered without an approval", () => {
  it("the status says what every server says of itself", async () => {
    const face = await bench.scenario.ask("status orders", /Answered/);
    expect(face.content).toContain(`${before.name}: primary at epoch ${before.epoch}`);
    expect(face.content.match(/: standby at epoch \d+/g)).toHaveLength(2);
    expect(face.content).toMatch(/lag \d+ ms/);
    expect(face.buttons.map(({ actionId }) => actionId)).toEqual([runbookActionId]);
  });

  it("the help names what can be typed, and the targets that the worker sees", async () => {
    const told = await bench.type(bench.scenario.slack.users.dave, "help");
    expect(told).toContain("/dolt failover TARGET");
    expect(told).toContain("/dolt status TARGET");
    expect(told).toContain("main/shop/orders");
  });

  it("what cannot be understood is answered with what was meant, and reaches no worker", async () => {
    const { alice } = bench.scenario.slack.users;
    const told = await bench.type(alice, "failover orders --min-cought-up 1");
    expect(told).toContain("Did you mean: /dolt failover orders --min-caught-up 1");
    expect(await bench.type(alice, "failover odrers")).toContain("main/shop/orders");
    expect((await bench.requests.unsettled()).ids).toEqual([]);
    expect(await bench.primary()).toEqual(before);
  });
});

describe("with one standby in a crash loop", () => {
  it("says before that writes will stop for 10 s and why, succeeds with --min-caught-up 1, and always has a routed primary", async () => {
    const { scenario, target } = bench;
    const dead = target.pods.find((pod) => pod !== before.name) ?? "";
    await target.faults.crashLoop(dead, true);
    try {
      await bench.untilBackedOff(dead);
      // Without a write the primary would not know that its standby is behind, and would not wait for it.
      await bench.sql(before.name, "INSERT INTO app.t VALUES (0, 'one standby misses this')");
      const refused = await scenario.ask(bench.failover(), /Refused/);
      expect(refused.content).toContain("--min-caught-up 1");
      const face = await bench.ask("--min-caught-up 1");
      expect(face.content).toContain("Writes stop for about 10 s");
      expect(face.content).toContain(`${dead} does not run`);
      await scenario.approve(face);
      const seen = new Set<number>();
      const settled = await until("it has ended", async () => {
        seen.add((await scenario.routed()).length);
        const record = await bench.record(face);
        return record.outcome === undefined ? undefined : record;
      });
      expect(settled.state).toBe("succeeded");
      expect(settled.outcome?.writesStoppedMs).toBeGreaterThan(9_000);
      expect(seen).not.toContain(0);
      expect(await scenario.routed()).not.toContain(before.name);
    } finally {
      await target.faults.heal();
    }
  });
});
