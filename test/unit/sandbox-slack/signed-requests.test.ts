import { isValidSlackRequest } from "@slack/bolt";
import { describe, expect, it } from "vitest";
import { app, channels, people, team } from "../../../sandbox/slack/people.ts";
import { buttonClickRequest, type SignedRequest, slashCommandRequest } from "../../../sandbox/slack/signed-requests.ts";

const isAccepted = (request: SignedRequest) =>
  isValidSlackRequest({
    signingSecret: app.signingSecret,
    body: request.body,
    headers: {
      "x-slack-signature": request.headers["x-slack-signature"] ?? "",
      "x-slack-request-timestamp": Number(request.headers["x-slack-request-timestamp"]),
    },
  });

const command = { user: people.alice, channel: channels["db-ops"], command: "/dolt", text: "failover orders — café" };

describe("requests signed as Slack signs them", () => {
  it("pass Bolt's verification, with UTF-8 in them", () => {
    expect(isAccepted(slashCommandRequest(command))).toBe(true);
  });

  it("fail it when old, when signed by another secret, or when the signature is set", () => {
    const old = Math.floor(Date.now() / 1000) - 301;
    expect(isAccepted(slashCommandRequest(command, { timestampSeconds: old }))).toBe(false);
    expect(isAccepted(slashCommandRequest(command, { signingSecret: "another" }))).toBe(false);
    expect(isAccepted(slashCommandRequest(command, { signature: `v0=${"0".repeat(64)}` }))).toBe(false);
  });

  it("tell a click's own workspace in user.team_id, and the app's in team.id", () => {
    const zoe = { ...people.dave, id: "U0ZOE", teamId: "T0ELSEWHERE" };
    const request = buttonClickRequest({
      user: zoe,
      channel: channels["db-ops"],
      messageTs: "1.000001",
      actionId: "approve",
      value: "request-1",
    });
    expect(isAccepted(request)).toBe(true);
    expect(JSON.parse(new URLSearchParams(request.body).get("payload") ?? "")).toMatchObject({
      type: "block_actions",
      user: { id: "U0ZOE", team_id: "T0ELSEWHERE" },
      team: { id: team.id },
      container: { message_ts: "1.000001", channel_id: channels["db-ops"].id },
      actions: [{ action_id: "approve", value: "request-1" }],
    });
  });

  it("carry a trigger id of their own, unless one is given", () => {
    const triggerOf = (request: SignedRequest) => new URLSearchParams(request.body).get("trigger_id");
    expect(triggerOf(slashCommandRequest(command))).not.toBe(triggerOf(slashCommandRequest(command)));
    expect(triggerOf(slashCommandRequest({ ...command, triggerId: "1.2.three" }))).toBe("1.2.three");
  });
});
