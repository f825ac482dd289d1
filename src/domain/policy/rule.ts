import { z } from "zod";
import { type Principal, principalSchema } from "../principals.ts";

/** So many different people, each of them one of these. */
export const requirementSchema = z.object({
  count: z.number().int().min(1),
  /** Who, as people read it: `@dba-oncall`, or the people by name. */
  of: z.string().min(1),
  principals: z.array(principalSchema).readonly(),
});
export type Requirement = z.infer<typeof requirementSchema>;

/** Who is told when a request still waits after so long. */
export const escalationSchema = z.object({
  /** Counted from when the plan was made. */
  afterMinutes: z.number().int().min(1),
  /** Who, as people read it: `@dba-lead`. */
  to: z.string().min(1),
  principals: z.array(principalSchema).readonly(),
  /** From then on they may approve too, in the place of anybody whom the rule asks for. */
  mayApprove: z.boolean(),
});
export type Escalation = z.infer<typeof escalationSchema>;

/** A time in which nothing may begin. What has begun ends. */
export interface FreezeWindow {
  readonly name: string;
  readonly reason: string | null;
  /** IANA name; for people, and for `cron`. */
  readonly timeZone: string;
  readonly when:
    | { readonly kind: "range"; readonly fromMs: number; readonly toMs: number }
    | { readonly kind: "cron"; readonly cron: string; readonly forMinutes: number };
}

export const linkSchema = z.object({ title: z.string().min(1), url: z.string().min(1) });
export type Link = z.infer<typeof linkSchema>;

/**
 * One rule of the policy, ready to be judged by. The first that matches decides, and only it. Patterns are those of `globs.ts`.
 */
export interface PolicyRule {
  readonly name: string;
  readonly operations: readonly string[];
  readonly clusters: readonly string[];
  readonly namespaces: readonly string[];
  readonly targets: readonly string[];
  /** Patterns by label of the target's workload; each label has to be there. */
  readonly labels: Readonly<Record<string, string>>;
  readonly requesters: Whom;
  /** All have to be met, each approval counting for one of them. Empty: no approval is needed. */
  readonly requirements: readonly Requirement[];
  /** Whether the approval of the person who asked counts. */
  readonly selfApproval: boolean;
  /** How long a plan waits for its approvals, and a grant for its start. */
  readonly expiresAfterMinutes: number;
  /** When those who can approve are reminded, counted from when the plan was made; growing. */
  readonly remindAfterMinutes: readonly number[];
  readonly escalation: readonly Escalation[];
  readonly reasonRequired: boolean;
  readonly freeze: readonly FreezeWindow[];
  /** Patterns of Kubernetes users and groups that may use the command line; null: the policy does not say, and Kubernetes' own rights decide. */
  readonly breakGlass: readonly string[] | null;
  readonly whenSlackIsAway: WhenSlackIsAway;
  /** May hold `{cluster}`, `{namespace}`, `{target}` and `{operation}`. */
  readonly runbook: string | null;
  readonly dashboards: readonly Link[];
}

/** People, and how they are named in a sentence. */
export interface Whom {
  readonly text: string;
  readonly principals: readonly Principal[];
}

/** What becomes of an approved request when, at its start, nobody says any more whether its approvers still may. */
export type WhenSlackIsAway =
  | { readonly kind: "refuse" }
  /** What was checked at the click counts, when that is not longer ago. */
  | { readonly kind: "acceptCheckedWithin"; readonly minutes: number };

export type Policy = readonly PolicyRule[];
