import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisServer, redisAdvice } from "../bin/support/redis.mjs";
import { freePort } from "./free-port.ts";
import { selfSignedCertificate } from "./kubernetes/tls/certificate.ts";
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
  /** Speaks TLS alone, with a certificate for 127.0.0.1 of its own; clients have to trust `certificateFile`. */
  readonly tls?: boolean;
}

/** A Redis (or Valkey) server of our own on a loopback port, its data in a temporary folder. It ends when this process does. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** With TLS: what a client has to trust (`NODE_EXTRA_CA_CERTS`). */
  readonly certificateFile: string | null;
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
  try {
    const tls = options.tls === true ? await writeCertificate(folder) : null;
    const host = options.host ?? loopback;
    const place: Place = { program, folder, host, appendOnly: options.appendOnly ?? false, tls };
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
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | null;
}

async function writeCertificate(folder: string): Promise<NonNullable<Place["tls"]>> {
  const { certificatePem, privateKeyPem } = selfSignedCertificate("redis", [loopback]);
  const certificateFile = join(folder, "certificate.pem");
  const keyFile = join(folder, "key.pem");
  await writeFile(certificateFile, certificatePem);
  await writeFile(keyFile, privateKeyPem, { mode: 0o600 });
  return { certificateFile, keyFile };
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
    ...portSettings(place, port),
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

function portSettings({ tls }: Place, port: number): Readonly<Record<string, string>> {
  if (tls === null) return { port: `${port}` };
  return {
    port: "0",
    "tls-port": `${port}`,
    "tls-cert-file": tls.certificateFile,
    "tls-key-file": tls.keyFile,
    "tls-auth-clients": "no",
  };
}

function handleOf(first: ChildProcess, place: Place, port: number): RedisServer {
  let child = first;
  return {
    url: `${place.tls === null ? "redis" : "rediss"}://${place.host}:${port}`,
    port,
    certificateFile: place.tls?.certificateFile ?? null,
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
