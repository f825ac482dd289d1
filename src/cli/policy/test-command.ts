import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readConfigurationOf } from "../../config/environment.ts";
import type { Configuration } from "../../config/handover-yaml.ts";
import { readYaml } from "../../config/read-yaml.ts";
import { fail, problemOf } from "../../domain/errors.ts";
import type { Membership, Memberships } from "../../domain/memberships.ts";
import { type Explanation, explain, isEnough, mayBreakGlass } from "../../domain/policy/explain.ts";
import { principalsOf } from "../../domain/policy/judging.ts";
import type { PolicyRule } from "../../domain/policy/rule.ts";
import { principalKey, principalOfText } from "../../domain/principals.ts";
import { exitCodes } from "../exit-codes.ts";
import type { SideSurroundings } from "../side-commands.ts";
import { readSideWords } from "../side-words.ts";
import { operationOf, targetOf } from "./explain-command.ts";
import { type Expectation, type TestFile, testFileSchema } from "./test-file.ts";

export const testUsage = "policy test FILE [--config FILE]";

/** `npx handover policy test`. @throws {HandoverError} */
export function testPolicy(words: readonly string[], { terminal, environment, clock }: SideSurroundings): number {
  const usage = `npx handover ${testUsage}`;
  const typed = readSideWords(words, { usage, options: { config: "text" }, mostPositionals: 1 });
  const [path] = typed.positionals;
  if (path === undefined)
    throw fail("flag_value", { flag: "FILE", given: "", expected: `a table of expectations: ${usage}` });
  const file = readYaml(readText(path), path, testFileSchema);
  const named = file.config === undefined ? null : resolve(dirname(path), file.config);
  const configuration = readConfigurationOf(environment, typed.text("config") ?? named);
  const memberships = membershipsOf(file, configuration, clock.nowMs());
  let failed = 0;
  for (const expectation of file.expectations) {
    const differences = differencesOf(expectation, configuration, memberships, clock.nowMs());
    if (differences.length > 0) failed += 1;
    terminal.out(`${differences.length === 0 ? "✓" : "✗"} ${expectation.name}\n`);
    for (const difference of differences) terminal.out(`    ${difference}\n`);
  }
  const count = file.expectations.length;
  terminal.out(
    failed === 0 ? `All ${count} expectations are met.\n` : `${failed} of ${count} expectations are not met.\n`,
  );
  return failed === 0 ? exitCodes.done : exitCodes.failed;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fail("configuration_invalid", { file: path, issues: [problemOf(error, "reading it").what] });
  }
}

/** What the table says of groups; of others nobody is known to be in them. */
function membershipsOf({ members }: TestFile, { policy, groups }: Configuration, nowMs: number): Memberships {
  const all = new Map<string, Membership>(
    principalsOf(policy).map((principal) => [principalKey(principal), { members: [], asOfMs: nowMs }]),
  );
  for (const [name, userIds] of Object.entries(members)) {
    const principals = name.startsWith("@") ? groups.get(name.slice(1)) : [principalOfText(name)];
    for (const principal of principals ?? []) {
      if (principal === null || principal.kind === "user") continue;
      all.set(principalKey(principal), { members: userIds, asOfMs: nowMs });
    }
  }
  return all;
}

/** In which ways the policy says something else than is expected, in words; empty: in none. */
function differencesOf(
  expectation: Expectation,
  configuration: Configuration,
  memberships: Memberships,
  nowMs: number,
): string[] {
  const { user, at, target, labels, expect: expected } = expectation;
  const operation = operationOf(expectation.operation);
  const question = {
    operation: operation.name,
    changesTarget: operation.changesTarget,
    target: targetOf({ target, labels }, configuration),
    person: user === undefined ? null : { teamId: configuration.slack.teamId, userId: user },
    atMs: at === undefined ? nowMs : Date.parse(at),
  };
  const explanation = explain(configuration.policy, question, { memberships, notBeforeMs: null });
  return [
    ...ruleDifference(expected.rule, explanation),
    ...askingDifference(expected.mayAsk, user, explanation),
    ...approvalDifferences(expected, explanation),
    ...frozenDifference(expected.frozen, explanation),
    ...reasonDifference(expected.reasonRequired, explanation),
    ...breakGlassDifferences(expected, explanation),
  ];
}

type Expected = Expectation["expect"];

const denied = "no rule matches, so it is denied";

function ruleDifference(expected: Expected["rule"], { rule, passed }: Explanation): string[] {
  if (expected === undefined) return [];
  const decides = rule === null ? denied : `rule “${rule.name}” decides`;
  if (expected === (rule?.name ?? "denied")) return [];
  const why = passed.find(({ name }) => name === expected)?.why;
  return [
    `expected ${expected === "denied" ? "no rule to match" : `rule “${expected}” to decide`}, but ${decides}${why === undefined ? "" : `: ${why}`}`,
  ];
}

function askingDifference(
  expected: Expected["mayAsk"],
  user: string | undefined,
  { rule, mayAsk }: Explanation,
): string[] {
  if (expected === undefined) return [];
  if (user === undefined) return ["mayAsk is expected, but the expectation names no user"];
  const may = mayAsk?.kind === "yes";
  if (may === expected) return [];
  if (rule === null) return [`expected that ${user} may ask, but ${denied}`];
  const who = rule.requesters.text;
  return [
    expected
      ? `expected that ${user} may ask, but only ${who} may`
      : `expected that ${user} may not ask, but they may: ${who}`,
  ];
}

function approvalDifferences(expected: Expected, explanation: Explanation): string[] {
  const { people } = explanation.candidates;
  const { rule } = explanation;
  const needed = rule === null ? denied : `it needs ${neededText(rule)}`;
  const may = (userId: string) => people.has(userId);
  return [
    ...(expected.mayApprove ?? [])
      .filter((userId) => !may(userId))
      .map((userId) => `expected that ${userId} could approve, but they could not: ${needed}`),
    ...(expected.mayNotApprove ?? [])
      .filter(may)
      .map((userId) => `expected that ${userId} could not approve, but they could: ${needed}`),
    ...(expected.enough !== undefined && !isEnough(explanation, expected.enough)
      ? [`expected that ${expected.enough.join(" and ") || "nobody's approval"} would be enough, but ${needed}`]
      : []),
    ...(expected.notEnough !== undefined && isEnough(explanation, expected.notEnough)
      ? [
          `expected that ${expected.notEnough.join(" and ") || "nobody's approval"} would not be enough, but it is: ${needed}`,
        ]
      : []),
  ];
}

function neededText({ requirements }: PolicyRule): string {
  return requirements.map(({ count, of }) => `${count} of ${of}`).join(" and ") || "no approval";
}

function frozenDifference(expected: Expected["frozen"], { frozen }: Explanation): string[] {
  if (expected === undefined) return [];
  const isMet = typeof expected === "string" ? frozen?.window.name === expected : (frozen !== null) === expected;
  if (isMet) return [];
  const is = frozen === null ? "nothing freezes it" : `“${frozen.window.name}” does`;
  const wanted = typeof expected === "string" ? `“${expected}” to freeze it` : expected ? "a freeze" : "no freeze";
  return [`expected ${wanted}, but ${is}`];
}

function reasonDifference(expected: Expected["reasonRequired"], { rule }: Explanation): string[] {
  const is = rule?.reasonRequired ?? false;
  if (expected === undefined || expected === is) return [];
  return [
    expected ? "expected that a reason is demanded, but none is" : "expected that no reason is demanded, but one is",
  ];
}

function breakGlassDifferences(expected: Expected, { rule }: Explanation): string[] {
  const { mayBreakGlass: may = [], mayNotBreakGlass: mayNot = [] } = expected;
  // Where the policy does not say, it keeps nobody from it.
  const is = (name: string) => rule !== null && mayBreakGlass(rule, [name]) !== false;
  const named = rule?.breakGlass?.join(", ") || "nobody";
  return [
    ...may
      .filter((name) => !is(name))
      .map((name) => `expected that ${name} may break the glass, but the rule names ${named}`),
    ...mayNot.filter(is).map((name) => `expected that ${name} may not break the glass, but they may`),
  ];
}
