import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { killAndWait, spawnTied, waitForLine } from "../tied-process.ts";
import { type RawMessage, rawMessage } from "./messages.ts";
import { app, type Channel, type Person, team } from "./people.ts";

/** Start-up takes 0.3 s as a rule. */
const startDeadlineMs = 30_000;
/** A command or click waits for the app's answer, which has 3 s. */
const controlDeadlineMs = 20_000;

export interface LocalSlackSettings {
  /** Port of the page; 0 for a free one. */
  readonly port: number;
  readonly mode: "events" | "socket";
  /** Where signed deliveries go in events mode. */
  readonly requestUrl: string;
  readonly people: readonly Person[];
  readonly channels: readonly Channel[];
}

/** The stand-in for Slack itself: the page, the Web API, deliveries. https://github.com/parvalabs/local-slack */
export interface LocalSlack {
  /** Address of the page, without a slash at its end. */
  readonly url: string;
  /** Every message of a channel, ephemeral ones and replies too, oldest first. */
  messages(channel: string): Promise<RawMessage[]>;
  command(fields: { user: string; channel: string; command: string; text: string }): Promise<void>;
  interact(fields: { user: string; channel: string; messageTs: string; action: object }): Promise<void>;
  openHome(fields: { user: string }): Promise<void>;
  say(fields: { user: string; channel: string; text: string; thread_ts?: string }): Promise<void>;
  close(): Promise<void>;
}

/**
 * local-slack listens on every interface, and has no setting for it; it serves no secrets but its own, and ends with this process.
 * @throws {Error} when the package for this system is not installed, or it does not start
 */
export async function startLocalSlack(settings: LocalSlackSettings): Promise<LocalSlack> {
  const folder = await mkdtemp(join(tmpdir(), "handover-slack-"));
  const config = join(folder, "workspace.json");
  await writeFile(config, JSON.stringify(configOf(settings)));
  const args = ["--config", config, "--port", `${settings.port}`, "--base-host", "127.0.0.1", "--files-dir", folder];
  const child = spawnTied(programPath(), args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const end = async () => {
    await killAndWait(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const line = await waitForLine(child, (printed) => /Web UI:\s+http\S+/.test(printed), startDeadlineMs);
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url === undefined) throw new Error(`local-slack told no address: ${line}`);
    return handleOf(url, end);
  } catch (error) {
    await end();
    if (settings.port !== 0 && error instanceof Error && /EADDRINUSE|in use/i.test(error.message)) {
      throw new Error(`Port ${settings.port} is taken, so the Slack page cannot be served there. Choose another.`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** The binary of the package for this system (`optionalDependencies` holds the one for Linux on x64). */
function programPath(): string {
  const name = `local-slack-${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), "bin", "local-slack");
  } catch (cause) {
    throw new Error(`The Slack workspace for tests and the demo is not installed: npm install --no-save ${name}`, {
      cause,
    });
  }
}

function configOf(settings: LocalSlackSettings): object {
  const memberIds = settings.people.map((person) => person.id);
  return {
    workspace: { name: team.name, domain: team.domain, teamId: team.id },
    app: {
      appId: app.id,
      botUserId: app.botUserId,
      botName: app.botName,
      botToken: app.botToken,
      appToken: app.appToken,
      signingSecret: app.signingSecret,
      mode: settings.mode,
      requestUrl: settings.requestUrl,
    },
    users: settings.people.map(({ id, name, realName, email }) => ({ id, name, real_name: realName, email })),
    channels: settings.channels.map((channel) => ({
      id: channel.id,
      name: channel.name,
      members: channel.hasBot === false ? memberIds : [...memberIds, app.botUserId],
    })),
  };
}

const okAnswer = z.object({ ok: z.literal(true) });

function handleOf(url: string, end: () => Promise<void>): LocalSlack {
  const request = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${url}/_control/${path}`, {
      ...(body === undefined
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(controlDeadlineMs),
    });
    return response.json();
  };
  const act = async (path: string, body: object): Promise<void> => {
    const answer = await request(path, body);
    if (!okAnswer.safeParse(answer).success) throw new Error(`local-slack refused ${path}: ${JSON.stringify(answer)}`);
  };
  return {
    url,
    messages: async (channel) =>
      z.object({ messages: z.array(rawMessage) }).parse(await request(`messages/${channel}`)).messages,
    command: (fields) => act("command", fields),
    interact: (fields) => act("interact", fields),
    openHome: (fields) => act("open-home", fields),
    say: (fields) => act("message", fields),
    close: end,
  };
}
