import { z } from "zod";
import { type Principal, principalKey } from "../../domain/principals.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Directory, DirectoryAnswer } from "../../ports/memberships.ts";
import { StillPaused } from "../patience.ts";
import { type PagerDutyApi, PagerDutyError, type Query } from "./api.ts";

type Schedule = Extract<Principal, { kind: "pagerduty_schedule" }>;
type EscalationPolicy = Extract<Principal, { kind: "pagerduty_escalation_policy" }>;

/** Whose Slack account an e-mail address is: PagerDuty's people are known in Slack by it. */
export interface AccountsByEmail {
  accountsOf(emails: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, DirectoryAnswer>>;
}

const userSchema = z.object({ id: z.string().min(1), email: z.string().min(3).optional() });
type User = z.infer<typeof userSchema>;

/** https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls */
const onCallSchema = z.object({
  user: userSchema,
  escalation_policy: z.object({ id: z.string() }),
  escalation_level: z.number().int(),
});

/** A change of shift in this time counts both people. */
const nowLastsMs = 1_000;

/**
 * Who is on call now. By a schedule: those whom it has on call, whether or not any escalation policy uses it (`/oncalls` knows
 * only what is used). By an escalation policy: those of one of its levels, the first unless another is named.
 */
export class PagerDutyOnCall implements Directory {
  readonly kinds = new Set(["pagerduty_schedule", "pagerduty_escalation_policy"] as const);
  readonly #api: PagerDutyApi;
  readonly #accounts: AccountsByEmail;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(api: PagerDutyApi, accounts: AccountsByEmail, clock: Pick<Clock, "nowMs">) {
    this.#api = api;
    this.#accounts = accounts;
    this.#clock = clock;
  }

  async ask(principals: readonly Principal[], signal: AbortSignal): Promise<ReadonlyMap<string, DirectoryAnswer>> {
    const schedules = principals.filter((one) => one.kind === "pagerduty_schedule");
    const policies = principals.filter((one) => one.kind === "pagerduty_escalation_policy");
    const found = new Map(await this.#onPolicies(policies, signal));
    // One after the other, as PagerDuty asks of whoever has one token.
    for (const schedule of schedules) found.set(principalKey(schedule), await this.#onSchedule(schedule, signal));
    const emails = [...found.values()].flatMap((people) => ("kind" in people ? [] : people.emails));
    const accounts = await this.#accounts.accountsOf(emails, signal);
    return new Map([...found].map(([key, people]) => [key, "kind" in people ? people : slackPeople(people, accounts)]));
  }

  async #onSchedule(schedule: Schedule, signal: AbortSignal): Promise<OnCall | DirectoryAnswer> {
    const nowMs = this.#clock.nowMs();
    const range: Query = [
      ["since", new Date(nowMs).toISOString()],
      ["until", new Date(nowMs + nowLastsMs).toISOString()],
    ];
    try {
      const path = `/schedules/${encodeURIComponent(schedule.id)}/users`;
      const answer = z.object({ users: z.array(userSchema) }).safeParse(await this.#api.get(path, range, signal));
      if (!answer.success) return { kind: "no_answer", why: "PagerDuty's answer was not as expected" };
      return { emails: await this.#emailsOf(answer.data.users, signal) };
    } catch (error) {
      return answerOf(error);
    }
  }

  async #onPolicies(
    policies: readonly EscalationPolicy[],
    signal: AbortSignal,
  ): Promise<[string, OnCall | DirectoryAnswer][]> {
    if (policies.length === 0) return [];
    const ids = [...new Set(policies.map(({ id }) => id))];
    const query: Query = [...ids.map((id) => ["escalation_policy_ids[]", id] as const), ["include[]", "users"]];
    try {
      const onCalls = await this.#api.list("/oncalls", query, "oncalls", onCallSchema, signal);
      const found: [string, OnCall][] = [];
      for (const policy of policies) {
        const users = onCalls
          .filter(({ escalation_policy: { id } }) => id === policy.id)
          .filter(({ escalation_level: level }) => level === (policy.level ?? 1))
          .map(({ user }) => user);
        found.push([principalKey(policy), { emails: await this.#emailsOf(users, signal) }]);
      }
      return found;
    } catch (error) {
      return policies.map((policy) => [principalKey(policy), answerOf(error)]);
    }
  }

  /** Where an answer only refers to a person, the person is asked for. */
  async #emailsOf(users: readonly User[], signal: AbortSignal): Promise<string[]> {
    const emails = new Map<string, string>();
    for (const { id, email } of users) {
      if (!emails.has(id)) emails.set(id, (email ?? (await this.#emailOf(id, signal))).toLowerCase());
    }
    return [...emails.values()];
  }

  async #emailOf(userId: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#api.get(`/users/${encodeURIComponent(userId)}`, [], signal);
    const email = z.object({ user: userSchema }).safeParse(answer).data?.user.email;
    if (email === undefined) throw new PagerDutyError(null, "PagerDuty did not tell a person's e-mail address");
    return email;
  }
}

interface OnCall {
  readonly emails: readonly string[];
}

/**
 * Those of them who have an account in Slack. Somebody whom Slack did not say anything about may be the one who clicks, so then
 * nobody is known.
 */
function slackPeople({ emails }: OnCall, accounts: ReadonlyMap<string, DirectoryAnswer>): DirectoryAnswer {
  const answers = emails.map(
    (email) => accounts.get(email) ?? { kind: "no_answer" as const, why: "nobody asked Slack" },
  );
  const unanswered = answers.find((answer) => answer.kind === "no_answer");
  if (unanswered !== undefined) return unanswered;
  const members = answers.flatMap((answer) => (answer.kind === "members" ? answer.members : []));
  const nobody = answers.find((answer) => answer.kind === "nobody");
  if (members.length > 0 || nobody === undefined) return { kind: "members", members: [...new Set(members)] };
  return { kind: "nobody", why: `of whoever is on call, ${nobody.why}` };
}

function answerOf(error: unknown): DirectoryAnswer {
  if (error instanceof StillPaused) return { kind: "no_answer", why: `PagerDuty: ${error.message}` };
  if (!(error instanceof PagerDutyError)) return { kind: "no_answer", why: "PagerDuty did not answer in time" };
  return { kind: error.status === 404 ? "nobody" : "no_answer", why: error.message };
}
