import { WebClient } from "@slack/web-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";

/**
 * What the project needs of Slack's Web API, run against the stand-in; error names and shapes are those of
 * https://docs.slack.dev/reference/methods.
 */
describe("a Slack Web API", () => {
  let slack: SlackWorkspace;
  let client: WebClient;
  let ops: string;

  beforeAll(async () => {
    slack = await startSlack();
    client = clientWith(slack.botToken);
    ops = slack.channels["db-ops"].id;
  });
  afterAll(() => slack?.close());

  const clientWith = (token: string) =>
    new WebClient(token, { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true });
  const section = (text: string, blockId: string) => ({
    type: "section" as const,
    block_id: blockId,
    text: { type: "mrkdwn" as const, text },
  });
  const buttons = (blockId: string) => ({
    type: "actions" as const,
    block_id: blockId,
    elements: [
      {
        type: "button" as const,
        action_id: "approve",
        style: "primary" as const,
        text: { type: "plain_text" as const, text: "Approve" },
        value: "request-1",
      },
    ],
  });
  const post = async (text: string): Promise<string> => {
    const { ts } = await client.chat.postMessage({
      channel: ops,
      text,
      blocks: [section(text, "face"), buttons("actions")],
    });
    if (ts === undefined) throw new Error("chat.postMessage gave no ts");
    return ts;
  };
  /** The platform error of a call that is refused. */
  const errorOf = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
    } catch (error) {
      if (error instanceof Error && "data" in error) {
        return String((error.data as { error: unknown }).error);
      }
      throw error;
    }
    throw new Error("the call was not refused");
  };

  it("tells whose token it is", async () => {
    expect(await client.auth.test()).toMatchObject({ ok: true, team_id: slack.teamId, user_id: slack.botUserId });
    expect(await errorOf(clientWith("xoxb-of-someone-else").auth.test())).toBe("invalid_auth");
    expect(await errorOf(new WebClient(undefined, { slackApiUrl: slack.apiUrl }).auth.test())).toBe("not_authed");
  });

  it("posts a message with blocks and answers its ts", async () => {
    const ts = await post("Failover of orders");
    const message = (await slack.messages(slack.channels["db-ops"])).find((one) => one.ts === ts);
    expect(message).toMatchObject({ user: slack.botUserId, content: "Failover of orders\nApprove", threadTs: null });
    expect(message?.buttons).toMatchObject([{ actionId: "approve", value: "request-1", style: "primary" }]);
  });

  it("keeps replies in their thread", async () => {
    const ts = await post("root");
    await client.chat.postMessage({ channel: ops, text: "first step", thread_ts: ts });
    await client.chat.postMessage({ channel: ops, text: "second step", thread_ts: ts });
    const { messages } = await client.conversations.replies({ channel: ops, ts });
    expect(messages?.map((message) => message.text)).toEqual(["root", "first step", "second step"]);
    expect((await slack.thread(slack.channels["db-ops"], ts)).map((message) => message.content)).toEqual([
      "first step",
      "second step",
    ]);
    expect(await errorOf(client.conversations.replies({ channel: ops, ts: "1.000001" }))).toBe("thread_not_found");
  });

  it("edits a message in place, blocks and all", async () => {
    const ts = await post("before");
    await client.chat.update({ channel: ops, ts, text: "after", blocks: [section("after", "face-2")] });
    const message = (await slack.messages(slack.channels["db-ops"])).find((one) => one.ts === ts);
    expect(message).toMatchObject({ content: "after", isEdited: true, buttons: [] });
  });

  it("keeps the old blocks and buttons of an update without blocks, and warns the test of it", async () => {
    const ts = await post("before");
    await client.chat.update({ channel: ops, ts, text: "after" });
    const message = (await slack.messages(slack.channels["db-ops"])).find((one) => one.ts === ts);
    expect(message?.buttons).toHaveLength(1);
    expect(slack.warnings).toContainEqual(expect.stringContaining(`chat.update of ${ts} without blocks`));
  });

  it("shows an ephemeral message to one person only", async () => {
    const { alice, bob } = slack.users;
    await client.chat.postEphemeral({ channel: ops, user: alice.id, text: "only for Alice" });
    expect((await slack.ephemerals(alice)).map((message) => message.content)).toContain("only for Alice");
    expect(await slack.ephemerals(bob)).toEqual([]);
    const { messages } = await client.conversations.history({ channel: ops });
    expect(messages?.map((message) => message.text)).not.toContain("only for Alice");
    expect(await errorOf(client.chat.postEphemeral({ channel: ops, user: "U0NOBODY", text: "x" }))).toBe(
      "user_not_in_channel",
    );
  });

  it("links to a message", async () => {
    const ts = await post("linked");
    const { permalink } = await client.chat.getPermalink({ channel: ops, message_ts: ts });
    expect(permalink).toMatch(new RegExp(`/archives/${ops}/p${ts.replace(".", "")}$`));
    expect(await errorOf(client.chat.getPermalink({ channel: ops, message_ts: "1.000001" }))).toBe("message_not_found");
  });

  it("tells of a person what decides whether they may approve", async () => {
    const { alice, dave, gina } = slack.users;
    expect((await client.users.info({ user: alice.id })).user).toMatchObject({
      id: alice.id,
      team_id: slack.teamId,
      tz: "Europe/Berlin",
      deleted: false,
      is_bot: false,
      is_restricted: false,
      is_ultra_restricted: false,
      is_email_confirmed: true,
      profile: { email: alice.email },
    });
    expect((await client.users.info({ user: gina.id })).user).toMatchObject({ is_restricted: true });
    slack.changePerson(dave, { deleted: true });
    expect((await client.users.info({ user: dave.id })).user).toMatchObject({ deleted: true });
    expect(await errorOf(client.users.info({ user: "U0NOBODY" }))).toBe("user_not_found");
  });

  it("tells who is in a group, by its id", async () => {
    const { bob, carol } = slack.users;
    const { approvers } = slack.groups;
    expect((await client.usergroups.users.list({ usergroup: approvers.id })).users).toEqual([bob.id, carol.id]);
    slack.setGroup(approvers, [carol]);
    expect((await client.usergroups.users.list({ usergroup: approvers.id })).users).toEqual([carol.id]);
    slack.setGroup(approvers, [bob, carol]);
    expect(await errorOf(client.usergroups.users.list({ usergroup: "S0NONE" }))).toBe("no_such_subteam");
    slack.changeGroup(approvers, { isDisabled: true });
    expect(await errorOf(client.usergroups.users.list({ usergroup: approvers.id }))).toBe("no_such_subteam");
    slack.changeGroup(approvers, { isDisabled: false });
  });

  it("tells of all groups at once, disabled ones and members only where they are asked for", async () => {
    const { approvers, oncall } = slack.groups;
    const idsOf = (answer: { usergroups?: { id?: string }[] }) => answer.usergroups?.map(({ id }) => id);
    slack.changeGroup(oncall, { isDisabled: true });
    expect(idsOf(await client.usergroups.list())).toEqual([approvers.id]);
    const { usergroups } = await client.usergroups.list({ include_disabled: true, include_users: true });
    expect(usergroups).toMatchObject([
      { id: oncall.id, date_delete: expect.any(Number), users: oncall.members },
      { id: approvers.id, date_delete: 0, users: approvers.members },
    ]);
    expect(usergroups?.[0]?.date_delete).toBeGreaterThan(0);
    slack.changeGroup(oncall, { isDisabled: false });
  });

  it("finds people by their e-mail address while they are active", async () => {
    const { carol } = slack.users;
    expect((await client.users.lookupByEmail({ email: carol.email })).user).toMatchObject({
      id: carol.id,
      is_email_confirmed: true,
      profile: { email: carol.email },
    });
    expect(await errorOf(client.users.lookupByEmail({ email: "nobody@example.com" }))).toBe("users_not_found");
    slack.changePerson(carol, { deleted: true });
    expect(await errorOf(client.users.lookupByEmail({ email: carol.email }))).toBe("users_not_found");
    slack.changePerson(carol, { deleted: false });
  });

  it("tells whether a channel is shared with others, and whether the bot is in it", async () => {
    const { supplier, random } = slack.channels;
    expect((await client.conversations.info({ channel: supplier.id })).channel).toMatchObject({ is_ext_shared: true });
    expect((await client.conversations.info({ channel: random.id })).channel).toMatchObject({ is_member: false });
  });

  it("refuses to post where it cannot", async () => {
    const say = (channel: string, text = "x") => errorOf(client.chat.postMessage({ channel, text }));
    expect(await say("C0NONE")).toBe("channel_not_found");
    expect(await say(slack.channels.random.id)).toBe("not_in_channel");
    slack.changeChannel(slack.channels.incidents, { isArchived: true });
    expect(await say(slack.channels.incidents.id)).toBe("is_archived");
    slack.changeChannel(slack.channels.incidents, { isArchived: false });
    expect(await say(ops, "")).toBe("no_text");
    expect(await errorOf(client.chat.update({ channel: ops, ts: "1.000001", text: "x", blocks: [] }))).toBe(
      "message_not_found",
    );
  });

  it("refuses blocks beyond Block Kit's limits, and says where", async () => {
    const blocks = Array.from({ length: 51 }, (_, index) => section("x", `block-${index}`));
    const refused = client.chat.postMessage({ channel: ops, text: "x", blocks });
    await expect(refused).rejects.toMatchObject({
      data: { error: "invalid_blocks", errors: ["no more than 50 items allowed [json-pointer:/blocks]"] },
    });
  });
});
