import { z } from "zod";

/** A person as Slack names them. Two people are the same when enterprise (or, without one, team) and user id are. */
export const personSchema = z.object({
  teamId: z.string().min(1),
  userId: z.string().min(1),
  /** Set on Enterprise Grid, where user ids are the enterprise's and a person shows up in many teams. */
  enterpriseId: z.string().min(1).optional(),
});
export type Person = z.infer<typeof personSchema>;

export function samePerson(a: Person, b: Person): boolean {
  return personKey(a) === personKey(b);
}

/** A person in a sentence, in the notation that Slack turns into a name. */
export function mention(person: Pick<Person, "userId">): string {
  return `<@${person.userId}>`;
}

/** A text that is equal for the same person and for nobody else. */
export function personKey(person: Person): string {
  return `${person.enterpriseId ?? person.teamId}/${person.userId}`;
}
