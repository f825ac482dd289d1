import { ApiFailure } from "./status.ts";

/** Which requests a fault is for. What is not given matches everything. */
export interface RequestMatcher {
  /** `GET`, `PATCH` … */
  readonly method?: string;
  /** Matched against the path without its query. */
  readonly path?: RegExp;
}

interface Planned {
  readonly matcher: RequestMatcher;
  readonly failure: ApiFailure;
  left: number;
}

/** Faults ordered from outside. */
export class Faults {
  readonly #planned: Planned[] = [];
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;

  get isPaused(): boolean {
    return this.#gate !== undefined;
  }

  pause(): void {
    if (this.#gate === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#gate = { opened: promise, open: resolve };
    }
  }

  resume(): void {
    const gate = this.#gate;
    this.#gate = undefined;
    gate?.open();
  }

  /** Resolves once nothing is paused. */
  async pass(): Promise<void> {
    while (this.#gate !== undefined) {
      await this.#gate.opened;
    }
  }

  /** The next `times` requests that match are refused. */
  failNext(matcher: RequestMatcher, failure: ApiFailure, times: number): void {
    this.#planned.push({ matcher, failure, left: times });
  }

  /** The refusal planned for this request, which counts as used. */
  take(method: string, path: string): ApiFailure | undefined {
    const index = this.#planned.findIndex(
      ({ matcher }) => (matcher.method ?? method) === method && (matcher.path?.test(path) ?? true),
    );
    const planned = this.#planned[index];
    if (planned === undefined) {
      return undefined;
    }
    planned.left -= 1;
    if (planned.left <= 0) {
      this.#planned.splice(index, 1);
    }
    return planned.failure;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

export function plannedFailure(code: number): ApiFailure {
  return new ApiFailure(code, REASONS[code] ?? "Unknown", `refused on order of the test (${code})`, {});
}
