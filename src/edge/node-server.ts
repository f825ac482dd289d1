import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { EdgeLog } from "../../handlers/services.ts";
import type { SlackReceiver } from "./receiver.ts";
import { emptyAnswer, type HttpAnswer, jsonAnswer, type RawRequest } from "./slack-request.ts";

/** Where Slack sends commands and clicks; Bolt's own default. */
export const slackPath = "/slack/events";
/** Slack's payloads are some kilobytes; a message with all its blocks comes back with each click. */
const largestBodyBytes = 1_000_000;
/** Slack hangs up after 3 s; nobody else is waited for longer either. */
const requestTimeoutMs = 5_000;

export interface EdgeServer {
  readonly port: number;
  /** Takes nothing more, answers what has begun, for at most so long, and closes. */
  close(deadlineMs: number): Promise<void>;
}

export interface EdgeServerOptions {
  readonly receiver: Pick<SlackReceiver, "handle">;
  /** 0: a free one. */
  readonly port: number;
  /** The address to listen on. */
  readonly host: string;
  readonly log: EdgeLog;
}

/** Serves the receiver over HTTP, with `/healthz` beside it. TLS is the business of whatever stands in front. */
export async function startEdgeServer(options: EdgeServerOptions): Promise<EdgeServer> {
  const { receiver, log } = options;
  let isClosing = false;
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      answerRequest(request, receiver, isClosing)
        .then((answer) => send(response, answer, isClosing))
        .catch((error: unknown) => {
          log.warn({ err: error }, "a connection broke before it was answered");
          response.destroy();
        });
    },
  );
  await listen(server, options.port, options.host);
  return {
    port: (server.address() as AddressInfo).port,
    close: async (deadlineMs) => {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const deadline = AbortSignal.timeout(deadlineMs);
      deadline.addEventListener("abort", () => server.closeAllConnections(), { once: true });
      await closed;
    },
  };
}

async function answerRequest(
  request: IncomingMessage,
  receiver: Pick<SlackReceiver, "handle">,
  isClosing: boolean,
): Promise<HttpAnswer> {
  const path = new URL(request.url ?? "/", "http://edge").pathname;
  if (path === "/healthz") return isClosing ? emptyAnswer(503) : jsonAnswer({ status: "ok" });
  if (path !== slackPath) return emptyAnswer(404);
  if (request.method !== "POST") return emptyAnswer(405);
  const body = await readBody(request);
  if (body === null) return emptyAnswer(413);
  return receiver.handle({ headers: headersOf(request), body });
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const buffer = Buffer.from(part);
    bytes += buffer.length;
    if (bytes > largestBodyBytes) return null;
    parts.push(buffer);
  }
  return Buffer.concat(parts);
}

/** A header that came twice is none: which of the two was meant is not for us to say. */
function headersOf(request: IncomingMessage): RawRequest["headers"] {
  const headers = Object.entries(request.headersDistinct).map(([name, values]) => [
    name,
    values?.length === 1 ? values[0] : undefined,
  ]);
  return Object.fromEntries(headers);
}

function send(response: ServerResponse, answer: HttpAnswer, isClosing: boolean): void {
  response.writeHead(answer.statusCode, {
    ...answer.headers,
    "content-length": Buffer.byteLength(answer.body),
    ...(isClosing ? { connection: "close" } : {}),
  });
  response.end(answer.body);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ port, host }, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}
