import type { Person } from "../src/domain/people.ts";

/** The workspace, or on Enterprise Grid the organisation, that the app is installed in. */
export interface Home {
  readonly teamId: string;
  readonly enterpriseId?: string | undefined;
  /** In which zone a time is meant where a person's profile does not say; UTC without it. */
  readonly timeZone?: string | undefined;
}

/** Who did something, as Slack's payload says. */
export interface Actor {
  readonly userId: string;
  /** The person's own workspace; in a click that is `user.team_id` and never `team.id`. */
  readonly teamId: string | null;
  readonly enterpriseId: string | null;
}

/**
 * The person, when they are of this home; null for everybody else. Whether the home is an organisation is configured and not taken
 * from the payload, so that one person has one name in commands and in clicks: who asked must never look like another who approves.
 */
export function trustedPerson(actor: Actor, home: Home): Person | null {
  const { userId, teamId, enterpriseId } = actor;
  if (teamId === null) return null;
  if (home.enterpriseId === undefined) return teamId === home.teamId ? { teamId, userId } : null;
  return enterpriseId === home.enterpriseId ? { teamId, userId, enterpriseId } : null;
}
