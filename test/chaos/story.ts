import type { Violation } from "./checker.ts";
import type { History, Report } from "./history.ts";
import type { Scenario } from "./scenario.ts";

export interface Told {
  readonly violations: readonly Violation[];
  readonly history: History;
  /** What came when, and what the workers printed. */
  readonly log: readonly string[];
}

/** Everything about a run that broke a promise: which, what was to happen, what came when, and how to have it again. */
export function storyOf(scenario: Scenario, { violations, log }: Told, where: "simulated" | "real"): string {
  const { faults, ...rest } = scenario;
  return [
    `Seed ${scenario.seed} of ${scenario.operation} breaks ${violations.length} promise(s):`,
    ...violations.map(({ rule, text }) => `  ${rule}: ${text}`),
    `Scenario: ${JSON.stringify(rest)}`,
    ...faults.map((fault) => `  ${JSON.stringify(fault.at)} → ${JSON.stringify(fault.act)}`),
    ...log.map((line) => `  ${line}`),
    `Again: ${replayLine(scenario, where)}`,
  ].join("\n");
}

export function replayLine({ operation, seed }: Scenario, where: "simulated" | "real"): string {
  return `npm run chaos -- --operation ${operation} --seed ${seed}${where === "real" ? " --real" : ""}`;
}

/** How the command ended each time it was typed, in a few words: runs are counted by it. */
export function endOf({ end }: History): string {
  const words = end.reports.map(wordsOf);
  return words.length === 0 ? "killed before it began" : words.join(", then ");
}

function wordsOf({ state, exitCode, problems }: Report): string {
  if (state !== null) return state;
  return exitCode === 0 ? "nothing to do" : `refused (${problems[0]?.code ?? "?"})`;
}
