import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
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

const root = join(import.meta.dirname, "../../..");
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

/** Fills an entry with details of the shape that it declares. */
function describeWith(code: ProblemCode, text: string, texts: readonly string[]): Omit<Problem, "code"> {
  const { kind, what, next } = problemTable[code];
  const declared = shapes.get(code);
  if (declared === undefined) throw new Error(`where ${code} is declared was not found`);
  const details = Object.fromEntries([...declared].map(([name, type]) => [name, detail(type, text, texts)]));
  const sentence = (make: typeof what | typeof next) => String(Reflect.apply(make, undefined, [details]));
  return { kind, what: sentence(what), next: sentence(next) };
}

/** Types that more than one entry declares, by their fields; and words of closed lists, by one of them. */
const namedTypes: Readonly<Record<string, string>> = {
  WorkloadToAnnotate: "kind: WorkloadKind; namespace: string; name: string",
  TlsTroubleCode: '"untrusted"',
  Engine: '"dolt"',
  WorkloadKind: '"StatefulSet"',
};

/** What each code's details are, as its entry declares them: name and type. */
const shapes: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  globSync("src/domain/problems/*.ts", { cwd: root }).flatMap((file) => {
    const source = readFileSync(join(root, file), "utf8");
    return [...source.matchAll(/^ {2}(\w+): entry(?:<([^(]*?)>)?\(/gms)].map(
      ([, code = "", declared = ""]) => [code, fieldsOf(declared)] as const,
    );
  }),
);

function fieldsOf(declared: string): Map<string, string> {
  const fields = declared
    .split("&")
    .map((part) => namedTypes[part.trim()] ?? part.replace(/[{}]/g, ""))
    .flatMap((part) => part.split(";"));
  return new Map(
    fields.flatMap((field) => {
      const [, name, type] = /^\s*(\w+): (.+?)\s*$/s.exec(field) ?? [];
      return name === undefined || type === undefined ? [] : [[name, type]];
    }),
  );
}

function detail(type: string, text: string, texts: readonly string[]): unknown {
  const [first = type] = type.split(" | ");
  const known = namedTypes[first] ?? first;
  if (known.startsWith('"')) return known.slice(1, -1);
  switch (known) {
    case "string":
      return text;
    case "number":
      return text.length;
    case "boolean":
      return texts.length > 1;
    case "readonly string[]":
      return texts;
    case "readonly number[]":
      return texts.map(({ length }) => length);
    case "readonly WorkloadToAnnotate[]":
      return texts.map((name) => ({ kind: "StatefulSet", namespace: text, name }));
    default:
      throw new Error(`no detail is made up for the type ${type}`);
  }
}
