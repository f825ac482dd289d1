import { describe, expect, it } from "vitest";
import type { EdgeLog } from "../../../handlers/services.ts";
import { channels, people } from "../../../sandbox/slack/people.ts";
import {
  buttonClickRequest,
  type SignedRequest,
  signedRequest,
  slashCommandRequest,
} from "../../../sandbox/slack/signed-requests.ts";
import { answerLambdaEvent } from "../../../src/edge/lambda.ts";
import { SlackReceiver } from "../../../src/edge/receiver.ts";
import type { Payload, RawRequest } from "../../../src/edge/slack-request.ts";

const signingSecret = "sandbox-signing-secret";
const channel = channels["db-ops"];
const nowMs = 1_800_000_000_000;
const timestampSeconds = nowMs / 1_000;

/** A receiver whose app only notes what it was given. */
function aReceiver() {
  const seen: Payload[] = [];
  const quiet: EdgeLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const receiver = new SlackReceiver({ signingSecret, clock: { nowMs: () => nowMs }, log: quiet });
  receiver.init({
    processEvent: async ({ body, ack }) => {
      seen.push(body);
      await ack({ text: "noted" });
    },
  });
  return { receiver, seen };
}

describe("what is answered without the app", () => {
  it("an ssl_check, only when it is signed", async () => {
    const { receiver, seen } = aReceiver();
    const type = "application/x-www-form-urlencoded";
    const check = signedRequest("ssl_check=1&token=x", type, { timestampSeconds });
    expect(await receiver.handle(raw(check))).toMatchObject({ statusCode: 200, body: "" });
    const unsigned = { ...check, headers: { "content-type": type } };
    expect(await receiver.handle(raw(unsigned))).toMatchObject({ statusCode: 401 });
    expect(seen).toEqual([]);
  });

  it("Slack's question whose address this is", async () => {
    const { receiver } = aReceiver();
    const body = JSON.stringify({ type: "url_verification", challenge: "abc" });
    const answer = await receiver.handle(raw(signedRequest(body, "application/json", { timestampSeconds })));
    expect(answer).toMatchObject({ statusCode: 200, body: '{"challenge":"abc"}' });
  });
});

describe("what reaches the app", () => {
  const command = { user: people.alice, channel, command: "/dolt", text: "failover orders --reason “später, 日本”" };

  it("a command, and a repeated delivery of it, which Redis knows", async () => {
    const { receiver, seen } = aReceiver();
    const request = raw(slashCommandRequest(command, { timestampSeconds }));
    expect(await receiver.handle(request)).toMatchObject({ statusCode: 200, body: '{"text":"noted"}' });
    expect(await receiver.handle(request)).toMatchObject({ statusCode: 200 });
    expect(seen.map(({ text }) => text)).toEqual([command.text, command.text]);
  });

  it("a click, once: the very same request again is refused", async () => {
    const { receiver, seen } = aReceiver();
    const fields = { user: people.bob, channel, messageTs: "1.0", actionId: "a", value: "v" };
    const request = raw(buttonClickRequest(fields, { timestampSeconds }));
    expect(await receiver.handle(request)).toMatchObject({ statusCode: 200 });
    expect(await receiver.handle(request)).toMatchObject({ statusCode: 401 });
    expect(seen).toHaveLength(1);
  });

  it.each([
    ["300 s old", timestampSeconds - 300, 200],
    ["301 s old", timestampSeconds - 301, 401],
    ["a little ahead", timestampSeconds + 30, 200],
    ["31 s ahead", timestampSeconds + 31, 401],
  ])("a request that is %s: %d → %d", async (_, seconds, statusCode) => {
    const { receiver } = aReceiver();
    const request = raw(slashCommandRequest(command, { timestampSeconds: seconds }));
    expect(await receiver.handle(request)).toMatchObject({ statusCode });
  });

  it("nothing that was changed after it was signed", async () => {
    const { receiver, seen } = aReceiver();
    const request = slashCommandRequest(command, { timestampSeconds });
    const changed = { ...request, body: request.body.replace("failover", "status") };
    expect(await receiver.handle(raw(changed))).toMatchObject({ statusCode: 401 });
    expect(seen).toEqual([]);
  });

  it("nothing that no listener takes", async () => {
    const { receiver } = aReceiver();
    receiver.init({ processEvent: async () => undefined });
    const request = raw(slashCommandRequest(command, { timestampSeconds }));
    expect(await receiver.handle(request)).toMatchObject({ statusCode: 404 });
  });
});

describe("on Lambda", () => {
  const command = { user: people.alice, channel, command: "/dolt", text: "status orders" };

  it.each([false, true])(
    "an event's body is decoded to the bytes that were signed (base64: %s)",
    async (isBase64Encoded) => {
      const { receiver, seen } = aReceiver();
      // Not escaped as a form should be: letters beyond ASCII are where a wrong decoding breaks the signature.
      const text = "command=%2Fdolt&text=Grüße&team_id=T1&user_id=U1&channel_id=C1&trigger_id=1.1";
      const request = signedRequest(text, "application/x-www-form-urlencoded", { timestampSeconds });
      const body = isBase64Encoded ? Buffer.from(text).toString("base64") : text;
      const event = { version: "2.0", rawPath: "/slack/events", headers: request.headers, body, isBase64Encoded };
      expect(await answerLambdaEvent(event, receiver)).toMatchObject({ statusCode: 200, body: '{"text":"noted"}' });
      expect(seen[0]?.text).toBe("Grüße");
    },
  );

  it("header names are taken in any case", async () => {
    const { receiver } = aReceiver();
    const request = slashCommandRequest(command, { timestampSeconds });
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    expect(await answerLambdaEvent({ headers, body: request.body }, receiver)).toMatchObject({ statusCode: 200 });
  });
});

function raw(request: SignedRequest): RawRequest {
  return { headers: request.headers, body: Buffer.from(request.body) };
}
