import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { build } from "../../../bin/build.mjs";
import { slashCommandRequest } from "../../../sandbox/slack/signed-requests.ts";
import { killAndWait, spawnTied, waitForLine } from "../../../sandbox/tied-process.ts";
import { BenchSurroundings, targetName } from "./bench-edge.ts";

/** Slack takes no more than about one message a second in a channel; the sandbox's does, and only our part is measured. */
const pauseMs = 5;

export interface EdgeTimes {
  readonly what: string;
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** `npm run bench -- edge [--commands N] [--cold N]`: how long the acknowledgement of a command takes. */
export async function runEdgeBench(words: readonly string[], tell: (line: string) => void): Promise<EdgeTimes[]> {
  const { values } = parseArgs({
    args: [...words],
    options: { commands: { type: "string", default: "400" }, cold: { type: "string", default: "10" } },
    strict: true,
  });
  const commands = Number(values.commands);
  const cold = Number(values.cold);
  const folder = await mkdtemp(join(tmpdir(), "handover-bench-edge-"));
  try {
    await build(["edge-node", "lambda"], folder);
    return [
      ...(await warmEdge(join(folder, "edge-node.mjs"), commands, tell)),
      ...(await coldLambda(join(folder, "lambda.mjs"), cold, tell)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The edge as a process that has answered before: `/dolt failover`, and `/dolt` alone, which opens a form. */
async function warmEdge(bundle: string, commands: number, tell: (line: string) => void): Promise<EdgeTimes[]> {
  const warmUp = 50;
  const around = await BenchSurroundings.start(commands + warmUp, { tls: false });
  const child = spawnTied(process.execPath, [bundle], {
    env: { ...around.environment, HANDOVER_LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const line = await waitForLine(child, (printed) => printed.includes("the edge listens"), 30_000);
    const url = `http://127.0.0.1:${JSON.parse(line).port}/slack/events`;
    const ask = async (text: string) => {
      const request = slashCommandRequest({
        user: around.slack.users.alice,
        channel: around.slack.channels["db-ops"],
        command: "/dolt",
        text,
      });
      const startedMs = performance.now();
      const response = await fetch(url, { method: "POST", headers: request.headers, body: request.body });
      const answer = await response.text();
      const tookMs = performance.now() - startedMs;
      if (response.status !== 200) throw new Error(`the edge answered ${response.status}`);
      return { tookMs, answer };
    };
    const times: number[] = [];
    for (let index = 0; index < commands + warmUp; index += 1) {
      const { tookMs, answer } = await ask(`failover ${targetName(index)}`);
      if (!answer.includes("Recorded")) throw new Error(`the command was not recorded: ${answer}`);
      if (index >= warmUp) times.push(tookMs);
      await sleep(pauseMs);
    }
    const forms: number[] = [];
    for (let index = 0; index < commands / 4; index += 1) {
      forms.push((await ask("")).tookMs);
      await sleep(pauseMs);
    }
    tell(`warm: ${commands} commands and ${forms.length} forms`);
    return [
      timesOf("warm edge: /dolt failover, until acknowledged", times),
      timesOf("warm edge: /dolt alone, until acknowledged", forms),
    ];
  } finally {
    await killAndWait(child);
    await around.close();
  }
}

/** A new process for each: Node's start, the bundle, TLS to Redis, the record, the message, the answer. */
async function coldLambda(bundle: string, rounds: number, tell: (line: string) => void): Promise<EdgeTimes[]> {
  const around = await BenchSurroundings.start(rounds, { tls: true });
  try {
    const answerOnce = async (text: string) => {
      const { alice } = around.slack.users;
      const request = slashCommandRequest({
        user: alice,
        channel: around.slack.channels["db-ops"],
        command: "/dolt",
        text,
      });
      const event = JSON.stringify({ headers: request.headers, body: request.body });
      const startedMs = performance.now();
      const child = spawnTied(process.execPath, [join(import.meta.dirname, "cold-lambda.mjs"), bundle, event], {
        env: around.environment,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let printed = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        printed += chunk.toString("utf8");
      });
      child.stderr?.on("data", (chunk: Buffer) => {
        printed += chunk.toString("utf8");
      });
      await once(child, "close");
      const tookMs = performance.now() - startedMs;
      if (!printed.includes('"statusCode":200')) throw new Error(`the bundle answered: ${printed}`);
      return { tookMs, printed };
    };
    const commands: number[] = [];
    const forms: number[] = [];
    for (let index = 0; index < rounds; index += 1) {
      const { tookMs, printed } = await answerOnce(`failover ${targetName(index)}`);
      if (!printed.includes("Recorded")) throw new Error(`the command was not recorded: ${printed}`);
      commands.push(tookMs);
      forms.push((await answerOnce("")).tookMs);
    }
    tell(`cold: ${rounds} processes each`);
    return [
      timesOf("fresh process, Lambda bundle, TLS to Redis: /dolt failover", commands),
      timesOf("fresh process, Lambda bundle, TLS to Redis: /dolt alone, the form opened", forms),
    ];
  } finally {
    await around.close();
  }
}

function timesOf(what: string, values: readonly number[]): EdgeTimes {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1));
  return { what, count: sorted.length, medianMs: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(1) };
}
