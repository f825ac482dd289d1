import { LogLevel, SocketModeReceiver } from "@slack/bolt";
import { z } from "zod";
import type { EdgeLog, EdgeServices } from "../../handlers/services.ts";
import { createEdgeApp } from "./app.ts";

export interface SocketOptions {
  readonly appToken: string;
  /** Slack's Web API; another address for tests. */
  readonly apiUrl: string;
  readonly log: EdgeLog;
}

/** A connection in Socket Mode (https://docs.slack.dev/apis/events-api/using-socket-mode). */
export interface SocketConnection {
  isConnected(): boolean;
  close(): Promise<void>;
}

/** Slack's greeting; it tells how many connections of this app are open, this one included. */
const helloSchema = z.object({ type: z.literal("hello"), num_connections: z.int().optional() });

/**
 * Opens the connection, and comes back by itself until it is closed. What arrives has no signature: the token is the trust. Slack sends
 * each payload to one of the app's open connections, so a process that somebody forgot swallows its share of clicks: more than one
 * connection is told.
 * @throws what Slack answers to a token that it does not take
 */
export async function openSocket(services: EdgeServices, options: SocketOptions): Promise<SocketConnection> {
  const { appToken, apiUrl, log } = options;
  const receiver = new SocketModeReceiver({
    appToken,
    installerOptions: { clientOptions: { slackApiUrl: apiUrl } },
    logLevel: LogLevel.ERROR,
    processEventErrorHandler: async ({ error }) => {
      log.error({ err: error }, "a request could not be answered");
      return false;
    },
  });
  createEdgeApp(receiver, services);
  let connected = false;
  const { client } = receiver;
  client.on("connected", () => {
    connected = true;
  });
  client.on("close", () => {
    connected = false;
  });
  client.on("error", (error: unknown) => log.warn({ why: textOf(error) }, "the connection to Slack is away"));
  client.on("ws_message", (data: unknown) => tellOfOthers(data, log));
  await receiver.start();
  return {
    isConnected: () => connected,
    close: async () => {
      await receiver.stop();
    },
  };
}

function tellOfOthers(data: unknown, log: EdgeLog): void {
  const hello = helloSchema.safeParse(jsonOf(data));
  if (!hello.success) return;
  const { num_connections: connections } = hello.data;
  const facts = { connections: connections ?? "untold" };
  if (connections !== undefined && connections > 1) {
    log.warn(facts, "other processes are connected with this app's token too, and get their share of clicks");
  } else log.info(facts, "connected to Slack");
}

function jsonOf(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}

/** Never the whole error: it can hold the address with its ticket. */
function textOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
