import { z } from "zod";
import { mention } from "./people.ts";

/** Slack's user ids: `U…`, and `W…` of Enterprise Grid (https://docs.slack.dev/reference/objects/user-object). */
const userIdPattern = /^[UW][A-Z0-9]+$/;
/** Slack's usergroup ids (https://docs.slack.dev/reference/objects/usergroup-object). */
const usergroupIdPattern = /^S[A-Z0-9]+$/;

/**
 * Whom a rule of the policy can name. Never by a handle: handles can be renamed, and then name somebody else.
 * Everything but `user` has to be looked up before anybody knows who it is; see `memberships.ts`.
 */
export const principalSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("user"), userId: z.string().regex(userIdPattern) }),
  /** The one account with this address, in lower case. */
  z.object({ kind: z.literal("email"), email: z.string().min(3) }),
  z.object({ kind: z.literal("usergroup"), id: z.string().regex(usergroupIdPattern) }),
  /** Who is on call by this schedule now. */
  z.object({ kind: z.literal("pagerduty_schedule"), id: z.string().min(1) }),
  /** Who is on call now on one level of this escalation policy; the first, where none is named. */
  z.object({
    kind: z.literal("pagerduty_escalation_policy"),
    id: z.string().min(1),
    level: z.int().min(2).optional(),
  }),
]);
export type Principal = z.infer<typeof principalSchema>;

/** Names a principal in maps, in Redis and in plans: `usergroup:S0123`. Equal for the same principal and for no other. */
export function principalKey(principal: Principal): string {
  switch (principal.kind) {
    case "user":
      return `user:${principal.userId}`;
    case "email":
      return `email:${principal.email}`;
    case "usergroup":
    case "pagerduty_schedule":
      return `${principal.kind}:${principal.id}`;
    case "pagerduty_escalation_policy":
      return `${principal.kind}:${principal.id}${principal.level === undefined ? "" : `/${principal.level}`}`;
  }
}

/** Each principal once, in the order they came. */
export function distinctPrincipals(principals: readonly Principal[]): Principal[] {
  return [...new Map(principals.map((principal) => [principalKey(principal), principal])).values()];
}

/** Whether somebody has to be asked who this is: everybody but a user named by id. */
export function needsLookup(principal: Principal): boolean {
  return principal.kind !== "user";
}

/** A principal as handover.yaml writes it: a user's id, an e-mail address, a usergroup's id. Null for anything else, bare handles too. */
export function principalOfText(text: string): Principal | null {
  if (userIdPattern.test(text)) return { kind: "user", userId: text };
  if (usergroupIdPattern.test(text)) return { kind: "usergroup", id: text };
  if (/^[^\s@<>]+@[^\s@<>]+$/.test(text)) return { kind: "email", email: text.toLowerCase() };
  return null;
}

/** A principal in a sentence. A group is named without the notation that would ping everybody in it. */
export function principalText(principal: Principal): string {
  switch (principal.kind) {
    case "user":
      return mention(principal);
    case "email":
      return principal.email;
    case "usergroup":
      return `Slack group ${principal.id}`;
    case "pagerduty_schedule":
      return `on call by PagerDuty schedule ${principal.id}`;
    case "pagerduty_escalation_policy":
      return `on call by PagerDuty escalation policy ${principal.id}, level ${principal.level ?? 1}`;
  }
}
