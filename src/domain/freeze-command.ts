import { longestReason } from "./command-line.ts";
import { splitWords, type Word } from "./command-words.ts";
import { parseDurationMs } from "./duration.ts";
import { type Problem, problem } from "./errors.ts";

/** What was typed behind `/handover freeze` or `/handover unfreeze`. */
export interface FreezeCommand {
  readonly kind: "freeze" | "unfreeze";
  /** A target or a cluster, as it was typed. */
  readonly scopeText: string;
  readonly reason: string;
  /** Null: until it is lifted. */
  readonly durationMs: number | null;
}

export type FreezeCommandResult =
  | { readonly ok: true; readonly command: FreezeCommand }
  | { readonly ok: false; readonly problem: Problem };

/** Nobody remembers a freeze for longer; what shall last longer is frozen until it is lifted. */
const longestFreezeMs = 31 * 24 * 60 * 60_000;

const usages = {
  freeze: '/handover freeze CLUSTER|TARGET [for 2h] "reason"',
  unfreeze: '/handover unfreeze CLUSTER|TARGET ["reason"]',
} as const;

/** Reads `orders for 2h "reason"`: the words after the verb. Without `for`, a freeze holds until it is lifted. */
export function parseFreezeCommand(kind: FreezeCommand["kind"], text: string): FreezeCommandResult {
  const split = splitWords(text, usages[kind]);
  if ("problem" in split) return { ok: false, problem: split.problem };
  const [scope, ...rest] = split.words;
  if (scope === undefined || scope.text.startsWith("--")) return wrong(kind, "it names no target and no cluster");
  const timed = kind === "freeze" && isWord(rest[0], "for");
  const reason = (timed ? rest.slice(2) : rest).map((word) => word.text).join(" ");
  const durationText = timed ? (rest[1]?.text ?? "") : null;
  const durationMs = durationText === null ? null : durationOf(durationText);
  if (durationText !== null && durationMs === null) {
    return wrong(kind, `“${durationText.slice(0, 40)}” is no length of time: 30m, 2h or 3d are, up to 31 days`);
  }
  if (kind === "freeze" && reason.trim() === "") {
    const line = [usages.freeze.split(" CLUSTER")[0], scope.text, ...(timed ? ["for", durationText] : []), '"why"'];
    return wrong(kind, "it says no reason, and everybody it stops will ask for one", line.join(" "));
  }
  if (reason.length > longestReason) return wrong(kind, `its reason is longer than ${longestReason} characters`);
  return { ok: true, command: { kind, scopeText: scope.text, reason, durationMs } };
}

/** Unlike in flags, a bare number says nothing: two hours and two seconds are both meant by somebody. */
function durationOf(text: string): number | null {
  const days = /^(\d{1,3})d$/.exec(text)?.[1];
  const ms = days !== undefined ? Number(days) * 24 * 60 * 60_000 : /\d$/.test(text) ? null : parseDurationMs(text);
  return ms === null || ms <= 0 || ms > longestFreezeMs ? null : ms;
}

function isWord(word: Word | undefined, text: string): boolean {
  return word !== undefined && !word.quoted && word.text.toLowerCase() === text;
}

function wrong(kind: FreezeCommand["kind"], why: string, usage: string = usages[kind]): FreezeCommandResult {
  return { ok: false, problem: problem("freeze_unclear", { why, usage }) };
}
