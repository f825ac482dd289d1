import { z } from "zod";
import { aliasesOf } from "../../domain/people.ts";
import { ChatError } from "../../ports/chat.ts";

/** Of `users.info` and `users.lookupByEmail` (https://docs.slack.dev/reference/objects/user-object). */
const userSchema = z.object({
  id: z.string(),
  team_id: z.string().optional(),
  deleted: z.boolean().default(false),
  is_bot: z.boolean().default(false),
  is_workflow_bot: z.boolean().default(false),
  is_restricted: z.boolean().default(false),
  is_ultra_restricted: z.boolean().default(false),
  is_stranger: z.boolean().default(false),
  is_invited_user: z.boolean().default(false),
  is_email_confirmed: z.boolean().optional(),
  tz: z.string().nullish(),
  /** Only there with the scope `users:read.email`. */
  profile: z.object({ email: z.string().nullish() }).optional(),
  /** Only there on Enterprise Grid. */
  enterprise_user: z.object({ id: z.string(), enterprise_id: z.string() }).nullish(),
});
export type SlackUser = z.infer<typeof userSchema>;

/** The workspace, or on Enterprise Grid the organisation, whose people are trusted. */
export interface Home {
  readonly teamId: string;
  readonly enterpriseId?: string | undefined;
}

/** @throws {ChatError} when there is no user in Slack's answer */
export function readUser(answer: unknown): SlackUser {
  const parsed = z.object({ user: userSchema }).safeParse(answer);
  if (!parsed.success) throw new ChatError("unknown", "unexpected_answer");
  return parsed.data.user;
}

/** Why this account may not take part; null when nothing stands against it. */
export function objectionToUser(user: SlackUser, home: Home): string | null {
  if (user.deleted) return "it is deactivated";
  if (user.is_bot || user.is_workflow_bot || user.id === "USLACKBOT") return "it is a bot";
  if (user.is_stranger) return "it belongs to another organisation";
  if (user.is_restricted || user.is_ultra_restricted) return "it is a guest";
  if (user.is_invited_user) return "its invitation was not accepted yet";
  const elsewhere = objectionToOrigin(user, home);
  if (elsewhere !== null) return elsewhere;
  return user.profile?.email
    ? null
    : "Slack does not tell its e-mail address, without which a second account of one person is not known (the app needs the scope users:read.email)";
}

function objectionToOrigin(user: SlackUser, home: Home): string | null {
  if (home.enterpriseId !== undefined) {
    return user.enterprise_user?.enterprise_id === home.enterpriseId ? null : "it belongs to another organisation";
  }
  return user.team_id === home.teamId ? null : "it belongs to another workspace";
}

/** By what the person behind an account is known, whichever of their accounts they use. */
export function aliasesOfUser({ profile, enterprise_user: enterpriseUser }: SlackUser): string[] {
  return aliasesOf({
    email: profile?.email || null,
    enterpriseUser: enterpriseUser ? { enterpriseId: enterpriseUser.enterprise_id, id: enterpriseUser.id } : null,
  });
}
