import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandboxCluster } from "../../sandbox/cluster.ts";
import { startDemo } from "../../sandbox/demo/demo.ts";
import { Resources } from "../../sandbox/demo/resources.ts";
import { channels, people } from "../../sandbox/slack/people.ts";
import { chromiumPath, launchChromium } from "./support/chromium.ts";
import { openSlackAs, type SlackPage } from "./support/slack-page.ts";

/** The request's message, whatever it says of its state. */
const ordersFace = /dolt failover of orders/;
const billingFace = /dolt failover of billing/;

describe.skipIf(chromiumPath === null)("a failover, as people see it in Slack", () => {
  const resources = new Resources();
  let browser: Browser;
  let alice: SlackPage;
  let bob: SlackPage;

  beforeAll(async () => {
    const demo = await startDemo(
      { slackPort: 0, edgePort: 0, faults: false, dolt: null, redisUrl: null },
      { startCluster: () => startSandboxCluster(), resources, tell: () => undefined },
    );
    browser = await resources.add(launchChromium(), (one) => one.close());
    [alice, bob] = await Promise.all([
      openSlackAs(browser, demo.pageUrl, people.alice),
      openSlackAs(browser, demo.pageUrl, people.bob),
    ]);
    await Promise.all([alice, bob].map((page) => page.openChannel(channels["db-ops"])));
  });
  afterAll(() => resources.close());

  it("shows both the plan, with the requester's own approval refused to her alone", async () => {
    await alice.type("/dolt failover orders");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/Waiting for approval: 0 of 1/)));
    const plan = await bob.textOfMessage(ordersFace);
    expect(plan).toMatch(/orders-0: primary at epoch 1/);
    expect(plan).toMatch(/Demote orders-0 to standby/);
    expect(plan).toMatch(/Writes stop for/);
    expect(await bob.buttonsOf(ordersFace)).toEqual(["Approve", "Deny", "Withdraw", "Runbook"]);
    await bob.screenshot("plan");

    const before = await bob.messageCount();
    await alice.clickButton(ordersFace, "Approve");
    await alice.waitForMessage(/You asked for this, so you cannot approve it/);
    await alice.screenshot("refused");
    expect(await bob.messageCount()).toBe(before);
    expect(await bob.textOfMessage(ordersFace)).toMatch(/0 of 1 approvals/);
  });

  it("hands over when the second person approves, and tells both each step in the thread they have open", async () => {
    await Promise.all([alice, bob].map((page) => page.openThread(ordersFace)));
    await Promise.all([alice, bob].map((page) => page.waitForReply(/Plan made: 6 steps/)));
    expect(await alice.replies()).toHaveLength(1);

    await bob.clickButton(ordersFace, "Approve");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/Succeeded/)));
    await Promise.all([alice, bob].map((page) => page.waitForReply(/orders-1 is primary/)));
    for (const page of [alice, bob]) {
      expect(await page.buttonsOf(ordersFace)).toEqual(["Runbook"]);
      expect(await page.textOfMessage(ordersFace)).toMatch(/Writes stopped for \d/);
    }
    expect(await alice.replies()).toEqual(await bob.replies());
    await bob.screenshot("thread");
    await alice.closeThread();
    await alice.screenshot("settled");
  });

  it("ends with the denial of one who may approve", async () => {
    await alice.type("/dolt failover billing");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/failover of billing.*Waiting for approval/s)));
    await bob.clickButton(billingFace, "Deny");
    await bob.waitForModal(/Deny this request/);
    await bob.fillField("Why", "not now");
    await bob.pressInModal("Deny");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/failover of billing.*Denied/s)));
    expect(await alice.buttonsOf(billingFace)).toEqual(["Runbook"]);
  });
});
