import { z } from "zod";
import { grantIdOf } from "../domain/approval.ts";
import { planSchema } from "../domain/plan.ts";
import {
  outcomeSchema,
  type RequestRecord,
  requestRecordSchema,
  stepProgressSchema,
  wishSchema,
} from "../domain/request.ts";
import { grantOf } from "../domain/transitions/reading.ts";

/**
 * What is written beside a target's lease, in the cluster itself. It is all that a worker needs to finish what another
 * began, though Redis were empty, Slack away and the grant expired.
 */

/** Where the request's message stood when the execution began, so that it can be told there even if Redis lost it. */
const faceSchema = z.object({ channelId: z.string(), ts: z.string() });

export const authoritySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("grant"),
    /** The approved record as it was admitted: signed plan and signed approvals included. */
    record: requestRecordSchema,
    face: faceSchema.nullable(),
  }),
  z.object({
    kind: z.literal("break_glass"),
    /** The Kubernetes user, as the API server names it. */
    user: z.string(),
    /** Those that the API server counts the user among; missing where they were not asked for. */
    groups: z.array(z.string()).optional(),
    reason: z.string(),
    plan: planSchema,
  }),
]);
export type Authority = z.infer<typeof authoritySchema>;

/** A person who takes up from the command line what another process left. */
const finisherSchema = z.object({
  /** The Kubernetes user, as the API server names it. */
  user: z.string(),
  reason: z.string(),
  atMs: z.number().int(),
});
export type Finisher = z.infer<typeof finisherSchema>;

export const ledgerExecutionSchema = z.object({
  version: z.literal(1),
  id: z.string().min(1),
  authority: authoritySchema,
  /** Who began it. */
  startedBy: z.string(),
  /** By the beginner's clock; for people. */
  startedAtMs: z.number().int(),
  /** Written before the first step that cannot be undone. False: nothing has been changed yet. */
  committed: z.boolean(),
  /** It stands at a safe point, no step of it half done: somebody paused it (`pause`), or its process left it there. */
  held: z.object({ pause: wishSchema.nullable() }).optional(),
  /** Who took it up last, where that was a person at a command line. */
  finisher: finisherSchema.optional(),
  steps: z.array(stepProgressSchema),
});
export type LedgerExecution = z.infer<typeof ledgerExecutionSchema>;

const endedExecutionSchema = z.object({
  executionId: z.string(),
  /** Null for an execution from the command line. */
  grantId: z.string().nullable(),
  /** Until then the grant must be remembered, by the worker's clock, with a margin for clocks that differ. */
  rememberUntilMs: z.number().int(),
  /** How it ended, kept until the record in Redis (or, for the command line, the channel) has it. */
  unreported: z
    .object({
      execution: ledgerExecutionSchema,
      state: z.enum(["succeeded", "failed", "cancelled", "stale", "unknown"]),
      outcome: outcomeSchema,
    })
    .nullable(),
});
export type EndedExecution = z.infer<typeof endedExecutionSchema>;

/** The text of the lease's `execution`, or null when there is none. Throws a SyntaxError or ZodError for a text that Handover did not write. */
export function readExecution(text: string | null): LedgerExecution | null {
  return text === null ? null : ledgerExecutionSchema.parse(JSON.parse(text));
}

export function writeExecution(execution: LedgerExecution): string {
  return JSON.stringify(execution);
}

/** Executions that have ended and must still be remembered: for their grant, or until they are told. */
export function readEnded(text: string | null): EndedExecution[] {
  return text === null ? [] : z.array(endedExecutionSchema).parse(JSON.parse(text));
}

/** So many untold ends of the command line are kept: beside a lease there is room for about 75, and without a worker nobody ever tells them. */
const untoldAtMost = 20;

/** Leaves out what is told and whose grant has long expired, and of too many untold ends of the command line the oldest. */
export function writeEnded(ended: readonly EndedExecution[], nowMs: number): string | null {
  const fromCommandLine = ended.filter((entry) => entry.unreported !== null && entry.grantId === null);
  const fromGrants = ended.filter((entry) => entry.unreported !== null && entry.grantId !== null);
  const untold = new Set([...fromCommandLine.slice(-untoldAtMost), ...fromGrants]);
  const kept = ended
    .filter((entry) => untold.has(entry) || (entry.grantId !== null && entry.rememberUntilMs > nowMs))
    .map((entry) => (untold.has(entry) ? entry : { ...entry, unreported: null }));
  return kept.length === 0 ? null : JSON.stringify(kept);
}

/** The execution that used this grant, whether it has ended or not; null: the grant is unused. */
export function executionThatUsed(
  grantId: string,
  open: LedgerExecution | null,
  ended: readonly EndedExecution[],
): string | null {
  if (open !== null && grantIdOfExecution(open) === grantId) return open.id;
  return ended.find((entry) => entry.grantId === grantId)?.executionId ?? null;
}

export function grantIdOfExecution(execution: LedgerExecution): string | null {
  if (execution.authority.kind === "break_glass") return null;
  return grantIdOfRecord(execution.authority.record);
}

export function grantIdOfRecord(record: RequestRecord): string | null {
  const grant = grantOf(record);
  return grant === null ? null : grantIdOf(grant);
}
