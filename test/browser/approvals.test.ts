import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandboxCluster } from "../../sandbox/cluster.ts";
import { Resources } from "../../sandbox/demo/resources.ts";
import { connectRedis } from "../../src/adapters/redis/connection.ts";
import { ClusterKeys } from "../../src/adapters/redis/keys.ts";
import { RedisRequestStore } from "../../src/adapters/redis/request-store.ts";
import { minutesPass } from "../support/minutes-pass.ts";
import { Scenario } from "../support/scenario.ts";
import { chromiumPath, launchChromium } from "./support/chromium.ts";
import { openSlackAs, type SlackPage } from "./support/slack-page.ts";

const face = /dolt failover of orders/;

describe.skipIf(chromiumPath === null)("two approvals of different groups, as people see them in Slack", () => {
  const resources = new Resources();
  let scenario: Scenario;
  let store: RedisRequestStore;
  let alice: SlackPage;
  let bob: SlackPage;
  let carol: SlackPage;

  beforeAll(async () => {
    const cluster = await resources.add(startSandboxCluster(), (one) => one.close());
    const target = await cluster.createDoltTarget({
      namespace: "shop",
      name: "orders",
      replicas: 3,
      databases: ["app"],
    });
    const asked = Scenario.prepare(cluster, target, {
      people: ({ users }) => ({
        groups: { dba: { users: [users.bob.id] }, lead: { users: [users.carol.id] } },
        policy: [
          {
            name: "both",
            operations: ["dolt.*"],
            requesters: [users.alice.id],
            approvals: ["1 of @dba", "1 of @lead"],
            expiresAfterMinutes: 60,
            remindAfterMinutes: [5],
            escalation: [{ afterMinutes: 10, to: [users.dave.id], mayApprove: false }],
          },
        ],
      }),
    });
    scenario = await resources.add(asked, async (one) => {
      await one.close();
      await one.disconnect();
    });
    const redis = connectRedis(scenario.redis.url, { role: "worker" });
    await resources.add(Promise.resolve(redis), (one) => one.close());
    store = new RedisRequestStore(redis, new ClusterKeys("main"));
    await scenario.start();
    const browser: Browser = await resources.add(launchChromium(), (one) => one.close());
    const { users, url } = scenario.slack;
    [alice, bob, carol] = await Promise.all([
      openSlackAs(browser, url, users.alice),
      openSlackAs(browser, url, users.bob),
      openSlackAs(browser, url, users.carol),
    ]);
    await Promise.all([alice, bob, carol].map((page) => page.openChannel(scenario.channel)));
  });
  afterAll(() => resources.close());

  it("the message counts them, and says whose is missing", async () => {
    await alice.type("/dolt failover orders");
    await carol.waitForMessage(/0 of 2 approvals · needs 1 of @dba and 1 of @lead/);
    await bob.clickButton(face, "Approve");
    await Promise.all([alice, carol].map((page) => page.waitForMessage(/1 of 2 approvals · needs 1 of @lead/)));

    const before = await carol.messageCount();
    await bob.clickButton(face, "Approve");
    await bob.waitForMessage(/You have approved this already|counts? once/);
    expect(await carol.messageCount()).toBe(before);
  });

  it("whoever is still wanted is reminded in the thread and directly; then the next tier is told", async () => {
    const [id = ""] = (await store.unsettled()).ids;
    await carol.openThread(face);
    await minutesPass(store, id, 5);
    await carol.waitForReply(/Reminder: this still needs 1 of @lead/);
    await minutesPass(store, id, 5);
    await carol.waitForReply(/@Dave/);
    await carol.closeThread();
    const { bob: approver, carol: wanted, dave: next } = scenario.slack.users;
    const directly = () => scenario.slack.calls("chat.postMessage").map(({ args }) => String(args.channel));
    await expect.poll(directly, { timeout: 20_000 }).toEqual(expect.arrayContaining([wanted.id, next.id]));
    expect(directly()).not.toContain(approver.id);
  });

  it("begins with the second approval", async () => {
    await carol.clickButton(face, "Approve");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/failover of orders.*Succeeded/s)));
    expect(await alice.textOfMessage(face)).toMatch(/Approved by @Bob.*@Carol/s);
  });
});
