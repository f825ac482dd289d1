import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aliasesOf, distinctPeople, type Person, personKey, samePerson } from "../../../src/domain/people.ts";

const id = fc.constantFrom("A", "B", "C");
const person: fc.Arbitrary<Person> = fc.record(
  { teamId: id, userId: id, enterpriseId: id },
  { requiredKeys: ["teamId", "userId"] },
);

describe("people", () => {
  test("are the same when enterprise, or team without one, and user are", () => {
    fc.assert(
      fc.property(person, person, (a, b) => {
        const isSame = (a.enterpriseId ?? a.teamId) === (b.enterpriseId ?? b.teamId) && a.userId === b.userId;
        expect(samePerson(a, b)).toBe(isSame);
        expect(samePerson(b, a)).toBe(isSame);
        expect(personKey(a) === personKey(b)).toBe(isSame);
      }),
    );
  });

  test("of one enterprise are the same through every team", () => {
    const home = { teamId: "T1", userId: "U1", enterpriseId: "E1" };
    expect(samePerson(home, { ...home, teamId: "T2" })).toBe(true);
    expect(samePerson(home, { ...home, enterpriseId: "E2" })).toBe(false);
    expect(samePerson({ teamId: "T1", userId: "U1" }, { teamId: "T2", userId: "U1" })).toBe(false);
  });
});

describe("two accounts", () => {
  const account = (userId: string, email: string | null, enterpriseUserId: string | null = null): Person => ({
    teamId: "T1",
    userId,
    aliases: aliasesOf({
      email,
      enterpriseUser: enterpriseUserId === null ? null : { enterpriseId: "E1", id: enterpriseUserId },
    }),
  });

  test.each<[string, Person, Person, boolean]>([
    ["of one e-mail address", account("U1", "ann@example.com"), account("U2", "Ann@Example.com"), true],
    ["of one mailbox", account("U1", "ann@example.com"), account("U2", "ann+second@example.com"), true],
    ["of two mailboxes", account("U1", "ann@example.com"), account("U2", "bob@example.com"), false],
    ["of one enterprise user", account("U1", "a@one.example", "W1"), account("U2", "a@two.example", "W1"), true],
    ["of two enterprise users", account("U1", null, "W1"), account("U2", null, "W2"), false],
    ["of which nothing more is known", account("U1", null), account("U2", null), false],
  ])("%s", (_, a, b, isSame) => {
    expect(samePerson(a, b)).toBe(isSame);
    expect(samePerson(b, a)).toBe(isSame);
    expect(distinctPeople([a, b])).toEqual(isSame ? [a] : [a, b]);
  });

  test("keep the address itself to themselves", () => {
    expect(JSON.stringify(account("U1", "ann@example.com"))).not.toContain("ann");
  });
});
