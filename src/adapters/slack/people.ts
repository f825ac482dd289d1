import { z } from "zod";
import type { Person } from "../../domain/people.ts";
import { ChatError, type People } from "../../ports/chat.ts";
import type { CallSlack } from "./web-api.ts";

/** Of `users.info` (https://docs.slack.dev/reference/methods/users.info, https://docs.slack.dev/reference/objects/user-object). */
const userInfo = z.object({
  user: z.object({
    id: z.string(),
    team_id: z.string().optional(),
    deleted: z.boolean().default(false),
    is_bot: z.boolean().default(false),
    is_workflow_bot: z.boolean().default(false),
    is_restricted: z.boolean().default(false),
    is_ultra_restricted: z.boolean().default(false),
    is_stranger: z.boolean().default(false),
    is_invited_user: z.boolean().default(false),
    enterprise_user: z.object({ enterprise_id: z.string() }).optional(),
  }),
});
type User = z.infer<typeof userInfo>["user"];

/** The workspace, or on Enterprise Grid the organisation, whose people are trusted. */
export interface Home {
  readonly teamId: string;
  readonly enterpriseId?: string | undefined;
}

/** Who an account is, by `users.info`. Needs the scope `users:read`. */
export class SlackPeople implements People {
  readonly #call: CallSlack;
  readonly #home: Home;

  constructor(call: CallSlack, home: Home) {
    this.#call = call;
    this.#home = home;
  }

  async objection(person: Person, signal: AbortSignal): Promise<string | null> {
    let answer: unknown;
    try {
      answer = await this.#call("users.info", { user: person.userId }, signal);
    } catch (error) {
      if (error instanceof ChatError && noSuchUser.has(error.slackError)) return "Slack does not know it";
      throw error;
    }
    const parsed = userInfo.safeParse(answer);
    if (!parsed.success) throw new ChatError("unknown", "unexpected_answer");
    const { user } = parsed.data;
    if (user.id !== person.userId) throw new ChatError("unknown", "unexpected_answer");
    return objectionTo(user, this.#home);
  }
}

const noSuchUser = new Set(["user_not_found", "user_not_visible", "users_not_found"]);

function objectionTo(user: User, home: Home): string | null {
  if (user.deleted) return "it is deactivated";
  if (user.is_bot || user.is_workflow_bot || user.id === "USLACKBOT") return "it is a bot";
  if (user.is_stranger) return "it belongs to another organisation";
  if (user.is_restricted || user.is_ultra_restricted) return "it is a guest";
  if (user.is_invited_user) return "its invitation was not accepted yet";
  if (home.enterpriseId !== undefined) {
    return user.enterprise_user?.enterprise_id === home.enterpriseId ? null : "it belongs to another organisation";
  }
  return user.team_id === home.teamId ? null : "it belongs to another workspace";
}
