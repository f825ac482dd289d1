import { z } from "zod";
import { type Principal, principalKey } from "../../domain/principals.ts";
import { ChatError } from "../../ports/chat.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Directory, DirectoryAnswer } from "../../ports/memberships.ts";
import { slackReader, slackTroubleText } from "./reading.ts";
import type { Home } from "./user.ts";
import type { CallSlack } from "./web-api.ts";

const membersSchema = z.object({ users: z.array(z.string()) });
const groupsSchema = z.object({
  usergroups: z.array(
    z.object({ id: z.string(), date_delete: z.number().default(0), users: z.array(z.string()).optional() }),
  ),
});

/**
 * Who is in Slack's usergroups, by id. Asks once, however many groups it is about: for one group its members
 * (`usergroups.users.list`), for several all groups with theirs (`usergroups.list`); both are Tier 2, 20 a minute for the whole
 * app. Needs the scope `usergroups:read` and one of Slack's paid plans.
 */
export class SlackUsergroups implements Directory {
  readonly kinds = new Set(["usergroup"] as const);
  readonly #members: ReturnType<typeof slackReader>;
  readonly #groups: ReturnType<typeof slackReader>;
  /** An organisation's token has to say in which of its workspaces the groups are; a workspace's ignores it. */
  readonly #place: { readonly team_id?: string };

  constructor(call: CallSlack, home: Home, clock: Pick<Clock, "monotonicMs" | "sleep">) {
    this.#members = slackReader(call, "usergroups.users.list", clock);
    this.#groups = slackReader(call, "usergroups.list", clock);
    this.#place = home.enterpriseId !== undefined && home.teamId.startsWith("T") ? { team_id: home.teamId } : {};
  }

  async ask(principals: readonly Principal[], signal: AbortSignal): Promise<ReadonlyMap<string, DirectoryAnswer>> {
    const ids = principals.flatMap((principal) => (principal.kind === "usergroup" ? [principal.id] : []));
    const [first, ...others] = ids;
    if (first === undefined) return new Map();
    const answers =
      others.length === 0 ? new Map([[first, await this.#one(first, signal)]]) : await this.#several(ids, signal);
    return new Map([...answers].map(([id, answer]) => [principalKey({ kind: "usergroup", id }), answer]));
  }

  async #one(id: string, signal: AbortSignal): Promise<DirectoryAnswer> {
    try {
      const answer = membersSchema.safeParse(await this.#members({ usergroup: id, ...this.#place }, signal));
      if (!answer.success) return { kind: "no_answer", why: "Slack's answer was not as expected" };
      return { kind: "members", members: answer.data.users };
    } catch (error) {
      return answerOf(error);
    }
  }

  async #several(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, DirectoryAnswer>> {
    const all = await this.#all(signal);
    if ("kind" in all) return new Map(ids.map((id) => [id, all]));
    return new Map(
      ids.map((id): [string, DirectoryAnswer] => {
        const group = all.get(id);
        if (group === undefined) return [id, noSuchGroup];
        if (group.date_delete > 0) return [id, { kind: "nobody", why: "this Slack group was disabled" }];
        if (group.users === undefined) return [id, { kind: "no_answer", why: "Slack did not tell its members" }];
        return [id, { kind: "members", members: group.users }];
      }),
    );
  }

  async #all(signal: AbortSignal) {
    try {
      const fields = { include_users: true, include_disabled: true, ...this.#place };
      const answer = groupsSchema.safeParse(await this.#groups(fields, signal));
      if (!answer.success) return { kind: "no_answer", why: "Slack's answer was not as expected" } as const;
      return new Map(answer.data.usergroups.map((group) => [group.id, group]));
    } catch (error) {
      return answerOf(error);
    }
  }
}

const noSuchGroup: DirectoryAnswer = {
  kind: "nobody",
  why: "Slack has no such group in this workspace, or it was disabled",
};

/** https://docs.slack.dev/reference/methods/usergroups.users.list#errors */
function answerOf(error: unknown): DirectoryAnswer {
  if (!(error instanceof ChatError)) return { kind: "no_answer", why: slackTroubleText(error) };
  switch (error.slackError) {
    case "no_such_subteam":
    case "subteam_not_found":
      return noSuchGroup;
    case "plan_upgrade_required":
    case "paid_teams_only":
      return { kind: "nobody", why: `this workspace's plan has no Slack groups (${error.slackError})` };
    default:
      return { kind: "no_answer", why: slackTroubleText(error) };
  }
}
