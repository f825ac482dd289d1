import { createHash } from "node:crypto";
import { z } from "zod";
import { personSchema } from "./people.ts";
import { plannedApprovalSchema } from "./policy/planned-approval.ts";
import { scheduleSchema } from "./schedule.ts";
import { targetKeySchema, targetKindSchema } from "./target.ts";

/** Values an operation's parameters can have. They travel through Slack, Redis and the cluster, so they stay plain. */
export const parametersSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
export type Parameters = z.infer<typeof parametersSchema>;

/** One fact that people approve. Only what must not change between plan and start: never lag, positions, times or resourceVersions. */
export const factSchema = z.object({ name: z.string().min(1), value: z.string() });
export type Fact = z.infer<typeof factSchema>;

export const planStepSchema = z.object({
  id: z.string().min(1),
  /** What a person reads: “Demote orders-0 to standby”. */
  title: z.string().min(1),
});
export type PlanStep = z.infer<typeof planStepSchema>;

export const planWarningSchema = z.object({ code: z.string().min(1), text: z.string().min(1) });
export type PlanWarning = z.infer<typeof planWarningSchema>;

/**
 * What a person has to accept by name before the plan may be carried out, because it can cost what nothing brings back. On
 * the command line by a flag; in Slack by the same flag, or in a modal that repeats the figures.
 */
export const acceptanceSchema = z.object({
  /** What is accepted, in a sentence. */
  title: z.string().min(1),
  /** What is known of it, line by line; part of what is signed. */
  figures: z.array(z.string()),
  /** The flag that accepts it, without dashes. */
  flag: z.string().min(1),
  /** Whether it was accepted already, by whoever asked with that flag. */
  given: z.boolean(),
});
export type Acceptance = z.infer<typeof acceptanceSchema>;

export const planTargetSchema = targetKeySchema.extend({
  workload: z.string().min(1),
  kind: targetKindSchema.optional(),
});

/** What will be done, as the worker saw the cluster and as people approve it. */
export const planSchema = z.object({
  version: z.literal(1),
  requestId: z.string().min(1),
  operation: z.string().min(1),
  /** Signed with its workload: the policy judges the name, and the name must not lead to another workload later. */
  target: planTargetSchema,
  /** Who asked; signed with the rest, so that nobody turns into another requester between plan and approval. */
  requester: personSchema,
  parameters: parametersSchema,
  /** When it is to begin; without it, as soon as it is approved. */
  schedule: scheduleSchema.optional(),
  /** It was made to be looked at: no grant comes of it. */
  dryRun: z.literal(true).optional(),
  /** What the approval is for; see `fingerprintOf`. */
  facts: z.array(factSchema),
  fingerprint: z.string().length(64),
  /** What is now, line by line. */
  now: z.array(z.string()),
  steps: z.array(planStepSchema),
  /** What it costs, in a sentence: “Writes stop for about 0.1 s.” */
  cost: z.string(),
  /** Limits that are looked at again just before the switch, in words: “lag of orders-1 ≤ 2 s”. */
  bounds: z.array(z.string()),
  warnings: z.array(planWarningSchema),
  acceptance: acceptanceSchema.optional(),
  /** What the operation itself needs to carry the plan out; only it reads this. */
  details: z.unknown(),
  /** The rule it waits for approval by, and who could give one when it was made. Missing where nobody is asked: on the command line. */
  approval: plannedApprovalSchema.optional(),
  /** By the worker's clock; reminders, escalation and expiry are counted from it. */
  madeAtMs: z.number().int(),
});
export type Plan = z.infer<typeof planSchema>;

/** What an operation says of a plan; the rest (request, target, fingerprint) is the same for all and is added around it. */
export type PlanDraft = Pick<
  Plan,
  "facts" | "now" | "steps" | "cost" | "bounds" | "warnings" | "acceptance" | "details"
>;

/** Whether somebody still has to accept, by name, what the plan may cost. */
export function needsAcceptance(plan: Pick<Plan, "acceptance">): boolean {
  return plan.acceptance !== undefined && !plan.acceptance.given;
}

/** SHA-256 (hex) over the facts, whatever their order, with the codes of the warnings as one more fact. */
export function fingerprintOf(facts: readonly Fact[], warnings: readonly PlanWarning[]): string {
  return createHash("sha256")
    .update(JSON.stringify(sortedFacts(facts, warnings)))
    .digest("hex");
}

/** Which facts differ between two plans, in words: “primary: orders-0 → orders-1”. Empty when the fingerprints are equal. */
export function changedFacts(
  before: Pick<Plan, "facts" | "warnings">,
  after: Pick<Plan, "facts" | "warnings">,
): string[] {
  const was = new Map(sortedFacts(before.facts, before.warnings));
  const is = new Map(sortedFacts(after.facts, after.warnings));
  const names = [...new Set([...was.keys(), ...is.keys()])].sort();
  return names
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => `${name}: ${was.get(name) || "none"} → ${is.get(name) || "none"}`);
}

function sortedFacts(facts: readonly Fact[], warnings: readonly PlanWarning[]): [string, string][] {
  const codes = [...new Set(warnings.map((warning) => warning.code))].sort().join(", ");
  const rows: [string, string][] = facts.map((fact) => [fact.name, fact.value]);
  return [...rows, ["warnings", codes] satisfies [string, string]].sort(([a], [b]) => (a < b ? -1 : 1));
}
