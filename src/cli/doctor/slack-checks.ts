import { createHmac } from "node:crypto";
import { z } from "zod";
import { createSlackCall } from "../../adapters/slack/web-api.ts";
import type { SlackSettings } from "../../config/environment.ts";
import type { Configuration } from "../../config/handover-yaml.ts";
import { ChatError } from "../../ports/chat.ts";
import { botScopes } from "../manifest/scopes.ts";
import { bad, type Finding, good, notChecked, warning } from "./finding.ts";

/** Of `auth.test` (https://docs.slack.dev/reference/methods/auth.test); the scopes come in a header of the answer. */
const identitySchema = z.object({
  team_id: z.string(),
  enterprise_id: z.string().nullish(),
  team: z.string().optional(),
  response_metadata: z.object({ scopes: z.array(z.string()).optional() }).optional(),
});

export interface SlackToLookAt {
  readonly slack: SlackSettings;
  readonly configuration: Configuration;
}

/** The token: whose it is, and what it may. */
export async function slackToken(at: SlackToLookAt, signal: AbortSignal): Promise<readonly Finding[]> {
  const subject = "Slack: bot token";
  let answer: unknown;
  try {
    answer = await createSlackCall(at.slack)("auth.test", {}, signal);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    return [bad(subject, `Slack says ${error.slackError}`, adviceOn(error.slackError))];
  }
  const identity = identitySchema.parse(answer);
  const { teamId, enterpriseId } = at.configuration.slack;
  const isHome = enterpriseId === undefined ? identity.team_id === teamId : identity.enterprise_id === enterpriseId;
  const whose = `of workspace ${identity.team ?? ""} (${identity.team_id})`;
  const token = isHome
    ? good(subject, `it is ${whose}, as handover.yaml says`)
    : bad(
        subject,
        `it is ${whose}, and handover.yaml says ${enterpriseId ?? teamId}`,
        "Set slack.teamId (and enterpriseId) in handover.yaml, or the token of that workspace in SLACK_BOT_TOKEN.",
      );
  return [token, scopesFinding(identity.response_metadata?.scopes)];
}

function scopesFinding(scopes: readonly string[] | undefined): Finding {
  const subject = "Slack: scopes";
  if (scopes === undefined) return notChecked(subject, "Slack's answer did not name them");
  const missing = botScopes.filter(({ scope }) => !scopes.includes(scope));
  const surplus = scopes.filter((scope) => !botScopes.some((known) => known.scope === scope));
  if (missing.length > 0) {
    const list = missing.map(({ scope, why }) => `${scope} (${why})`).join(", ");
    return bad(
      subject,
      `these are missing: ${list}`,
      "Paste what `npx handover manifest` prints into the app's manifest, and install the app anew.",
    );
  }
  if (surplus.length > 0) {
    return warning(
      subject,
      `more is granted than is used: ${surplus.join(", ")}`,
      "Take them from the app's manifest, and install it anew.",
    );
  }
  return good(subject, `${scopes.length}, all that are used and no more`);
}

function adviceOn(slackError: string): string {
  const ofToken = ["invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"];
  return ofToken.includes(slackError)
    ? "Take the bot token (xoxb-…) of the installed app from its page OAuth & Permissions, and set SLACK_BOT_TOKEN."
    : "Look whether this machine reaches Slack (SLACK_API_URL), and try again.";
}

/** Whether the app may post where each cluster's starts are announced. */
export async function clusterChannels(at: SlackToLookAt, signal: AbortSignal): Promise<readonly Finding[]> {
  const call = createSlackCall(at.slack);
  return await Promise.all(
    at.configuration.clusters.map(async ({ name, channel }) => {
      const subject = `Slack: channel of cluster ${name}`;
      try {
        const { channel: found } = channelSchema.parse(await call("conversations.info", { channel }, signal));
        if (found.is_archived)
          return bad(subject, `${channel} is archived`, `Name another channel for cluster ${name}.`);
        if (!found.is_member)
          return bad(subject, `the app is not in ${channel}`, "Invite it there: /invite @Handover.");
        return good(subject, `the app is in #${found.name ?? channel}`);
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        return bad(
          subject,
          `${channel}: Slack says ${error.slackError}`,
          "Invite the app there, or correct the id in handover.yaml.",
        );
      }
    }),
  );
}

/** Of `conversations.info` (https://docs.slack.dev/reference/methods/conversations.info). */
const channelSchema = z.object({
  channel: z.object({
    name: z.string().optional(),
    is_archived: z.boolean().default(false),
    is_member: z.boolean().default(false),
  }),
});

/**
 * Whether the edge at this address takes what this signing secret signs: a check that Slack itself sends, signed as Slack signs
 * (https://docs.slack.dev/authentication/verifying-requests-from-slack).
 */
export async function edgeAnswers(
  address: string,
  signingSecret: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const subject = `edge: ${address}`;
  const body = "ssl_check=1&token=none";
  const timestamp = String(Math.floor(nowMs / 1_000));
  const post = async (secret: string) => {
    const signature = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    };
    const response = await fetch(address, { method: "POST", headers, body, signal, redirect: "manual" });
    await response.body?.cancel();
    return response.status;
  };
  let status: number;
  try {
    status = await post(signingSecret);
  } catch (error) {
    const why =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : "") || error.message : "no answer";
    return [
      bad(subject, `it does not answer: ${why}`, "Look whether the edge runs, and whether its address is right."),
    ];
  }
  if (status === 401) {
    return [
      bad(
        subject,
        "it refuses what SLACK_SIGNING_SECRET signs: its secret is another, or a clock is more than 5 minutes off",
        "Set the signing secret of the app's page Basic Information in both places.",
      ),
    ];
  }
  if (status !== 200)
    return [bad(subject, `it answers ${status}`, "Is this the edge, with /slack/events behind its host?")];
  const forged = await post(`${signingSecret}x`);
  if (forged !== 401) {
    return [
      bad(
        subject,
        `it takes a signature that nobody may make (it answered ${forged})`,
        "This is no edge of Handover: take its address out of the Slack app.",
      ),
    ];
  }
  return [good(subject, "it takes what the signing secret signs, and refuses what another signs")];
}
