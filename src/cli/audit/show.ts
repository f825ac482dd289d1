import { approvalSchema } from "../../domain/approval.ts";
import { fail } from "../../domain/errors.ts";
import { planSchema } from "../../domain/plan.ts";
import { readUnverified, type Signed } from "../../domain/signing.ts";
import { targetText } from "../../domain/target.ts";
import { exitCodes } from "../exit-codes.ts";
import type { SideSurroundings } from "../side-commands.ts";
import { readSideWords } from "../side-words.ts";
import { entryJson, factsText, type ReadEntry, readEntry, timeText, whoText } from "./audit-event.ts";
import { withAudit } from "./open-audit.ts";

export const showUsage = "audit show REQUEST [--cluster NAME] [--json]";

/** `npx handover audit show REQUEST` */
export async function showAudit(words: readonly string[], surroundings: SideSurroundings): Promise<number> {
  const usage = `npx handover ${showUsage}`;
  const options = { cluster: "text", json: "switch" } as const;
  const typed = readSideWords(words, { usage, options, mostPositionals: 1 });
  const [requestId] = typed.positionals;
  if (requestId === undefined) throw fail("request_id_missing", { usage });
  const found: ReadEntry[] = [];
  await withAudit(typed.text("cluster"), surroundings, async ({ entries }) => {
    for await (const entry of entries()) {
      surroundings.signal.throwIfAborted();
      const read = readEntry(entry);
      if (read.event?.requestId === requestId) found.push(read);
    }
  });
  if (found.length === 0) throw fail("request_unknown", { requestId });
  const text = typed.isSet("json") ? `${JSON.stringify(found.map(entryJson), null, 2)}\n` : storyText(found);
  surroundings.terminal.out(text);
  return exitCodes.done;
}

function storyText(found: readonly ReadEntry[]): string {
  const lines = found.flatMap(({ entry, event }) => {
    if (event === null) return [`${timeText(entry.atMs)}  (not readable) ${entry.event}`];
    const head = `${timeText(entry.atMs)}  ${event.kind}, by ${whoText(event)}, version ${event.version ?? "unknown"}`;
    return [head, `    ${factsText(event)}`, ...event.statements.flatMap(statementText).map((line) => `    ${line}`)];
  });
  return `${lines.join("\n")}\n`;
}

function statementText(signed: Signed): string[] {
  const plan = readUnverified(signed, planSchema);
  if (plan !== null) {
    return [
      `The plan as it was shown (signed by key ${signed.keyId}, fingerprint ${plan.fingerprint.slice(0, 12)}…):`,
      `  ${plan.operation} on ${targetText(plan.target)}. ${plan.cost}`,
      ...plan.now.map((line) => `  now: ${line}`),
      ...plan.steps.map((step, index) => `  ${index + 1}. ${step.title}`),
      ...plan.warnings.map((warning) => `  warning: ${warning.text}`),
      ...plan.bounds.map((bound) => `  bound: ${bound}`),
    ];
  }
  const approval = readUnverified(signed, approvalSchema);
  if (approval !== null) {
    const { approver, message } = approval;
    const where = `in message ${message.ts} of channel ${message.channelId}`;
    return [`Approval of ${approver.userId} at ${timeText(approval.atMs)}, ${where} (signed by key ${signed.keyId})`];
  }
  return [`A statement of another kind, signed by key ${signed.keyId}`];
}
