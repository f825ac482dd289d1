import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { type RedisServer, startRedis } from "../../../sandbox/redis.ts";
import { type SlackWorkspace, startSlack } from "../../../sandbox/slack/workspace.ts";
import { RunningProcess } from "../../../sandbox/system.ts";
import { killAndWait, spawnTied, waitForLine } from "../../../sandbox/tied-process.ts";

const root = join(import.meta.dirname, "../../..");
const edge = newSigningKeys();
let slack: SlackWorkspace;
let redis: RedisServer;

beforeAll(async () => {
  [slack, redis] = await Promise.all([startSlack({ mode: "socket" }), startRedis({ appendOnly: false })]);
});
afterAll(async () => {
  await slack.close();
  await redis.close();
});

function startEdge(over: Readonly<Record<string, string>> = {}) {
  const environment = {
    PATH: process.env.PATH,
    REDIS_URL: redis.url,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    HANDOVER_EDGE_KEY: edge.privateText,
    HANDOVER_CONFIG_YAML: stringify({
      version: 1,
      slack: { teamId: slack.teamId },
      clusters: [{ name: "demo", channel: "C0DBOPS", publicKey: newSigningKeys().publicText }],
      edge: { publicKeys: [edge.publicText] },
      policy: [],
    }),
    HOST: "127.0.0.1",
    PORT: "0",
  };
  return spawnTied(process.execPath, [join(root, "src/edge/socket-main.ts")], {
    env: { ...environment, ...over },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

it("connects by itself, answers a command, says that it is connected, and ends when it is told to", async () => {
  const child = startEdge();
  try {
    const line = await waitForLine(child, (printed) => printed.includes("the edge is connected"), 30_000);
    const { port } = JSON.parse(line);
    const running = new RunningProcess(child);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);

    await slack.command(slack.users.alice, slack.channels["db-ops"], "/dolt", "help");
    const answer = await slack.waitForMessage((message) => message.content.includes("/dolt failover TARGET"), {
      deadlineMs: 30_000,
    });
    expect(answer.ephemeralTo).toBe(slack.users.alice.id);

    expect(await running.stop()).toBe(0);
  } finally {
    await killAndWait(child);
  }
});

it("ends at once, and says why without the token, when Slack does not take it", async () => {
  const child = startEdge({ SLACK_APP_TOKEN: "xapp-of-somebody-else" });
  try {
    const running = new RunningProcess(child);
    expect(await running.ended).toBe("exit code 1");
    expect(running.printed).toContain("invalid_auth");
    expect(running.printed).not.toContain("xapp-of-somebody-else");
  } finally {
    await killAndWait(child);
  }
});
