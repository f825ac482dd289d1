import type { App } from "@slack/bolt";
import { z } from "zod";
import { problemOf } from "../../src/domain/errors.ts";
import { oldestMembershipMs } from "../../src/domain/memberships.ts";
import type { Person } from "../../src/domain/people.ts";
import { judgeApprover } from "../../src/domain/policy/judging.ts";
import { planMembersOf } from "../../src/domain/policy/planned-approval.ts";
import type { RequestRecord } from "../../src/domain/request.ts";
import { approvalsOf, shownPlan } from "../../src/domain/transitions/reading.ts";
import { Budget } from "../budget.ts";
import { recentOf } from "../commands/handover-history.ts";
import { readClusterStates } from "../commands/handover-status.ts";
import { fullAccount } from "../full-account.ts";
import { withLinks } from "../links.ts";
import { type Actor, trustedPerson } from "../person.ts";
import type { ClusterServices, EdgeServices } from "../services.ts";
import { brokenHomeView, homeView, refreshActionId } from "./home-view.ts";

/** Of an `app_home_opened` event (https://docs.slack.dev/reference/events/app_home_opened). */
const openedSchema = z.object({
  team_id: z.string().min(1),
  enterprise_id: z.string().min(1).nullish(),
  event: z.object({ user: z.string().min(1), tab: z.string().optional() }),
});
/** Of a click in the Home tab. */
const clickSchema = z.object({
  user: z.object({ id: z.string().min(1), team_id: z.string().min(1).optional() }),
  enterprise: z.object({ id: z.string().min(1) }).nullish(),
});

/** The Home tab: drawn anew whenever it is opened, and when its button is clicked. Acknowledged last: a frozen Lambda finishes nothing. */
export function registerHome(app: App, services: EdgeServices): void {
  app.event("app_home_opened", async ({ body }) => {
    await answerHomeOpened(body, services);
  });
  app.action(refreshActionId, async ({ body, ack }) => {
    await answerRefresh(body, services);
    await ack();
  });
}

/** Somebody opened the tab. Never throws. */
export async function answerHomeOpened(payload: unknown, services: EdgeServices): Promise<void> {
  await showTo(services, () => {
    const { team_id: teamId, enterprise_id: enterpriseId, event } = openedSchema.parse(payload);
    // The event comes for the messages' tab as well, which holds nothing of ours.
    if (event.tab !== undefined && event.tab !== "home") return null;
    return { userId: event.user, teamId, enterpriseId: enterpriseId ?? null };
  });
}

/** Somebody clicked on Refresh. Never throws. */
export async function answerRefresh(payload: unknown, services: EdgeServices): Promise<void> {
  await showTo(services, () => {
    const { user, enterprise } = clickSchema.parse(payload);
    return { userId: user.id, teamId: user.team_id ?? null, enterpriseId: enterprise?.id ?? null };
  });
}

async function showTo(services: EdgeServices, read: () => Actor | null): Promise<void> {
  const budget = new Budget(services.clock);
  try {
    const actor = read();
    const person = actor === null ? null : trustedPerson(actor, services.home);
    // Whoever is of another workspace is shown nothing of this one.
    if (person === null) return;
    const account = await fullAccount(person, services, budget);
    const view = account.ok
      ? await viewFor(account.person, services, budget)
      : brokenHomeView(`${account.problem.what} ${account.problem.next}`, services.clock.nowMs());
    await services.homeTabs.publish(person.userId, view, budget.slackSignal());
  } catch (error) {
    services.log.warn({ err: error }, "a Home tab could not be shown");
  }
}

async function viewFor(person: Person, services: EdgeServices, budget: Budget) {
  const drawnAtMs = services.clock.nowMs();
  try {
    const [states, recent] = await Promise.all([readClusterStates(services), recentOf(services, budget)]);
    const open = await Promise.all(
      states.map(async ({ state, cluster }) => {
        const mine = await waitingFor(person, state.open, cluster);
        const of = (records: readonly RequestRecord[]) => records.map((record) => ({ record, cluster }));
        return { mine: of(mine), others: of(state.open.filter((record) => !mine.includes(record))) };
      }),
    );
    const [waiting, others] = await Promise.all([
      withLinks(
        open.flatMap(({ mine }) => mine),
        services,
        budget,
      ),
      withLinks(
        open.flatMap(({ others: rest }) => rest),
        services,
        budget,
      ),
    ]);
    const shown = new Set([...waiting, ...others].map(({ record }) => record.id));
    const clusters = states.map(({ state }) => state);
    return homeView({
      waiting,
      open: others,
      recent: recent.filter(({ record }) => !shown.has(record.id)),
      clusters,
      drawnAtMs,
    });
  } catch (error) {
    const why = problemOf(error, "drawing the Home tab");
    services.log.warn({ problem: why.code, err: error }, "a Home tab could not be filled");
    return brokenHomeView(`${why.what} ${why.next}`, drawnAtMs);
  }
}

/** What this person could approve now, as far as is known: an approval is judged when it is given. */
async function waitingFor(
  person: Person,
  open: readonly RequestRecord[],
  cluster: ClusterServices,
): Promise<RequestRecord[]> {
  const asked = open.filter(({ state }) => state === "awaiting_approval");
  if (asked.length === 0) return [];
  const { memberships, nowMs } = await cluster.memberships.read();
  const known = { memberships, notBeforeMs: nowMs - oldestMembershipMs };
  return asked.filter((record) => {
    const plan = shownPlan(record);
    if (plan === null || approvalsOf(record).some(({ approver }) => approver.userId === person.userId)) return false;
    const click = { approver: person, requester: record.requester, atMs: nowMs, plannedAtMs: plan.madeAtMs };
    return judgeApprover(record.rule, click, planMembersOf(plan.approval), known).kind === "may";
  });
}
