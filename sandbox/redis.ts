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
  /** An address to listen on beside 127.0.0.1, told in the url: one of a bridge where pods need it. There is no password. */
  readonly host?: string;
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
  const place: Place = { program, folder, host: options.host ?? loopback, appendOnly: options.appendOnly ?? false };
  try {
    const { child, port } = await startOnSomePort(place, options.port);
    return handleOf(child, place, port);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

const loopback = "127.0.0.1";

/** What stays the same over restarts, but for the port. */
interface Place {
  readonly program: string;
  readonly folder: string;
  readonly host: string;
  readonly appendOnly: boolean;
}

async function startOnSomePort(
  place: Place,
  fixedPort: number | undefined,
): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await freePort());
    try {
      return { child: await launch(place, port), port };
    } catch (error) {
      const isTaken = error instanceof Error && /Address already in use/i.test(error.message);
      if (isTaken && fixedPort !== undefined)
        throw new Error(`Port ${port} is taken, so Redis cannot listen there.`, { cause: error });
      if (!isTaken || attempt === portAttempts) throw error;
    }
  }
}

async function launch(place: Place, port: number): Promise<ChildProcess> {
  const isLoopback = place.host === loopback;
  const settings = {
    port: `${port}`,
    dir: place.folder,
    save: "",
    appendonly: place.appendOnly ? "yes" : "no",
    appendfsync: "always",
    "maxmemory-policy": "noeviction",
    "protected-mode": isLoopback ? "yes" : "no",
    daemonize: "no",
    logfile: "",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const bind = ["--bind", loopback, ...(isLoopback ? [] : [place.host])];
  const child = spawnTied(place.program, [...args, ...bind], { cwd: place.folder, stdio: ["ignore", "pipe", "pipe"] });
  try {
    await waitForLine(child, (line) => line.includes("Ready to accept connections"), startDeadlineMs);
    return child;
  } catch (error) {
    await killAndWait(child);
    throw error;
  }
}

function handleOf(first: ChildProcess, place: Place, port: number): RedisServer {
  let child = first;
  return {
    url: `redis://${place.host}:${port}`,
    port,
    kill: () => killAndWait(child),
    restart: async () => {
      await killAndWait(child);
      child = await launch(place, port);
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    close: async () => {
      await killAndWait(child);
      await rm(place.folder, { recursive: true, force: true });
    },
  };
}
