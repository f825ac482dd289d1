import { createHash } from "node:crypto";
import { z } from "zod";

/** An account as Slack names it, and, once Slack was asked, by what else its person is known. */
export const personSchema = z.object({
  teamId: z.string().min(1),
  userId: z.string().min(1),
  /** Set on Enterprise Grid, where user ids are the enterprise's and a person shows up in many teams. */
  enterpriseId: z.string().min(1).optional(),
  /** See `aliasesOf`. Missing until Slack was asked. */
  aliases: z.array(z.string()).readonly().optional(),
});
export type Person = z.infer<typeof personSchema>;

/**
 * Whether two accounts are one person's: the same account, or two that share an alias. Who has a second account must neither
 * approve what they asked for with the first, nor count twice.
 */
export function samePerson(a: Person, b: Person): boolean {
  if (personKey(a) === personKey(b)) return true;
  return a.aliases?.some((alias) => b.aliases?.includes(alias)) ?? false;
}

/** Each person once, the account that came first. */
export function distinctPeople(people: readonly Person[]): Person[] {
  return people.filter((person, index) => people.findIndex((other) => samePerson(other, person)) === index);
}

/**
 * What all accounts of one person share: the e-mail address, as a digest, because this is kept in records and in the audit; on
 * Enterprise Grid the enterprise user. `name+anything@` reaches the same person as `name@`, so it counts as the same; case does not count.
 */
export function aliasesOf(known: {
  readonly email: string | null;
  readonly enterpriseUser: { readonly enterpriseId: string; readonly id: string } | null;
}): string[] {
  const { email, enterpriseUser } = known;
  return [
    ...(email === null ? [] : [`email:${createHash("sha256").update(mailbox(email)).digest("hex")}`]),
    ...(enterpriseUser === null ? [] : [`enterprise:${enterpriseUser.enterpriseId}/${enterpriseUser.id}`]),
  ];
}

function mailbox(email: string): string {
  return email
    .trim()
    .toLowerCase()
    .replace(/\+[^@]*@/, "@");
}

/** A person in a sentence, in the notation that Slack turns into a name. */
export function mention(person: Pick<Person, "userId">): string {
  return `<@${person.userId}>`;
}

/** A text that is equal for the same account and for no other. */
export function personKey(person: Person): string {
  return `${person.enterpriseId ?? person.teamId}/${person.userId}`;
}
