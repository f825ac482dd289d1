import { type BreakGlassNews, breakGlassMessage } from "../../handlers/messages/break-glass.ts";
import { HandoverError } from "../domain/errors.ts";
import { mention } from "../domain/people.ts";
import type { Outcome } from "../domain/request.ts";
import type { LedgerExecution } from "../execution/ledger.ts";
import { overriddenFreeze } from "../execution/preflight.ts";
import { ChatError } from "../ports/chat.ts";
import type { TargetReference } from "../ports/workloads.ts";
import { auditBreakGlass, type PolicyOnBreakGlass, policyOnBreakGlass } from "./break-glass-audit.ts";
import type { WorkerServices } from "./services.ts";

const postDeadlineMs = 5_000;

/** What this process has told already. After a restart it may tell once more: better twice than never. */
const told = new WeakMap<NewsServices, Set<string>>();

type NewsServices = Pick<
  WorkerServices,
  "chat" | "channelId" | "log" | "store" | "once" | "policy" | "cluster" | "workloads"
>;

/** An execution beside a lease, and how far it is. */
interface Told {
  readonly execution: LedgerExecution;
  /** Nobody renews its lease. */
  readonly abandoned: boolean;
  readonly end: { readonly outcome: Outcome } | null;
}

/**
 * Announces in the cluster's channel, and puts into the audit, what somebody does from the command line: that it began, that it was left unfinished,
 * that somebody finishes what another process left, how it ended. An execution in which no command line had a hand is not
 * announced here.
 */
export async function announceBreakGlass(services: NewsServices, target: TargetReference, about: Told): Promise<void> {
  const news = newsOf(about, `${target.namespace}/${target.workload}`);
  if (news === null) return;
  const key = `${news.executionId}/${news.phase}/${about.execution.finisher?.atMs ?? ""}`;
  const known = told.get(services) ?? new Set<string>();
  told.set(services, known);
  if (known.has(key) && known.has(inAudit(key))) return;
  const said = news.phase === "started" ? await policyOnBreakGlass(services, target, about.execution) : null;
  if (!known.has(inAudit(key)) && (await isAudited(services, news, said))) known.add(inAudit(key));
  if (known.has(key)) return;
  try {
    const signal = AbortSignal.timeout(postDeadlineMs);
    const named = said === null || said.named === null ? {} : { named: said.named };
    await services.chat.post(services.channelId, breakGlassMessage({ ...news, ...named }), null, signal);
    known.add(key);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    services.log.warn({ executionId: news.executionId, slack: error.slackError }, "break-glass use not announced yet");
    if (about.end !== null) throw error;
  }
}

const inAudit = (key: string) => `${key}/audit`;

/** The channel hears of it also when Redis does not answer; then it is tried again as long as the lease tells of it. */
async function isAudited(
  services: NewsServices,
  news: BreakGlassNews,
  said: PolicyOnBreakGlass | null,
): Promise<boolean> {
  try {
    return await auditBreakGlass(services, news, said);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    const { executionId, phase } = news;
    services.log.warn({ executionId, phase, problem: error.problem.code }, "break-glass use is not in the audit yet");
    return false;
  }
}

function newsOf({ execution, abandoned, end }: Told, target: string): BreakGlassNews | null {
  const { authority, finisher, id: executionId } = execution;
  const isBreakGlass = authority.kind === "break_glass";
  const operation = isBreakGlass ? authority.plan.operation : authority.record.operation;
  const begunBy = isBreakGlass ? `${authority.user} from the command line` : mention(authority.record.requester);
  const common = { operation, target, executionId, begunBy, outcome: end?.outcome ?? null };
  // Who finishes it holds the lease, or held it last; what was abandoned since is somebody's to finish again.
  if (finisher !== undefined && (end !== null || !abandoned)) {
    return { ...common, ...finisher, phase: end === null ? "finishing" : "finished" };
  }
  if (!isBreakGlass) return null;
  const { user, reason, plan } = authority;
  const accepted = plan.acceptance === undefined ? {} : { accepted: plan.acceptance.title };
  const overridden = plan.warnings.find(({ code }) => code === overriddenFreeze);
  const overrode = overridden === undefined ? {} : { overrode: overridden.text };
  return {
    ...common,
    ...accepted,
    ...overrode,
    user,
    reason,
    phase: end !== null ? "ended" : abandoned ? "unfinished" : "started",
  };
}
