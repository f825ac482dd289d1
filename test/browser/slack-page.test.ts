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
});
