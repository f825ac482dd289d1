import type { Problem } from "../domain/errors.ts";
import type { Plan, PlanDraft } from "../domain/plan.ts";
import type { StepProgress } from "../domain/request.ts";
import type { AnnouncedTarget } from "../domain/target.ts";
import type { ExecutionResult } from "../execution/run-steps.ts";

/** Everything one call of the command line found out and did; `--json` prints it as it is. */
export interface Report {
  readonly exitCode: number;
  readonly operation: string | null;
  readonly target: AnnouncedTarget | null;
  /** The Kubernetes user on record; null where nothing was to be changed. */
  readonly user: string | null;
  readonly reason: string | null;
  readonly plan: (PlanDraft & { readonly fingerprint?: string }) | null;
  readonly execution: ({ readonly id: string } & ExecutionResult) | null;
  readonly problems: readonly Problem[];
  /** After an execution that did not succeed: the line that shows what is now, and what mends it. */
  readonly look: string | null;
}

export const emptyReport: Omit<Report, "exitCode"> = {
  operation: null,
  target: null,
  user: null,
  reason: null,
  plan: null,
  execution: null,
  problems: [],
  look: null,
};

export function jsonReport(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** What is and what will be done, line by line. */
export function planText(plan: PlanDraft | Plan, target: AnnouncedTarget): string {
  const lines = [
    `${target.namespace}/${target.name} on cluster ${target.cluster}`,
    ...plan.now.map((one) => `  ${one}`),
  ];
  if (plan.steps.length > 0) {
    lines.push("", "Steps:", ...plan.steps.map((step, index) => `  ${index + 1}. ${step.title}`));
    lines.push("", plan.cost);
  }
  if (plan.bounds.length > 0) lines.push(`Only while ${plan.bounds.join(", ")}.`);
  lines.push(...plan.warnings.map((warning) => `Warning: ${warning.text}`));
  if (plan.acceptance !== undefined) {
    const { title, figures, flag, given } = plan.acceptance;
    lines.push("", given ? `Accepted by --${flag}: ${title}` : `To be accepted by --${flag}: ${title}`);
    lines.push(...figures.map((figure) => `  ${figure}`));
  }
  return `${lines.join("\n")}\n`;
}

export function problemText(problem: Pick<Problem, "what" | "next">): string {
  return `${problem.what}\n${problem.next}\n`;
}

const signs: Readonly<Record<StepProgress["state"], string>> = {
  pending: "·",
  running: "…",
  done: "✓",
  failed: "✗",
  undone: "↩",
  skipped: "–",
};

export function stepText(step: StepProgress): string {
  return `${signs[step.state]} ${step.title}${step.note === undefined ? "" : ` — ${step.note}`}\n`;
}

/** How the execution ended. */
export function resultText({ state, outcome }: ExecutionResult): string {
  const stopped =
    outcome.writesStoppedMs === null ? "" : ` Writes stopped for ${Math.round(outcome.writesStoppedMs)} ms.`;
  const ended = `${state}: ${outcome.summary}${stopped}\n`;
  const problems = outcome.problems.filter((one) => one.what !== outcome.summary).map(problemText);
  const advice = outcome.problems.filter((one) => one.what === outcome.summary).map((one) => `${one.next}\n`);
  return [ended, ...advice, ...problems].join("");
}
