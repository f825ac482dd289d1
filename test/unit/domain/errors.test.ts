import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fail,
  HandoverError,
  type Problem,
  type ProblemCode,
  type ProblemKind,
  problemOf,
  problemTable,
} from "../../../src/domain/errors.ts";

const codes = Object.keys(problemTable).filter((code): code is ProblemCode => code in problemTable);
const kinds: ProblemKind[] = ["usage", "refused", "failed", "unknown", "locked", "frozen"];

const word = fc.string({ unit: fc.constantFrom("a", "ü", "<", "`", "-"), minLength: 4, maxLength: 12 });

describe("the table of problems", () => {
  test.each(codes)("%s says what happened and what to do next, whatever the details", (code) => {
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 3 }), (text, texts) => {
        const { kind, what, next } = describeWith(code, text, texts);
        expect(kinds).toContain(kind);
        for (const sentence of [what, next]) {
          expect(sentence.trim()).not.toBe("");
          expect(sentence).not.toMatch(/undefined|\[object|NaN|function/);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("has codes that can be searched for", () => {
    expect(codes.length).toBeGreaterThan(30);
    for (const code of codes) expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });
});

describe("what was thrown", () => {
  test("keeps its problem on the way up", () => {
    const error = fail("redis_away", { why: "it is gone" }, { cause: new Error("ECONNREFUSED") });
    expect(error).toBeInstanceOf(HandoverError);
    expect(error.message).toBe(error.problem.what);
    expect(problemOf(error, "anything")).toBe(error.problem);
  });

  test("is unexpected when it is anything else, and says what was being done", () => {
    for (const thrown of [new Error("broken"), "broken"]) {
      const seen = problemOf(thrown, "planning");
      expect(seen).toMatchObject({ code: "unexpected", kind: "failed" });
      expect(seen.what).toContain("planning");
      expect(seen.what).toContain("broken");
    }
  });
});

/**
 * Fills an entry with details of its own shape: names that the table uses for lists get a list, for counts a number,
 * for everything else a text.
 */
function describeWith(code: ProblemCode, text: string, texts: readonly string[]): Omit<Problem, "code"> {
  const { kind, what, next } = problemTable[code];
  const details = new Proxy({}, { get: (_target, name) => detail(String(name), text, texts) });
  const sentence = (make: typeof what | typeof next) => String(Reflect.apply(make, undefined, [details]));
  return { kind, what: sentence(what), next: sentence(next) };
}

const lists = new Set([
  "advice",
  "approvers",
  "backups",
  "candidates",
  "changes",
  "commandLines",
  "databases",
  "denied",
  "done",
  "epochs",
  "figures",
  "groups",
  "homeless",
  "hooks",
  "issues",
  "items",
  "known",
  "left",
  "lost",
  "missing",
  "nodes",
  "others",
  "owners",
  "people",
  "pods",
  "reached",
  "reasons",
  "rejected",
  "rights",
  "roles",
  "room",
  "routed",
  "scalers",
  "sets",
  "silent",
  "skipped",
  "strangers",
  "tables",
  "told",
  "waiting",
  "why",
]);
const numbers = new Set([
  "epoch",
  "from",
  "limit",
  "minutes",
  "needs",
  "now",
  "partition",
  "possible",
  "remaining",
  "replicas",
  "seconds",
  "seen",
  "shards",
  "standbys",
  "times",
  "to",
  "wanted",
]);

function detail(name: string, text: string, texts: readonly string[]): string | number | readonly string[] {
  if (lists.has(name)) return texts;
  // The one detail that is a word of a closed list.
  if (name === "trouble") return "untrusted";
  return numbers.has(name) ? text.length : text;
}
