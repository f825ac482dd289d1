import { z } from "zod";
import { type Person, personSchema } from "./people.ts";
import { parametersSchema } from "./plan.ts";
import { recordedRuleSchema } from "./policy/recorded-rule.ts";
import { type Schedule, scheduleSchema } from "./schedule.ts";
import { signedSchema } from "./signing.ts";
import { announcedTargetSchema } from "./target.ts";

/** States that something still follows. Of `unknown` somebody has to find out what. */
const unsettledStates = ["planning", "awaiting_approval", "approved", "running", "unknown"] as const;
/** States that nothing follows. */
const finalStates = ["refused", "denied", "withdrawn", "expired", "stale", "succeeded", "failed", "cancelled"] as const;

/** Every state a request can be in. What leads from one to another stands in `transitions/`. */
export const requestStates = [...unsettledStates, ...finalStates] as const;
export type RequestState = (typeof requestStates)[number];

export const settledStates: ReadonlySet<RequestState> = new Set(finalStates);

export const problemSchema = z.object({
  code: z.string(),
  kind: z.enum(["usage", "refused", "failed", "unknown", "locked", "frozen"]),
  what: z.string(),
  next: z.string(),
});

/** How far one step of the plan is. */
export const stepProgressSchema = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(["pending", "running", "done", "failed", "undone", "skipped"]),
  /** A sentence for people: what was found or done. */
  note: z.string().optional(),
  /** True where a person may still stop or pause it before this step, also after the commitment. */
  safePoint: z.boolean().optional(),
  /** True where a person may still stop it in the middle of this step, which is then put right. */
  stoppable: z.boolean().optional(),
});
export type StepProgress = z.infer<typeof stepProgressSchema>;

/** One thing that happened, told once in the thread, in this order. */
export const storyEntrySchema = z.object({
  atMs: z.number().int(),
  text: z.string(),
});
export type StoryEntry = z.infer<typeof storyEntrySchema>;

/** What people can wish of something that runs. It is honoured at places that are good by themselves, never in the middle of a step. */
export const wishKinds = ["cancel", "pause", "resume"] as const;
export type WishKind = (typeof wishKinds)[number];

/** The last wish of a person; a wish to cancel is the last one there is. */
export const wishSchema = z.object({
  kind: z.enum(wishKinds),
  by: personSchema,
  atMs: z.number().int(),
});
export type Wish = z.infer<typeof wishSchema>;

export const executionSchema = z.object({
  id: z.string(),
  /** The worker that carries it out: who began it, or took it up last. */
  worker: z.string(),
  startedAtMs: z.number().int(),
  steps: z.array(stepProgressSchema),
  /** Set before the first step that cannot be undone; afterwards it can be stopped at a safe point only. */
  committed: z.boolean(),
});
export type RecordedExecution = z.infer<typeof executionSchema>;

export const outcomeSchema = z.object({
  atMs: z.number().int(),
  /** One sentence that says how it ended. */
  summary: z.string(),
  /** How long writes really stopped, as far as the operation could see; null when it did not stop them. */
  writesStoppedMs: z.number().nullable(),
  problems: z.array(problemSchema),
});
export type Outcome = z.infer<typeof outcomeSchema>;

/** What was said while a request waited for approvals. Written before it is said, so that nothing is said twice. */
export const waitingSchema = z.object({
  /** From when on reminders and escalations are counted. */
  sinceMs: z.number().int(),
  /** How many of the rule's reminders have come due. */
  reminded: z.number().int().min(0),
  /** How many of the rule's escalations have. */
  escalated: z.number().int().min(0),
  /** The direct messages that were begun: to whom, and on which occasion. */
  notices: z.array(z.object({ occasion: z.string(), userId: z.string() })),
});
export type Waiting = z.infer<typeof waitingSchema>;

/** A request whose place this one takes: its plan was made anew, or it was tried again. */
export const followsSchema = z.object({ requestId: z.string().min(1), kind: z.enum(["replan", "retry"]) });
export type Follows = z.infer<typeof followsSchema>;

/** A request, whole. Plain data: everything shown to people is drawn from this by pure functions. */
export const requestRecordSchema = z.object({
  version: z.literal(1),
  id: z.string().min(1),
  /** Grows by one with every change; compare-and-set is on it. */
  revision: z.number().int().min(1),
  state: z.enum(requestStates),
  operation: z.string().min(1),
  target: announcedTargetSchema,
  parameters: parametersSchema,
  requester: personSchema,
  reason: z.string().optional(),
  /** Where the request was asked for and its face stands. */
  channelId: z.string().min(1),
  createdAtMs: z.number().int(),
  updatedAtMs: z.number().int(),
  /** When the present state expires (by Redis' clock); null for states that do not. */
  expiresAtMs: z.number().int().nullable(),
  /** The rule that decided when the request was made: name and what it asks for. */
  rule: recordedRuleSchema,
  /** When it is to begin; without it, as soon as it is approved. */
  schedule: scheduleSchema.optional(),
  /** Only the plan is wanted: it is shown, and that settles it. */
  dryRun: z.literal(true).optional(),
  plan: signedSchema.optional(),
  approvals: z.array(signedSchema),
  /** Kept from when it began to wait for approvals. */
  waiting: waitingSchema.optional(),
  /** Who settled it by a click, where somebody did. */
  settledBy: personSchema.optional(),
  /** Why they did, in their own words. */
  settledReason: z.string().optional(),
  follows: followsSchema.optional(),
  /** The request that took this one's place. The one thing that is written after it was settled. */
  followedBy: z.string().min(1).optional(),
  /** Cancel: honoured until `execution.committed`, and at safe points. Pause and resume: at safe points. */
  wish: wishSchema.optional(),
  execution: executionSchema.optional(),
  outcome: outcomeSchema.optional(),
  story: z.array(storyEntrySchema),
});
export type RequestRecord = z.infer<typeof requestRecordSchema>;

/** What the edge knows when somebody asks. */
export interface NewRequest {
  readonly id: string;
  readonly operation: string;
  readonly target: RequestRecord["target"];
  readonly parameters: RequestRecord["parameters"];
  readonly requester: Person;
  readonly reason?: string;
  readonly channelId: string;
  readonly rule: RequestRecord["rule"];
  readonly schedule?: Schedule;
  readonly dryRun?: true;
  readonly follows?: Follows;
}

/** How long a worker may take to plan before nobody waits for it any longer. */
export const planningExpiresAfterMs = 60_000;

export function newRequestRecord(request: NewRequest, nowMs: number): RequestRecord {
  return {
    version: 1,
    ...request,
    revision: 1,
    state: "planning",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    expiresAtMs: nowMs + planningExpiresAfterMs,
    approvals: [],
    story: [],
  };
}

/**
 * Whether something will still happen to it by itself. An unknown outcome waits for a person to look, and must not stand
 * in the way of the next request, which may be the one that mends it.
 */
export function isOpen(record: Pick<RequestRecord, "state">): boolean {
  return !isSettled(record) && record.state !== "unknown";
}

/** Whether a wish to cancel or to pause can still help: nothing has begun to change, or a place lies ahead where it may stop. */
export function canStillStop({ committed, steps }: Pick<RecordedExecution, "committed" | "steps">): boolean {
  return !committed || hasSafePointAhead(steps) || hasStoppableStep(steps);
}

/** Whether a step is being done, or lies ahead, that people may stop in its middle. */
export function hasStoppableStep(steps: readonly StepProgress[]): boolean {
  return steps.some((step) => step.stoppable === true && (step.state === "pending" || step.state === "running"));
}

/** As far as is on record: the last safe point may have been passed a moment ago. */
export function hasSafePointAhead(steps: readonly StepProgress[]): boolean {
  return steps.some((step) => step.safePoint === true && step.state === "pending");
}

export function isPaused({ state, wish }: Pick<RequestRecord, "state" | "wish">): boolean {
  return state === "running" && wish?.kind === "pause";
}

export function isSettled(record: Pick<RequestRecord, "state">): boolean {
  return settledStates.has(record.state);
}
