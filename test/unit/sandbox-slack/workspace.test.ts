import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isValidSlackRequest } from "@slack/bolt";
import { LogLevel, WebClient } from "@slack/web-api";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";

/** An app of a few lines that answers what a test tells it to. */
class TinyApp {
  readonly requests: { headers: IncomingMessage["headers"]; body: string }[] = [];
  answer: (response: ServerResponse, form: URLSearchParams) => void = (response) => response.end();
  readonly #server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    this.requests.push({ headers: request.headers, body });
    this.answer(response, new URLSearchParams(body));
  });

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}/slack/events`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe("the Slack workspace", () => {
  let slack: SlackWorkspace;
  let app: TinyApp;
  let client: WebClient;
  const within = { deadlineMs: 10_000 };

  beforeAll(async () => {
    app = new TinyApp();
    slack = await startSlack();
    await app.listen();
    slack.setRequestUrl(app.url);
    client = new WebClient(slack.botToken, {
      slackApiUrl: slack.apiUrl,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      logLevel: LogLevel.ERROR,
    });
  });
  afterAll(async () => {
    await slack?.close();
    await app?.close();
  });
  beforeEach(() => {
    app.requests.length = 0;
    app.answer = (response) => response.end();
  });
  afterEach(() => slack.heal());

  const post = async (text: string) => {
    const { ts } = await client.chat.postMessage({
      channel: slack.channels["db-ops"].id,
      text,
      blocks: [
        {
          type: "actions",
          elements: [
            { type: "button", action_id: "approve", value: "v", text: { type: "plain_text", text: "Approve" } },
          ],
        },
      ],
    });
    if (ts === undefined) throw new Error("no ts");
    return ts;
  };

  it("delivers a command, signed, and shows the answer to the asker only", async () => {
    app.answer = (response) =>
      response.setHeader("content-type", "application/json").end('{"text":"Looking at orders"}');
    await slack.command(slack.users.alice, slack.channels["db-ops"], "/dolt", "failover orders");
    const [request] = app.requests;
    expect(
      isValidSlackRequest({
        signingSecret: slack.signingSecret,
        body: request?.body ?? "",
        headers: {
          "x-slack-signature": String(request?.headers["x-slack-signature"]),
          "x-slack-request-timestamp": Number(request?.headers["x-slack-request-timestamp"]),
        },
      }),
    ).toBe(true);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toMatchObject({
      team_id: slack.teamId,
      user_id: slack.users.alice.id,
      channel_id: slack.channels["db-ops"].id,
      command: "/dolt",
      text: "failover orders",
    });
    expect((await slack.ephemerals(slack.users.alice)).map((message) => message.content)).toContain(
      "Looking at orders",
    );
    expect((await slack.messages(slack.channels["db-ops"])).map((message) => message.content)).not.toContain(
      "Looking at orders",
    );
  });

  it("tells the asker when the app is not there", async () => {
    app.answer = (response) => response.writeHead(500).end();
    await slack.command(slack.users.carol, slack.channels["db-ops"], "/dolt", "status");
    expect((await slack.ephemerals(slack.users.carol)).map((message) => message.content)).toEqual([
      '/dolt failed with the error "dispatch_failed"',
    ]);
  });

  it("tells the asker when the app took too long, and the test how long that was", async () => {
    const hasty = await startSlack({ acknowledgeDeadlineMs: 50 });
    try {
      hasty.setRequestUrl(app.url);
      app.answer = () => undefined;
      await hasty.command(hasty.users.alice, hasty.channels.incidents, "/dolt", "status");
      expect((await hasty.ephemerals(hasty.users.alice)).map((message) => message.content)).toEqual([
        '/dolt failed with the error "operation_timeout"',
      ]);
      expect(hasty.deliveries).toMatchObject([{ kind: "slash_commands", status: null, answer: "operation_timeout" }]);
    } finally {
      await hasty.close();
    }
  });

  it("names a port of the page that is taken", async () => {
    const { port } = new URL(slack.url);
    await expect(startSlack({ port: Number(port) })).rejects.toThrow(`Port ${port} is taken`);
  });

  it("sends no event that the app has not subscribed to", async () => {
    await slack.say(slack.users.alice, slack.channels["db-ops"], "good morning");
    expect(app.requests).toEqual([]);
  });

  it("delivers a click with the clicker's own workspace, and the same click again", async () => {
    const ts = await post("approve me");
    await slack.click(slack.users.bob, slack.channels["db-ops"], ts, "approve");
    const [delivery] = slack.deliveries.slice(-1);
    if (delivery === undefined) throw new Error("nothing was delivered");
    await slack.redeliver(delivery);
    expect(app.requests.map((request) => request.body)).toEqual([delivery.body, delivery.body]);
    expect(JSON.parse(new URLSearchParams(delivery.body).get("payload") ?? "")).toMatchObject({
      type: "block_actions",
      user: { id: slack.users.bob.id, team_id: slack.teamId },
      container: { message_ts: ts, channel_id: slack.channels["db-ops"].id, is_ephemeral: false },
      actions: [{ action_id: "approve", value: "v" }],
    });
    await expect(slack.click(slack.users.bob, slack.channels["db-ops"], ts, "deny")).rejects.toThrow(
      "there are: approve",
    );
  });

  it("lets a response URL be used five times, and counts", async () => {
    let responseUrl = "";
    app.answer = (response, form) => {
      responseUrl = form.get("response_url") ?? "";
      response.end();
    };
    await slack.command(slack.users.dave, slack.channels["db-ops"], "/dolt", "status");
    const use = (text: string) =>
      fetch(responseUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text }),
      });
    const statuses: number[] = [];
    for (const number of [1, 2, 3, 4, 5, 6]) statuses.push((await use(`answer ${number}`)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
    expect(slack.responseUrlUses).toHaveLength(6);
    expect(await slack.ephemerals(slack.users.dave)).toHaveLength(5);
  });

  it("waits for a message that comes later, or says what there is", async () => {
    const waiting = slack.waitForMessage((message) => message.content.includes("comes later"), within);
    await slack.say(slack.users.alice, slack.channels["db-ops"], "this comes later");
    expect((await waiting).user).toBe(slack.users.alice.id);
    await expect(slack.waitForMessage((message) => message.content === "never", { deadlineMs: 1 })).rejects.toThrow(
      "this comes later",
    );
    const signal = AbortSignal.abort(new Error("the test is over"));
    await expect(slack.waitForMessage(() => false, { ...within, signal })).rejects.toThrow("the test is over");
  });

  it("loses the answer of a call that was done", async () => {
    slack.fault("chat.postMessage", { kind: "lostAnswer" });
    await expect(
      client.chat.postMessage({ channel: slack.channels["db-ops"].id, text: "sent, unknown" }),
    ).rejects.toThrow();
    expect((await slack.messages(slack.channels["db-ops"])).map((message) => message.content)).toContain(
      "sent, unknown",
    );
  });

  it("loses a call before it was done, answers with a status, or with Retry-After", async () => {
    const say = (text: string) => client.chat.postMessage({ channel: slack.channels["db-ops"].id, text });
    slack.fault("chat.postMessage", { kind: "lostRequest" });
    await expect(say("never sent")).rejects.toThrow();
    slack.fault("chat.postMessage", { kind: "status", status: 503 });
    await expect(say("never sent")).rejects.toMatchObject({ statusCode: 503 });
    slack.fault("chat.postMessage", { kind: "ratelimited", retryAfterSeconds: 7 });
    await expect(say("never sent")).rejects.toMatchObject({ retryAfter: 7 });
    slack.fault("chat.postMessage", { kind: "error", error: "fatal_error" });
    await expect(say("never sent")).rejects.toMatchObject({ data: { error: "fatal_error" } });
    expect((await slack.messages(slack.channels["db-ops"])).map((message) => message.content)).not.toContain(
      "never sent",
    );
    expect(
      slack
        .calls("chat.postMessage")
        .slice(-4)
        .map((call) => call.fault),
    ).toEqual(["lostRequest", "status", "ratelimited", "error"]);
  });

  it("lets a later update overtake a held one", async () => {
    const channel = slack.channels["db-ops"].id;
    const ts = await post("draw me");
    const held = slack.fault("chat.update", { kind: "hold" });
    const older = client.chat.update({ channel, ts, text: "older", blocks: [] });
    await held.met;
    await client.chat.update({ channel, ts, text: "newer", blocks: [] });
    held.release();
    await older;
    expect((await slack.messages(slack.channels["db-ops"])).find((message) => message.ts === ts)?.content).toBe(
      "older",
    );
  });
});
