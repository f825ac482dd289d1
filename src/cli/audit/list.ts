import { parseDurationMs } from "../../domain/duration.ts";
import { fail } from "../../domain/errors.ts";
import { exitCodes } from "../exit-codes.ts";
import type { SideSurroundings } from "../side-commands.ts";
import { readSideWords, type SideWords } from "../side-words.ts";
import { entryJson, factsText, type ReadEntry, readEntry, timeText, whoText } from "./audit-event.ts";
import { withAudit } from "./open-audit.ts";

export const listUsage =
  "audit list [--cluster NAME] [--request ID] [--target NAME] [--kind KIND] [--since 24h] [--json]";

const options = {
  cluster: "text",
  request: "text",
  target: "text",
  kind: "text",
  since: "text",
  json: "switch",
} as const;

/** `npx handover audit list`. With `--json` each line is one JSON document. */
export async function listAudit(words: readonly string[], surroundings: SideSurroundings): Promise<number> {
  const typed = readSideWords(words, { usage: `npx handover ${listUsage}`, options });
  const isWanted = filterOf(typed, surroundings.clock.nowMs());
  await withAudit(typed.text("cluster"), surroundings, async ({ entries }) => {
    const requestsOfTarget = new Set<string>();
    for await (const entry of entries()) {
      surroundings.signal.throwIfAborted();
      const read = readEntry(entry);
      if (isWanted(read, requestsOfTarget)) surroundings.terminal.out(line(read, typed.isSet("json")));
    }
  });
  return exitCodes.done;
}

type Filter = (read: ReadEntry, requestsOfTarget: Set<string>) => boolean;

/** An entry of another shape is shown unless something was asked for that it cannot show to have. */
function filterOf(typed: SideWords, nowMs: number): Filter {
  const since = typed.text("since");
  const sinceMs = since === null ? null : parseDurationMs(since);
  if (since !== null && sinceMs === null) {
    throw fail("flag_value", { flag: "--since", given: since, expected: "a length of time, such as 24h or 30m" });
  }
  const fromMs = sinceMs === null ? Number.NEGATIVE_INFINITY : nowMs - sinceMs;
  const request = typed.text("request");
  const kind = typed.text("kind");
  const target = typed.text("target");
  return ({ entry, event }, requestsOfTarget) => {
    if (event !== null && event.requestId !== null && target !== null && isOfTarget(event.facts.target, target)) {
      requestsOfTarget.add(event.requestId);
    }
    if (entry.atMs < fromMs) return false;
    if (request !== null && event?.requestId !== request) return false;
    if (kind !== null && event?.kind !== kind) return false;
    if (target === null) return true;
    if (event === null) return false;
    return isOfTarget(event.facts.target, target) || requestsOfTarget.has(event.requestId ?? "");
  };
}

/** Named as people name it: `orders`, `shop/orders` or `prod/shop/orders`. */
function isOfTarget(text: unknown, target: string): boolean {
  return typeof text === "string" && (text === target || text.endsWith(`/${target}`));
}

function line(read: ReadEntry, json: boolean): string {
  if (json) return `${JSON.stringify(entryJson(read))}\n`;
  const { entry, event } = read;
  const at = timeText(entry.atMs);
  if (event === null) return `${at}  (not readable) ${entry.event}\n`;
  return `${at}  ${event.kind}  ${event.requestId ?? "-"}  ${whoText(event)}  ${factsText(event)}\n`;
}
