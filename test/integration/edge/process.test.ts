import { join } from "node:path";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { newSigningKeys } from "../../../sandbox/keys.ts";
import { killAndWait, spawnTied, waitForLine } from "../../../sandbox/tied-process.ts";

const root = join(import.meta.dirname, "../../..");
const edge = newSigningKeys();
const environment = {
  PATH: process.env.PATH,
  REDIS_URL: "redis://127.0.0.1:9",
  SLACK_BOT_TOKEN: "xoxb-test",
  SLACK_SIGNING_SECRET: "secret",
  HANDOVER_EDGE_KEY: edge.privateText,
  HANDOVER_CONFIG_YAML: stringify({
    version: 1,
    slack: { teamId: "T0HANDOVER" },
    clusters: [{ name: "demo", channel: "C0DBOPS", publicKey: newSigningKeys().publicText }],
    edge: { publicKeys: [edge.publicText] },
    policy: [],
  }),
  HOST: "127.0.0.1",
  PORT: "0",
};

function startEdge(env: NodeJS.ProcessEnv) {
  return spawnTied(process.execPath, [join(root, "src/edge/node-main.ts")], { env, stdio: ["ignore", "pipe", "pipe"] });
}

it("listens and says where, also while Redis is away; answers only its own paths; ends when it is told to", async () => {
  const child = startEdge(environment);
  try {
    const line = await waitForLine(child, (printed) => printed.includes("http://127.0.0.1:"), 30_000);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    const statusOf = async (path: string, method = "GET") => (await fetch(`${url}${path}`, { method })).status;
    expect(await statusOf("/healthz")).toBe(200);
    expect(await statusOf("/slack/events")).toBe(405);
    expect(await statusOf("/slack/events", "POST")).toBe(401);
    expect(await statusOf("/")).toBe(404);
    const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  } finally {
    await killAndWait(child);
  }
});

it("says what is missing in its environment, and ends", async () => {
  const child = startEdge({ ...environment, SLACK_BOT_TOKEN: "" });
  try {
    const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    await waitForLine(child, (printed) => printed.includes("SLACK_BOT_TOKEN is not set"), 30_000);
    expect(await ended).toBe(1);
  } finally {
    await killAndWait(child);
  }
});
