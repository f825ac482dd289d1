import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandboxCluster } from "../../sandbox/cluster.ts";
import { startDemo } from "../../sandbox/demo/demo.ts";
import { Resources } from "../../sandbox/demo/resources.ts";
import { channels, people } from "../../sandbox/slack/people.ts";
import { chromiumPath, launchChromium } from "./support/chromium.ts";
import { openSlackAs, type SlackPage } from "./support/slack-page.ts";

const ordersFace = /dolt failover of orders/;
const restartFace = /dolt restart of orders/;
const billingFace = /dolt failover of billing/;

describe.skipIf(chromiumPath === null)("what people see in Slack beside commands", () => {
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

  it("a form asks for operation, target, options and reason, tells mistakes, and ends in the same request as a typed command", async () => {
    await alice.type("/dolt");
    await alice.waitForModal(/What to do/);
    await alice.choose("What to do", "failover");
    await alice.choose("Target", "orders");
    await alice.pressInModal("Next");
    await alice.waitForModal(/failover of orders.*Needs the approval of/s);
    await alice.fillField(/--min-caught-up/, "many");
    await alice.fillField("Why", "node upgrade");
    await alice.pressInModal("Ask");
    await alice.waitForModal(/It has to be/);
    await alice.fillField(/--min-caught-up/, "1");
    await alice.screenshot("form-options");
    await alice.pressInModal("Ask");
    await alice.waitForModal(/Recorded: request/);
    await alice.pressInModal("Close");
    await alice.waitForNoModal();

    await Promise.all([alice, bob].map((page) => page.waitForMessage(/0 of 1 approvals · needs 1 of/)));
    expect(await bob.textOfMessage(ordersFace)).toMatch(/reason: node upgrade/);
  });

  it("Home shows whoever can approve what waits for them, and nobody else", async () => {
    await bob.openHome();
    await bob.waitForHome(/Waiting for you.*dolt failover of orders/s);
    expect(await bob.textOfHome()).toMatch(/worker alive, last seen/);
    await bob.screenshot("home");
    await alice.openHome();
    await alice.waitForHome(/Nothing waits for your approval/);
    await Promise.all([alice, bob].map((page) => page.openChannel(channels["db-ops"])));
    await bob.clickButton(ordersFace, "Approve");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/failover of orders.*Succeeded/s)));
  });

  it("a freeze is told to all, refuses what would change the target with who, why and until when, and is lifted", async () => {
    await alice.type('/handover freeze billing for 2h "load test"');
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/Frozen: billing.*load test/s)));
    await bob.type("/dolt failover billing");
    await bob.waitForMessage(/failover of billing.*Refused.*is frozen by .* until .*load test/s);
    expect(await bob.buttonsOf(billingFace)).not.toContain("Approve");
    await bob.screenshot("frozen");
    await bob.openHome();
    await bob.waitForHome(/Frozen.*billing.*load test/s);
    await bob.openChannel(channels["db-ops"]);
    await bob.type("/handover unfreeze billing");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/Freeze lifted: billing/)));
  });

  it("what was refused at its start is planned anew with one click", async () => {
    await alice.type("/dolt failover billing --reason disk");
    await bob.waitForMessage(/failover of billing.*Waiting for approval.*reason: disk/s);
    await alice.type('/handover freeze billing "deploy"');
    await bob.waitForMessage(/Frozen: billing.*deploy/s);
    await bob.clickButton(billingFace, "Approve");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/failover of billing.*Refused.*deploy/s)));
    await alice.type("/handover unfreeze billing");
    await alice.waitForMessage(/Freeze lifted: billing.*/s);
    await alice.clickButton(billingFace, "Re-plan");
    await bob.waitForMessage(/failover of billing.*Waiting for approval.*reason: disk/s);
    expect(await alice.buttonsOf(billingFace)).toEqual(["Approve", "Deny", "Withdraw", "Runbook"]);
  });

  it("Deny asks why, and everybody reads it", async () => {
    await bob.clickButton(billingFace, "Deny");
    await bob.waitForModal(/Deny this request/);
    await bob.fillField("Why", "not before the backup");
    await bob.pressInModal("Deny");
    await Promise.all(
      [alice, bob].map((page) => page.waitForMessage(/failover of billing.*Denied.*not before the backup/s)),
    );
    expect(await alice.buttonsOf(billingFace)).not.toContain("Approve");
  });

  it("who asked takes it back", async () => {
    await alice.type("/dolt failover billing --reason again");
    await alice.waitForMessage(/failover of billing.*Waiting for approval.*reason: again/s);
    await alice.clickButton(billingFace, "Withdraw");
    await Promise.all(
      [alice, bob].map((page) => page.waitForMessage(/failover of billing.*Withdrawn.*reason: again/s)),
    );
  });

  it("a rolling restart is paused and stopped where it stands; asked for again, it is paused, goes on and ends", {
    timeout: 180_000,
  }, async () => {
    const isPaused = /restart of orders.*Paused by @Bob/s;
    await alice.type("/dolt restart orders --reason rolling");
    await bob.waitForMessage(/restart of orders.*Waiting for approval/s);
    await bob.clickButton(restartFace, "Approve");
    await bob.clickButton(restartFace, "Pause");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(isPaused, 60_000)));
    expect(await alice.buttonsOf(restartFace)).toEqual(["Resume", expect.stringMatching(/Stop|Cancel/), "Runbook"]);
    await alice.clickButton(restartFace, /Stop|Cancel/);
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/restart of orders.*Cancelled/s, 60_000)));
    expect(await bob.buttonsOf(restartFace)).not.toContain("Resume");

    await alice.clickButton(restartFace, "Retry");
    await bob.waitForMessage(/restart of orders.*Waiting for approval.*reason: rolling/s);
    await bob.clickButton(restartFace, "Approve");
    await bob.clickButton(restartFace, "Pause");
    await alice.waitForMessage(isPaused, 60_000);
    await alice.clickButton(restartFace, "Resume");
    await Promise.all([alice, bob].map((page) => page.waitForMessage(/restart of orders.*Succeeded/s, 120_000)));
    expect(await bob.buttonsOf(restartFace)).not.toContain("Stop");
  });

  it("what is to begin later is approved now, waits, and is taken back", async () => {
    await alice.type("/dolt failover billing in 2h --reason tonight");
    await bob.waitForMessage(/failover of billing.*Waiting for approval.*reason: tonight/s);
    await bob.clickButton(billingFace, "Approve");
    await Promise.all(
      [alice, bob].map((page) => page.waitForMessage(/failover of billing.*Approved.*reason: tonight/s)),
    );
    await bob.screenshot("later");
    await alice.clickButton(billingFace, "Withdraw");
    await Promise.all(
      [alice, bob].map((page) => page.waitForMessage(/failover of billing.*Withdrawn.*reason: tonight/s)),
    );
  });

  it("a dry run shows the plan, and asks nobody", async () => {
    await alice.type("/dolt failover billing --dry-run --reason rehearsal");
    await Promise.all(
      [alice, bob].map((page) => page.waitForMessage(/failover of billing.*reason: rehearsal.*Demote billing-/s)),
    );
    expect(await bob.buttonsOf(billingFace)).not.toContain("Approve");
  });

  it("history and status answer whoever asks, alone", async () => {
    const before = await alice.messageCount();
    await bob.type("/handover history");
    await bob.waitForMessage(/The newest requests.*dolt failover of billing.*dolt failover of orders/s);
    await bob.type("/handover status");
    await bob.waitForMessage(/worker alive/);
    await bob.type("/handover frezze orders for 2h");
    await bob.waitForMessage(/Did you mean: \/handover freeze orders for 2h/);
    expect(await alice.messageCount()).toBe(before);
  });
});
