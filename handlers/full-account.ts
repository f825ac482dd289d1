import { type Problem, problem } from "../src/domain/errors.ts";
import { mention, type Person } from "../src/domain/people.ts";
import { ChatError } from "../src/ports/chat.ts";
import type { Budget } from "./budget.ts";
import type { EdgeServices } from "./services.ts";

export type FullAccount =
  /** With their other accounts known; see `samePerson`. */
  { readonly ok: true; readonly person: Person } | { readonly ok: false; readonly problem: Problem };

/**
 * Asks Slack whether this is a full, active, human account of this workspace. What a payload says of a person is where they come from, and
 * no more: guests are of this workspace too. No answer is no.
 */
export async function fullAccount(
  person: Person,
  services: Pick<EdgeServices, "people">,
  budget: Budget,
): Promise<FullAccount> {
  try {
    const { objection, person: known } = await services.people.look(person, budget.slackSignal());
    if (objection === null) return { ok: true, person: known };
    return { ok: false, problem: problem("person_not_trusted", { why: objection }) };
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    return { ok: false, problem: problem("people_lookup_failed", { person: mention(person), why: error.slackError }) };
  }
}
