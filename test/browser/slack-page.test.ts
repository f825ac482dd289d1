import { WebClient } from "@slack/web-api";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SlackWorkspace, startSlack } from "../../sandbox/slack/workspace.ts";
import { chromiumPath, launchChromium } from "./support/chromium.ts";
import { openSlackAs, type SlackPage } from "./support/slack-page.ts";

describe.skipIf(chromiumPath === null)("the Slack page, in a browser", () => {
  let slack: SlackWorkspace;
  let browser: Browser;
  let alice: SlackPage;
  let bob: SlackPage;

  beforeAll(async () => {
    slack = await startSlack();
    browser = await launchChromium();
    [alice, bob] = await Promise.all([
      openSlackAs(browser, slack.url, slack.users.alice),
      openSlackAs(browser, slack.url, slack.users.bob),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await slack?.close();
  });

  it("shows two people the same message, its thread, and what one of them clicks", async () => {
    const channel = slack.channels["db-ops"];
    const client = new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl });
    await Promise.all([alice.openChannel(channel), bob.openChannel(channel)]);
    await alice.type("hello from Alice");
    await bob.waitForMessage("hello from Alice");

    const { ts } = await client.chat.postMessage({
      channel: channel.id,
      text: "Approve me",
      blocks: [
        { type: "header", text: { type: "plain_text", text: "Approve me" } },
        {
          type: "actions",
          block_id: "actions-1",
          elements: [
            { type: "button", action_id: "approve", value: "1", text: { type: "plain_text", text: "Approve" } },
          ],
        },
      ],
    });
    await Promise.all([alice.waitForMessage("Approve me"), bob.waitForMessage("Approve me")]);
    expect(await alice.buttonsOf("Approve me")).toEqual(["Approve"]);

    await bob.clickButton("Approve me", "Approve");
    await client.chat.postMessage({ channel: channel.id, thread_ts: ts ?? "", text: "Bob approved" });
    await Promise.all([alice.openThread("Approve me"), bob.openThread("Approve me")]);
    await Promise.all([alice.waitForReply("Bob approved"), bob.waitForReply("Bob approved")]);
    expect(await alice.replies()).toEqual(["Bob approved"]);
    await expect.poll(() => slack.deliveries.map((delivery) => delivery.kind)).toContain("interactive");
  });

  it("shows what only one of them was told to that one only", async () => {
    const channel = slack.channels.incidents;
    const client = new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl });
    await Promise.all([alice.openChannel(channel), bob.openChannel(channel)]);
    await client.chat.postEphemeral({ channel: channel.id, user: slack.users.alice.id, text: "Alice, you may not" });
    await client.chat.postMessage({ channel: channel.id, text: "said to all" });
    await Promise.all([alice.waitForMessage("said to all"), bob.waitForMessage("said to all")]);
    expect([await alice.messageCount(), await bob.messageCount()]).toEqual([2, 1]);

    const carol = await openSlackAs(browser, slack.url, slack.users.carol);
    await carol.openChannel(channel);
    await carol.waitForMessage("said to all");
    expect(await carol.messageCount()).toBe(1);
    await carol.close();
  });
});
