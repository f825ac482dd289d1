import { type Problem, problem } from "../domain/errors.ts";
import { mention, type Person } from "../domain/people.ts";
import { ChatError, type People } from "../ports/chat.ts";

/** One account, as Slack knows it at this moment. */
export type Looked =
  /** With `aliases`: a second account of the same person is known by them. */
  | { readonly kind: "trusted"; readonly person: Person }
  /** It may not take part, and why: “it is a guest”. */
  | { readonly kind: "untrusted"; readonly why: string }
  /** Slack did not say. */
  | { readonly kind: "unknown"; readonly why: string };

/** Never throws. */
export async function lookAtPerson(person: Person, people: People, signal: AbortSignal): Promise<Looked> {
  try {
    const { objection, person: known } = await people.look(person, signal);
    return objection === null ? { kind: "trusted", person: known } : { kind: "untrusted", why: objection };
  } catch (error) {
    return { kind: "unknown", why: error instanceof ChatError ? error.slackError : "no answer" };
  }
}

/** Why somebody cannot ask, by what is known of their account; null: nothing stands against it. */
export function objectionToAsker(asker: Person, looked: Looked): Problem | null {
  switch (looked.kind) {
    case "trusted":
      return null;
    case "untrusted":
      return problem("person_not_trusted", { why: looked.why });
    case "unknown":
      return problem("people_lookup_failed", { person: mention(asker), why: looked.why });
  }
}
