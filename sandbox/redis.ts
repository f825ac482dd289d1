import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisServer, redisAdvice } from "../bin/support/redis.mjs";
import { freePort } from "./free-port.ts";
import { killAndWait, spawnTied, waitForLine } from "./tied-process.ts";

/** How long a Redis may take from its start to "Ready to accept connections"; it needs 11 ms as a rule. */
const startDeadlineMs = 15_000;
/** How many free ports are tried: another process can take one between our look and Redis' bind. */
const portAttempts = 5;

export interface RedisOptions {
  /** Whether writes are kept in an append-only file, synced at each write, so that they outlive a kill. Default false. */
  readonly appendOnly?: boolean;
  /** The port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
}

/** A Redis (or Valkey) server of our own on a loopback port, its data in a temporary folder. It ends when this process does. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** SIGKILL, as in a crash; the folder stays for {@link restart}. */
  kill(): Promise<void>;
  /** Starts it again on the same port: with what the append-only file holds, or empty without one. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Ends it and removes its folder. Safe to call twice. */
  close(): Promise<void>;
}

/** @throws {Error} when no Redis server is installed, or none of the tried ports could be used */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const program = findRedisServer();
  if (program === null) throw new Error(`No Redis server was found. ${redisAdvice}`);
  const folder = await mkdtemp(join(tmpdir(), "handover-redis-"));
  const appendOnly = options.appendOnly ?? false;
  try {
    const { child, port } = await startOnSomePort(program, folder, appendOnly, options.port);
    return handleOf(child, port, folder, () => launch(program, folder, appendOnly, port));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startOnSomePort(
  program: string,
  folder: string,
  appendOnly: boolean,
  fixedPort: number | undefined,
): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await freePort());
    try {
      return { child: await launch(program, folder, appendOnly, port), port };
    } catch (error) {
      const isTaken = error instanceof Error && /Address already in use/i.test(error.message);
      if (isTaken && fixedPort === undefined && attempt < portAttempts) continue;
      throw error;
    }
  }
}

async function launch(program: string, folder: string, appendOnly: boolean, port: number): Promise<ChildProcess> {
  const settings = {
    bind: "127.0.0.1",
    port: `${port}`,
    dir: folder,
    save: "",
    appendonly: appendOnly ? "yes" : "no",
    appendfsync: "always",
    "maxmemory-policy": "noeviction",
    daemonize: "no",
    logfile: "",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawnTied(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  try {
    await waitForLine(child, (line) => line.includes("Ready to accept connections"), startDeadlineMs);
    return child;
  } catch (error) {
    await killAndWait(child);
    throw error;
  }
}

function handleOf(
  first: ChildProcess,
  port: number,
  folder: string,
  launchAgain: () => Promise<ChildProcess>,
): RedisServer {
  let child = first;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => killAndWait(child),
    restart: async () => {
      await killAndWait(child);
      child = await launchAgain();
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    close: async () => {
      await killAndWait(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
