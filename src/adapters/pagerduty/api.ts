import { z } from "zod";
import type { Clock } from "../../ports/clock.ts";
import { Patience } from "../patience.ts";

export interface PagerDutyOptions {
  /** A REST API key; reading is enough. */
  readonly token: string;
  /** `https://api.pagerduty.com`, or `https://api.eu.pagerduty.com` for accounts in Europe. */
  readonly apiUrl: string;
}

/** Longest that one page is waited for. */
const longestCallMs = 5_000;
/** How long to wait when PagerDuty says "slow down" and not for how long. */
const defaultPauseMs = 5_000;
/** The largest that PagerDuty gives (https://developer.pagerduty.com/docs/pagination). */
const pageSize = 100;
/** PagerDuty pages up to 10,000 entries. */
const mostPages = 100;

/** PagerDuty answered, and not with what was asked for. Holds nothing of the request. */
export class PagerDutyError extends Error {
  override readonly name = "PagerDutyError";
  /** HTTP status; null: no answer, or not one of PagerDuty's. */
  readonly status: number | null;
  readonly pauseMs: number | null;

  constructor(status: number | null, what: string, pauseMs: number | null = null) {
    super(what);
    this.status = status;
    this.pauseMs = pauseMs;
  }
}

export type Query = readonly (readonly [name: string, value: string])[];

/**
 * PagerDuty's REST API v2, read only (https://developer.pagerduty.com/api-reference). Waits where PagerDuty asks to
 * (https://developer.pagerduty.com/docs/rest-api-rate-limits); retries nothing else.
 */
export class PagerDutyApi {
  readonly #options: PagerDutyOptions;
  readonly #patience: Patience;

  constructor(options: PagerDutyOptions, clock: Pick<Clock, "monotonicMs" | "sleep">) {
    this.#options = options;
    this.#patience = new Patience(clock, (error) => (error instanceof PagerDutyError ? error.pauseMs : null));
  }

  /** @throws {PagerDutyError} or `StillPaused`, or the signal's reason */
  get(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    return this.#patience.run(() => this.#once(path, query, signal), signal);
  }

  /**
   * Every entry of a list, page by page.
   * @param field where an answer holds them: `oncalls`
   * @throws as `get`
   */
  async list<T>(path: string, query: Query, field: string, entry: z.ZodType<T>, signal: AbortSignal): Promise<T[]> {
    const pageSchema = z.object({ [field]: z.array(entry), more: z.boolean().optional() });
    const entries: T[] = [];
    for (let page = 0; page < mostPages; page += 1) {
      const paging: Query = [
        ["limit", `${pageSize}`],
        ["offset", `${entries.length}`],
      ];
      const parsed = pageSchema.safeParse(await this.get(path, [...query, ...paging], signal));
      if (!parsed.success) throw new PagerDutyError(null, "PagerDuty's answer was not as expected");
      const found = z.array(entry).parse(parsed.data[field]);
      entries.push(...found);
      if (parsed.data.more !== true || found.length === 0) return entries;
    }
    throw new PagerDutyError(null, "PagerDuty has more entries than it can tell");
  }

  async #once(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    const { token, apiUrl } = this.#options;
    const parameters = new URLSearchParams();
    for (const [name, value] of query) parameters.append(name, value);
    try {
      const response = await fetch(`${apiUrl.replace(/\/$/, "")}${path}?${parameters}`, {
        headers: { authorization: `Token token=${token}`, accept: "application/vnd.pagerduty+json;version=2" },
        // The token goes to this host and to no other.
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(longestCallMs)]),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw errorOf(response);
      }
      return await response.json();
    } catch (error) {
      if (error instanceof PagerDutyError) throw error;
      // What was thrown may hold the request, the token with it.
      throw new PagerDutyError(null, "PagerDuty did not answer in time");
    }
  }
}

function errorOf({ status, headers }: Response): PagerDutyError {
  switch (status) {
    case 401:
    case 403:
      return new PagerDutyError(status, `PagerDuty does not accept the token (${status})`);
    case 404:
      return new PagerDutyError(status, "PagerDuty does not know it (404)");
    case 429: {
      const seconds = Number(headers.get("ratelimit-reset") ?? headers.get("retry-after") ?? Number.NaN);
      const pauseMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : defaultPauseMs;
      return new PagerDutyError(status, "PagerDuty asks to wait (429)", pauseMs);
    }
    default:
      return new PagerDutyError(status, `PagerDuty answered ${status}`);
  }
}
