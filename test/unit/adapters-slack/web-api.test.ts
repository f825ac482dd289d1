import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SlackChat } from "../../../src/adapters/slack/chat.ts";
import { SlackPeople } from "../../../src/adapters/slack/people.ts";
import { type CallSlack, createSlackCall } from "../../../src/adapters/slack/web-api.ts";
import { samePerson } from "../../../src/domain/people.ts";
import { ChatError } from "../../../src/ports/chat.ts";

const botToken = "xoxb-very-secret";
const message = { text: "hello", blocks: [{ type: "divider" }] };
const bob = { teamId: "T1", userId: "U1" };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answer: Answer;
let requests = 0;
let call: CallSlack;
const server = createServer((request, response) => {
  requests += 1;
  request.resume();
  request.once("end", () => answer(request, response));
});

beforeEach(async () => {
  requests = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  call = createSlackCall({ botToken, apiUrl: `http://127.0.0.1:${port}/api/` });
});

afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

const soon = () => AbortSignal.timeout(5_000);
const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };

describe("Slack's messages", () => {
  it("are posted with the token and their blocks", async () => {
    let authorization: string | undefined;
    answer = (request, response) => {
      authorization = request.headers.authorization;
      json(200, { ok: true, ts: "1.5" })(request, response);
    };
    expect(await new SlackChat(call).post("C1", message, null, soon())).toEqual({ ts: "1.5" });
    expect(authorization).toBe(`Bearer ${botToken}`);
  });

  it.each<[string, Answer, object]>([
    [
      "a clear no",
      json(200, { ok: false, error: "not_in_channel" }),
      { outcome: "refused", slackError: "not_in_channel" },
    ],
    ["a pause", json(429, { ok: false }, { "retry-after": "7" }), { outcome: "slow_down", retryAfterMs: 7_000 }],
    ["a pause of unknown length", json(200, { ok: false, error: "ratelimited" }), { outcome: "slow_down" }],
    ["trouble inside Slack", json(200, { ok: false, error: "internal_error" }), { outcome: "unknown" }],
    ["an error of HTTP", json(503, {}), { outcome: "unknown", slackError: "no_answer" }],
    ["no JSON", (_, response) => response.end("<html>"), { outcome: "unknown" }],
    ["an answer without what was asked for", json(200, { ok: true }), { outcome: "unknown" }],
    ["a connection that breaks", (request) => request.socket.destroy(), { outcome: "unknown" }],
  ])("fail without a retry and without the token: %s", async (_, given, expected) => {
    answer = given;
    const error = await failureOf(new SlackChat(call).post("C1", message, null, soon()));
    expect(error).toMatchObject(expected);
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(botToken);
    expect(requests).toBe(1);
  });

  it("that get no answer in time have an unknown outcome", async () => {
    answer = () => undefined;
    const error = await failureOf(new SlackChat(call).update("C1", "1.0", message, AbortSignal.timeout(50)));
    expect(error.outcome).toBe("unknown");
  });

  it("that are too late already are not sent", async () => {
    const error = await failureOf(new SlackChat(call).update("C1", "1.0", message, AbortSignal.abort()));
    expect(error.outcome).toBe("slow_down");
    expect(requests).toBe(0);
  });
});

describe("an account", () => {
  const full = { id: "U1", team_id: "T1", profile: { email: "bob@example.com" } };
  it.each([
    ["a full member", full, null],
    ["deactivated", { ...full, deleted: true }, "it is deactivated"],
    ["a bot", { ...full, is_bot: true }, "it is a bot"],
    ["a workflow", { ...full, is_workflow_bot: true }, "it is a bot"],
    ["a multi-channel guest", { ...full, is_restricted: true }, "it is a guest"],
    ["a single-channel guest", { ...full, is_ultra_restricted: true }, "it is a guest"],
    ["a stranger", { ...full, is_stranger: true }, "it belongs to another organisation"],
    ["of another workspace", { ...full, team_id: "T2" }, "it belongs to another workspace"],
    ["of no known workspace", { id: "U1" }, "it belongs to another workspace"],
    ["invited only", { ...full, is_invited_user: true }, "its invitation was not accepted yet"],
    ["that cannot be told from a twin", { ...full, profile: {} }, expect.stringContaining("users:read.email")],
  ])("is judged: %s", async (_, user, objection) => {
    answer = json(200, { ok: true, user });
    expect((await new SlackPeople(call, { teamId: "T1" }).look(bob, soon())).objection).toEqual(objection);
  });

  it("is known by its organisation on Enterprise Grid", async () => {
    const home = { teamId: "T1", enterpriseId: "E1" };
    const people = new SlackPeople(call, home);
    answer = json(200, {
      ok: true,
      user: { ...full, team_id: "T9", enterprise_user: { id: "W1", enterprise_id: "E1" } },
    });
    const known = await people.look(bob, soon());
    expect(known).toMatchObject({ objection: null, person: bob });
    expect(known.person.aliases).toContain("enterprise:E1/W1");
    answer = json(200, { ok: true, user: full });
    expect((await people.look(bob, soon())).objection).toBe("it belongs to another organisation");
    answer = json(200, { ok: true, user: { ...full, enterprise_user: { id: "W1", enterprise_id: "E2" } } });
    expect((await people.look(bob, soon())).objection).toBe("it belongs to another organisation");
  });

  it("is told from others, and known with its twins, by its e-mail address", async () => {
    const people = new SlackPeople(call, { teamId: "T1" });
    answer = json(200, { ok: true, user: full });
    const { person } = await people.look(bob, soon());
    answer = json(200, { ok: true, user: { ...full, id: "U2", profile: { email: "Bob+2@example.com" } } });
    const twin = await people.look({ teamId: "T1", userId: "U2" }, soon());
    answer = json(200, { ok: true, user: { ...full, id: "U3", profile: { email: "carol@example.com" } } });
    const other = await people.look({ teamId: "T1", userId: "U3" }, soon());
    expect(samePerson(person, twin.person)).toBe(true);
    expect(samePerson(person, other.person)).toBe(false);
  });

  it("that Slack does not know is not trusted", async () => {
    answer = json(200, { ok: false, error: "user_not_found" });
    expect((await new SlackPeople(call, { teamId: "T1" }).look(bob, soon())).objection).toBe("Slack does not know it");
  });

  it("about which Slack says nothing, or something of another, is no answer", async () => {
    const people = new SlackPeople(call, { teamId: "T1" });
    for (const given of [{ ok: false, error: "internal_error" }, { ok: true }, { ok: true, user: { id: "U2" } }]) {
      answer = json(200, given);
      expect((await failureOf(people.look(bob, soon()))).outcome).toBe("unknown");
    }
  });
});

async function failureOf(work: Promise<unknown>): Promise<ChatError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ChatError) return error;
  throw new Error(`expected a ChatError, not ${String(error)}`);
}
