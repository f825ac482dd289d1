import { z } from "zod";
import { CrateError } from "../../ports/crate-servers.ts";

/** What `POST /_sql` answers to a statement that succeeded (crate docs, interfaces/http.rst). */
const resultSchema = z.object({
  cols: z.array(z.string()),
  rows: z.array(z.array(z.unknown())),
  rowcount: z.number(),
});
export type CrateResult = z.infer<typeof resultSchema>;

const errorSchema = z.object({ error: z.object({ message: z.string(), code: z.int() }) });

/** MissingPrivilegeException, and UnauthorizedException of what only a superuser may do [ran on 6.4.1]. */
const privilegeCodes: ReadonlySet<number> = new Set([4010, 4011]);

/** Enough to tell what a proxy in the way says, and short enough for a message. */
const shownCharacters = 200;

/**
 * The result that a node's answer holds. Throws CrateError. A failure on the cluster's side (5xx) does not tell whether
 * a change was made: a setting may be applied after the node gave up waiting for it.
 */
export function resultOf(status: number, body: string, changes: boolean): CrateResult {
  const json = parsed(body);
  if (status === 200) {
    const result = resultSchema.safeParse(json);
    if (result.success) return result.data;
    throw new CrateError("unknown", `answered with something that is no result of CrateDB: ${excerpt(body)}`);
  }
  const failure = errorSchema.safeParse(json);
  if (!failure.success) return failed(status, body);
  const { message, code } = failure.data.error;
  if (privilegeCodes.has(code)) throw new CrateError("privilege", message, { code });
  throw new CrateError(status >= 500 && changes ? "unknown" : "refused", message, { code });
}

/** A failed login is plain text, where a missing privilege is JSON with the same status [ran on 6.4.1]. */
function failed(status: number, body: string): never {
  if (status === 401) throw new CrateError("login", excerpt(body) || "the login was refused");
  throw new CrateError(status >= 500 ? "unknown" : "refused", `answered ${status}: ${excerpt(body)}`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function excerpt(body: string): string {
  const line = body.replace(/\s+/g, " ").trim();
  return line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line;
}
