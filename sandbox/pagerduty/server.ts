import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface PagerDutyUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** Who is on call, and when; without an end (or a beginning) for good. */
export interface Shift {
  readonly userId: string;
  readonly startMs?: number;
  readonly endMs?: number;
}

export interface PagerDutySchedule {
  readonly id: string;
  readonly name: string;
  readonly shifts: readonly Shift[];
}

/** The levels of an escalation policy, the first first: people, or schedules, by their ids. */
export interface PagerDutyPolicy {
  readonly id: string;
  readonly name: string;
  readonly levels: readonly (readonly string[])[];
}

/** What the account holds; tests change it while it runs. */
export interface PagerDutyState {
  readonly users: Map<string, PagerDutyUser>;
  readonly schedules: Map<string, PagerDutySchedule>;
  readonly policies: Map<string, PagerDutyPolicy>;
}

/** What the next calls meet, in this order; nothing of them is done. */
export type PagerDutyFault =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "ratelimited"; readonly resetSeconds: number }
  | { readonly kind: "redirect"; readonly to: string }
  | { readonly kind: "text"; readonly body: string }
  | { readonly kind: "silence" }
  | { readonly kind: "lostRequest" };

export interface PagerDuty {
  /** Address without a slash at its end. */
  readonly apiUrl: string;
  readonly token: string;
  readonly state: PagerDutyState;
  /** Path and query of each call so far. */
  readonly calls: readonly URL[];
  fault(fault: PagerDutyFault): void;
  /** Ends all faults. */
  heal(): void;
  close(): Promise<void>;
}

export interface PagerDutyOptions {
  readonly users?: readonly PagerDutyUser[];
  readonly schedules?: readonly PagerDutySchedule[];
  readonly policies?: readonly PagerDutyPolicy[];
  /** The largest page it gives. Default 100, as PagerDuty does; less to test paging. */
  readonly largestPage?: number;
  /** Whether `include[]=users` is obeyed; references only otherwise. Default true. */
  readonly includes?: boolean;
  /** What time it is there. */
  readonly nowMs?: () => number;
}

const token = "sandbox-pagerduty-token";

/**
 * The part of PagerDuty's REST API v2 that Handover reads: `/oncalls`, `/schedules/ID/users`, `/users/ID`. Sources:
 * https://developer.pagerduty.com/api-reference and /docs/{authentication,pagination,rest-api-rate-limits}.
 */
export async function startPagerDuty(options: PagerDutyOptions = {}): Promise<PagerDuty> {
  const state: PagerDutyState = {
    users: byId(options.users ?? []),
    schedules: byId(options.schedules ?? []),
    policies: byId(options.policies ?? []),
  };
  const calls: URL[] = [];
  const faults: PagerDutyFault[] = [];
  const answers = new Answers(state, options);
  const server = createServer((request, response) => {
    request.resume();
    const url = new URL(request.url ?? "/", "http://pagerduty");
    calls.push(url);
    const fault = faults.shift();
    if (fault !== undefined) return meet(fault, request, response);
    const refusal = refusalOf(request);
    if (refusal !== null) return send(response, refusal.status, refusal.body);
    const { status, body } = answers.to(url);
    send(response, status, body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    state,
    calls,
    fault: (fault) => void faults.push(fault),
    heal: () => void faults.splice(0),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface HttpAnswer {
  readonly status: number;
  readonly body: object;
}

/** Without `Token token=…` 401 without a body of JSON; without the version header PagerDuty answers in version 1 of old. */
function refusalOf(request: IncomingMessage): HttpAnswer | null {
  if (request.headers.authorization !== `Token token=${token}`) return problem(401, 2006, "Unauthorized");
  if (request.headers.accept !== "application/vnd.pagerduty+json;version=2")
    return problem(406, 2002, "Not Acceptable");
  return request.method === "GET" ? null : problem(405, 2003, "Method Not Allowed");
}

class Answers {
  readonly #state: PagerDutyState;
  readonly #options: PagerDutyOptions;

  constructor(state: PagerDutyState, options: PagerDutyOptions) {
    this.#state = state;
    this.#options = options;
  }

  to(url: URL): HttpAnswer {
    const [, area, id, part] = url.pathname.split("/").map(decodeURIComponent);
    if (area === "oncalls" && id === undefined) return this.#onCalls(url.searchParams);
    if (area === "schedules" && id !== undefined && part === "users") return this.#scheduleUsers(id, url.searchParams);
    if (area === "users" && id !== undefined && part === undefined) return this.#user(id);
    return notFound;
  }

  #scheduleUsers(id: string, query: URLSearchParams): HttpAnswer {
    const schedule = this.#state.schedules.get(id);
    if (schedule === undefined) return notFound;
    const users = this.#onShift(schedule, this.#range(query)).flatMap((userId) => this.#fullUser(userId));
    return { status: 200, body: { users } };
  }

  #onCalls(query: URLSearchParams): HttpAnswer {
    const range = this.#range(query);
    const ids = new Set(query.getAll("escalation_policy_ids[]"));
    const isFull = query.getAll("include[]").includes("users") && this.#options.includes !== false;
    const policies = [...this.#state.policies.values()].filter(({ id }) => ids.size === 0 || ids.has(id));
    const all = policies.flatMap((policy) =>
      policy.levels.flatMap((targets, index) =>
        targets.flatMap((target) => {
          const schedule = this.#state.schedules.get(target);
          const userIds = schedule === undefined ? [target] : this.#onShift(schedule, range);
          return userIds.map((userId) => ({
            user: isFull ? this.#fullUser(userId)[0] : reference("user", userId),
            schedule: schedule === undefined ? null : reference("schedule", schedule.id),
            escalation_policy: reference("escalation_policy", policy.id),
            escalation_level: index + 1,
            start: null,
            end: null,
          }));
        }),
      ),
    );
    const limit = Math.min(Number(query.get("limit") ?? 25), this.#options.largestPage ?? 100);
    const offset = Number(query.get("offset") ?? 0);
    const oncalls = all.slice(offset, offset + limit);
    return { status: 200, body: { oncalls, limit, offset, more: offset + limit < all.length, total: null } };
  }

  #user(id: string): HttpAnswer {
    const [user] = this.#fullUser(id);
    return user === undefined ? notFound : { status: 200, body: { user } };
  }

  #fullUser(id: string): object[] {
    const user = this.#state.users.get(id);
    return user === undefined ? [] : [{ ...reference("user", id), type: "user", name: user.name, email: user.email }];
  }

  /** Whoever has a shift that overlaps with the range. */
  #onShift({ shifts }: PagerDutySchedule, { sinceMs, untilMs }: { sinceMs: number; untilMs: number }): string[] {
    const there = shifts.filter(({ startMs = -Infinity, endMs = Infinity }) => startMs <= untilMs && endMs > sinceMs);
    return [...new Set(there.map(({ userId }) => userId))];
  }

  /** Both default to the current time. */
  #range(query: URLSearchParams): { sinceMs: number; untilMs: number } {
    const nowMs = (this.#options.nowMs ?? Date.now)();
    const sinceMs = Date.parse(query.get("since") ?? "") || nowMs;
    return { sinceMs, untilMs: Date.parse(query.get("until") ?? "") || sinceMs };
  }
}

function meet(fault: PagerDutyFault, request: IncomingMessage, response: ServerResponse): void {
  switch (fault.kind) {
    case "status":
      send(response, fault.status, { error: { message: "fault", code: fault.status } });
      break;
    case "ratelimited":
      response.setHeader("ratelimit-limit", "960").setHeader("ratelimit-remaining", "0");
      response.setHeader("ratelimit-reset", `${fault.resetSeconds}`);
      send(response, 429, { error: { message: "Rate Limit Exceeded", code: 2020 } });
      break;
    case "redirect":
      response.writeHead(302, { location: fault.to }).end();
      break;
    case "text":
      response.writeHead(200, { "content-type": "text/html" }).end(fault.body);
      break;
    case "silence":
      break;
    case "lostRequest":
      request.socket.destroy();
  }
}

const notFound = problem(404, 2100, "Not Found");

function problem(status: number, code: number, message: string): HttpAnswer {
  return { status, body: { error: { message, code } } };
}

function reference(kind: string, id: string): object {
  return {
    id,
    type: `${kind}_reference`,
    summary: id,
    self: `https://api.pagerduty.com/${kind}s/${id}`,
    html_url: null,
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function byId<T extends { readonly id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}
