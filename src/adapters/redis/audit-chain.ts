import { createHash } from "node:crypto";
import { z } from "zod";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";

/**
 * The audit is a stream whose entries are chained: each holds the digest of the one before it, so that an entry that
 * was changed, left out or put in shows. Who can write to Redis can still rewrite the whole chain or cut off its end;
 * the threat model says so.
 *
 * The digest is SHA-1, the one hash that Lua has in Redis: the chain and the record then change in one script. Nobody
 * is known to find a second text for a given SHA-1, which is what changing an entry unseen would need.
 */
export interface AuditEntry {
  /** The stream's id of this entry. */
  readonly id: string;
  /** By Redis' clock. */
  readonly atMs: number;
  /** The event as JSON text, exactly as it was written. */
  readonly event: string;
  /** Digest of the entry before; forty zeros in the first one. */
  readonly previous: string;
  readonly digest: string;
}

/** About how many entries are kept; Redis drops the oldest beyond. The chain is then checked from the oldest kept. */
const auditLength = 100_000;
const pageLength = 1_000;

/** Lua: `append_audit(key, event, now_ms)`, for the scripts that change something. */
export const auditAppendLua = `
local function append_audit(key, event, now)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  local previous = last and last[2][8] or string.rep('0', 40)
  local at = string.format('%.0f', now)
  redis.call('XADD', key, 'MAXLEN', '~', ${auditLength}, '*', 'atMs', at, 'event', event, 'previous', previous,
    'digest', redis.sha1hex(previous .. '\\n' .. at .. '\\n' .. event))
end
`;

const entrySchema = z
  .tuple([
    z.string(),
    z.tuple([
      z.literal("atMs"),
      z.coerce.number(),
      z.literal("event"),
      z.string(),
      z.literal("previous"),
      z.string(),
      z.literal("digest"),
      z.string(),
    ]),
  ])
  .transform(([id, [, atMs, , event, , previous, , digest]]): AuditEntry => ({ id, atMs, event, previous, digest }));

/** The kept audit, oldest first, read page by page. */
export async function* readAudit(connection: RedisConnection, keys: ClusterKeys): AsyncGenerator<AuditEntry> {
  let from = "-";
  while (true) {
    const page = z
      .array(entrySchema)
      .parse(await connection.run((client) => client.xrange(keys.audit, from, "+", "COUNT", pageLength)));
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageLength) return;
    from = `(${last.id}`;
  }
}

/** Whether the entry is what was written, and follows the one before it. @param before null for the oldest that is kept */
export function isLinked(entry: AuditEntry, before: AuditEntry | null): boolean {
  return entry.digest === digestOfEntry(entry) && (before === null || entry.previous === before.digest);
}

function digestOfEntry(entry: AuditEntry): string {
  return createHash("sha1").update(`${entry.previous}\n${entry.atMs}\n${entry.event}`).digest("hex");
}
