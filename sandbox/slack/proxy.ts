import { once } from "node:events";
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { botScopes } from "../../src/cli/manifest/scopes.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Faults } from "./faults.ts";
import type { ResponseUrls } from "./response-urls.ts";
import type { Answer, Args, WebApi } from "./web-api.ts";

/** One call of the Web API, in the order in which they came. */
export interface Call {
  readonly method: string;
  readonly args: Args;
  /** What was answered; null: nothing (a fault). */
  readonly answer: Answer | null;
  /** When it came, in ms of `performance.now()`. */
  readonly atMs: number;
  readonly fault: string | null;
}

/** What the proxy stands before; set once local-slack, which needs the proxy's address to start, is up. */
export interface Backend {
  readonly webApi: WebApi;
  readonly deliveries: Deliveries;
  readonly responseUrls: ResponseUrls;
}

/**
 * The HTTP server between the app and local-slack: `/api/…` (with ordered faults), `/deliver` (commands, clicks and events on their
 * way to the app) and `/response/…` (response URLs).
 */
export class SlackProxy {
  readonly calls: Call[] = [];
  /** What an administrator has granted to the token; told in a header of every answer (https://docs.slack.dev/authentication/installing-with-oauth). */
  grantedScopes: readonly string[] = botScopes.map(({ scope }) => scope);
  readonly #faults: Faults;
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  #backend: Backend | null = null;
  #url = "";

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** Address without a slash at its end. */
  get url(): string {
    return this.#url;
  }

  set backend(backend: Backend) {
    this.#backend = backend;
  }

  async listen(host: string): Promise<void> {
    this.#server.listen(0, host);
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The Slack proxy got no port.");
    this.#url = `http://${host}:${address.port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(502, { "content-type": "application/json" });
      response.end(JSON.stringify({ ok: false, error: "internal_error", detail: String(error) }));
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const backend = this.#backend;
    if (backend === null) throw new Error("The Slack workspace is still starting.");
    const url = new URL(request.url ?? "/", this.#url);
    const [, area, name = ""] = url.pathname.split("/");
    const body = await textOf(request);
    const contentType = request.headers["content-type"] ?? "";
    switch (area) {
      case "api":
        return this.#api(backend, request, response, decodeURIComponent(name), {
          query: url.searchParams,
          body,
          contentType,
        });
      case "deliver": {
        const toProxy = (target: string) => `${this.#url}/response/${backend.responseUrls.issue(target)}`;
        return sendJson(response, 200, await backend.deliveries.carry(body, contentType, toProxy));
      }
      case "response": {
        const { done } = await this.#faulty("response_url", request, response, () =>
          backend.responseUrls.use(name, `${this.#url}/response/${name}`, body),
        );
        if (done !== null) response.writeHead(done.status).end(done.body);
        return;
      }
      default:
        return sendJson(response, 404, { ok: false, error: "unknown_path" });
    }
  }

  async #api(
    backend: Backend,
    request: IncomingMessage,
    response: ServerResponse,
    method: string,
    sent: { query: URLSearchParams; body: string; contentType: string },
  ): Promise<void> {
    const atMs = performance.now();
    const { token: tokenArg, ...args } = argsOf(sent);
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const token = bearer ?? (typeof tokenArg === "string" ? tokenArg : null);
    const { done, fault } = await this.#faulty(method, request, response, () =>
      backend.webApi.call(method, token, args),
    );
    this.calls.push({ method, args, answer: done, atMs, fault });
    if (done !== null) sendJson(response, 200, done, { "x-oauth-scopes": this.grantedScopes.join(",") });
  }

  /** Does what is asked, or what the ordered fault makes of it. `done` is null where the answer was already given, or lost. */
  async #faulty<T extends object>(
    method: string,
    request: IncomingMessage,
    response: ServerResponse,
    act: () => Promise<T>,
  ): Promise<{ done: T | null; fault: string | null }> {
    const taken = this.#faults.take(method);
    if (taken === null) return { done: await act(), fault: null };
    const { fault, released } = taken;
    switch (fault.kind) {
      case "delay":
        await delay(fault.ms);
        return { done: await act(), fault: fault.kind };
      case "hold":
        await released;
        return { done: await act(), fault: fault.kind };
      case "lostAnswer":
        await act();
        request.socket.destroy();
        break;
      case "lostRequest":
        request.socket.destroy();
        break;
      case "status":
        response.writeHead(fault.status).end();
        break;
      case "ratelimited":
        response.setHeader("retry-after", `${fault.retryAfterSeconds}`);
        sendJson(response, 429, { ok: false, error: "ratelimited" });
        break;
      case "error":
        sendJson(response, 200, { ok: false, error: fault.error });
        break;
    }
    return { done: null, fault: fault.kind };
  }
}

function sendJson(response: ServerResponse, status: number, body: object, headers: OutgoingHttpHeaders = {}): void {
  const type = { "content-type": "application/json; charset=utf-8" };
  response.writeHead(status, { ...type, ...headers }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

/** Fields that clients send as JSON texts within a form. */
const jsonFields = new Set(["blocks", "attachments", "view", "metadata"]);

/** Arguments of a call from its query and its body, a form or JSON. */
function argsOf(sent: { query: URLSearchParams; body: string; contentType: string }): Args {
  const query = Object.fromEntries(sent.query);
  if (sent.contentType.includes("json")) {
    const parsed: unknown = sent.body === "" ? {} : JSON.parse(sent.body);
    return { ...query, ...(typeof parsed === "object" ? parsed : {}) };
  }
  const fields = { ...query, ...Object.fromEntries(new URLSearchParams(sent.body)) };
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, jsonFields.has(key) ? jsonOr(value) : value]),
  );
}

/** The parsed text, or the text itself where it is no JSON: Slack has an error of its own for that. */
function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
