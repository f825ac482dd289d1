import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Person, personKey, samePerson } from "../../../src/domain/people.ts";

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
