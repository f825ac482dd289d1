import { z } from "zod";
import { blockKitErrors } from "./block-kit.ts";

/** A response URL works five times within 30 minutes (https://docs.slack.dev/interactivity/handling-user-interaction). */
const maxUses = 5;
const lifetimeMs = 30 * 60_000;

export interface ResponseUrlUse {
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly status: number;
}

/** Stands before local-slack's response URLs: counts uses, and refuses what Slack refuses. */
export class ResponseUrls {
  readonly uses: ResponseUrlUse[] = [];
  readonly #targets = new Map<string, { readonly target: string; readonly issuedAtMs: number; uses: number }>();

  /** Notes a URL of local-slack's. @returns the id under which the proxy offers it */
  issue(target: string): string {
    const id = target.split("/").at(-1) ?? target;
    this.#targets.set(id, { target, issuedAtMs: performance.now(), uses: 0 });
    return id;
  }

  async use(id: string, url: string, body: string): Promise<{ status: number; body: string }> {
    const fields = parseBody(body);
    const answer = fields === null ? refusal(400, "invalid_payload") : await this.#pass(id, fields);
    this.uses.push({ url, body: fields ?? {}, status: answer.status });
    return answer;
  }

  async #pass(id: string, fields: Record<string, unknown>): Promise<{ status: number; body: string }> {
    const known = this.#targets.get(id);
    if (known === undefined) return refusal(404, "no_such_url");
    if (performance.now() - known.issuedAtMs > lifetimeMs) return refusal(404, "expired_url");
    if (known.uses >= maxUses) return refusal(404, "used_url");
    if (fields.blocks !== undefined && blockKitErrors(fields.blocks).length > 0) return refusal(400, "invalid_blocks");
    known.uses += 1;
    const response = await fetch(known.target, {
      method: "POST",
      headers: { "content-type": "application/json" },
      // Without a response_type only the person sees it, where local-slack shows it to all.
      body: JSON.stringify({ response_type: "ephemeral", ...fields }),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, body: response.ok ? "ok" : await response.text() };
  }
}

function refusal(status: number, error: string): { status: number; body: string } {
  return { status, body: JSON.stringify({ ok: false, error }) };
}

function parseBody(body: string): Record<string, unknown> | null {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(body));
  } catch {
    return null;
  }
}
