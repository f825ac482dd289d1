import type { BreakGlassNews } from "../../handlers/messages/break-glass.ts";
import { problemOf } from "../domain/errors.ts";
import { mayBreakGlass } from "../domain/policy/explain.ts";
import { policyHashOf } from "../domain/policy/hash.ts";
import { commonLabels } from "../domain/policy/labels.ts";
import { decidingRule } from "../domain/policy/matching.ts";
import type { LedgerExecution } from "../execution/ledger.ts";
import type { TargetReference } from "../ports/workloads.ts";
import type { WorkerServices } from "./services.ts";

const readDeadlineMs = 5_000;
/** Longer than one write; a worker that died over it leaves it to the next one. */
const holdMs = 5_000;

/** What this worker's policy says of somebody who broke the glass. */
export interface PolicyOnBreakGlass {
  readonly rule: string | null;
  /** Null: it does not say. */
  readonly allowed: boolean | null;
  /** Whom it names, where it names others. */
  readonly named: string | null;
}

/**
 * Whether the policy lets this Kubernetes user do this without Slack. The command line asks it only where it was given one, so
 * the worker asks again, for the announcement and the audit: it stops nothing that has begun. Null: nothing was begun there.
 */
export async function policyOnBreakGlass(
  { policy, cluster, workloads, log }: Pick<WorkerServices, "policy" | "cluster" | "workloads" | "log">,
  target: TargetReference,
  { authority, id }: LedgerExecution,
): Promise<PolicyOnBreakGlass | null> {
  if (authority.kind !== "break_glass") return null;
  try {
    const marks = await workloads.marks(target, AbortSignal.timeout(readDeadlineMs));
    const labels = commonLabels(marks.map((one) => one.labels ?? {}));
    const { plan, user, groups = [] } = authority;
    const rule = decidingRule(policy, plan.operation, { ...plan.target, cluster, labels });
    if (rule === null) return { rule: null, allowed: false, named: "nobody: no rule is about it" };
    const allowed = mayBreakGlass(rule, [user, ...groups]);
    const named = allowed === false ? rule.breakGlass?.join(", ") || "nobody" : null;
    return { rule: rule.name, allowed, named };
  } catch (error) {
    const { code, what } = problemOf(error, "judging who broke the glass");
    log.warn(
      { executionId: id, problem: code, why: what },
      "whether the policy lets somebody break the glass is not known",
    );
    return { rule: null, allowed: null, named: null };
  }
}

/**
 * Puts into the audit what was done from the command line, once for each of its phases. False: another worker has it in hand, or
 * has done it. Throws HandoverError `redis_away`.
 */
export async function auditBreakGlass(
  { store, once, policy }: Pick<WorkerServices, "store" | "once" | "policy">,
  news: BreakGlassNews,
  said: PolicyOnBreakGlass | null,
): Promise<boolean> {
  const what = `break-glass:${news.executionId}:${news.phase}:${news.user}`;
  if (!(await once.begin(what, holdMs))) return false;
  await store.audit({
    kind: "break_glass",
    requestId: null,
    by: { commandLine: news.user },
    facts: {
      phase: news.phase,
      operation: news.operation,
      target: news.target,
      executionId: news.executionId,
      reason: news.reason,
      begunBy: news.begunBy,
      outcome: news.outcome?.summary ?? null,
      accepted: news.accepted ?? null,
      overrode: news.overrode ?? null,
      ...(said === null ? {} : { policy: policyHashOf(policy), rule: said.rule, allowed: allowedText(said.allowed) }),
    },
  });
  await once.done(what);
  return true;
}

function allowedText(allowed: boolean | null): string {
  if (allowed === null) return "the policy does not say";
  return allowed ? "yes" : "no";
}
