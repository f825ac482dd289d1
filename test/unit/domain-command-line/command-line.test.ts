import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slackGrammar } from "../../../handlers/commands/grammars.ts";
import {
  type CommandResult,
  type Grammar,
  longestReason,
  parseCommandArguments,
  parseCommandText,
  printCommand,
} from "../../../src/domain/command-line.ts";
import { quoteShellWord, quoteWord } from "../../../src/domain/command-words.ts";
import { catalogue, type OperationDefinition } from "../../../src/operations/catalogue.ts";

const verbs = catalogue.map(({ verb }) => verb).join(", ");

const slack: Grammar<OperationDefinition> = {
  prefix: "/dolt",
  quote: quoteWord,
  definitions: catalogue,
  extras: [],
};
const terminal: Grammar<OperationDefinition> = {
  prefix: "npx handover dolt",
  quote: quoteShellWord,
  definitions: catalogue,
  extras: [
    { name: "plan", value: null },
    { name: "yes", value: null },
    { name: "json", value: null },
    { name: "kubeconfig", value: "FILE" },
  ],
};

describe("what is understood", () => {
  it.each([
    ['failover orders --to orders-1 --min-caught-up 1 --reason "disk is full"'],
    ["failover orders --to=orders-1 --min-caught-up=1 --reason='disk is full'"],
    ["failover   --reason “disk is full” —to orders-1 –min-caught-up 1   orders"],
    ["failover orders --reason „disk is full“ --to orders-1 --min-caught-up 1"],
    ["failover orders --reason ‘disk is full’ --to\u00a0orders-1 --min-caught-up 1"],
  ])("%s", (text) => {
    const command = understood(parseCommandText(text, slack));
    expect(command.definition.name).toBe("dolt.failover");
    expect(command.targetText).toBe("orders");
    expect(command.parameters).toEqual({ to: "orders-1", minCaughtUp: 1 });
    expect(command.reason).toBe("disk is full");
  });

  it.each([
    ["failover orders at 02:30", { at: "02:30" }],
    ["failover orders at tomorrow 02:30 Europe/Berlin --to orders-1", { at: "tomorrow 02:30 Europe/Berlin" }],
    ["failover --to orders-1 orders In 2h --dry-run", { in: "2h", "dry-run": true }],
    ['failover orders --at "02:30 UTC"', { at: "02:30 UTC" }],
    ["failover at in 2h", { in: "2h" }],
  ])("%s, with a time in words or as an option", (text, extras) => {
    const command = understood(parseCommandText(text, slackGrammar("dolt")));
    expect(command.extras).toEqual(extras);
    const line = printCommand(command, slackGrammar("dolt")).replace("/dolt ", "");
    expect(understood(parseCommandText(line, slackGrammar("dolt"))).extras).toEqual(extras);
  });

  it.each([
    ["failover orders at", "--at cannot be “”"],
    ["failover orders --at 02:30 at 03:30", "--at was given twice"],
    ["failover orders soon", "soon"],
  ])("%s is no time", (text, answer) => {
    const result = parseCommandText(text, slackGrammar("dolt"));
    expect(result.ok ? "" : result.problem.what).toContain(answer);
  });

  it("takes an apostrophe for one", () => {
    expect(understood(parseCommandText(`failover orders --reason "it's \\"slow\\""`, slack)).reason).toBe(
      `it's "slow"`,
    );
    expect(understood(parseCommandText("failover orders --reason it's", slack)).reason).toBe("it's");
  });

  it("keeps a surface's own options apart", () => {
    const words = ["failover", "shop/orders", "--yes", "--kubeconfig", "/tmp/k", "--reason", "a  b"];
    const command = understood(parseCommandArguments(words, terminal));
    expect(command.extras).toEqual({ yes: true, kubeconfig: "/tmp/k" });
    expect(command.reason).toBe("a  b");
    expect(command.parameters).toEqual({});
  });

  it("says all and seconds as the operation wants them", () => {
    expect(understood(parseCommandText("failover o --min-caught-up all --max-lag 0.5", slack)).parameters).toEqual({
      minCaughtUp: 0,
      maxLagMs: 500,
    });
  });
});

describe("without a target, where there is a default one", () => {
  const definitions = catalogue.filter(({ engine }) => engine === "cratedb");
  const crate = { ...slack, definitions, defaultTarget: "prod/logs" };
  it.each([
    ["status", "prod/logs"],
    ["status --reason x", "prod/logs"],
    ["status other", "other"],
    ["scale data=5", "prod/logs"],
    ["scale other data=5", "other"],
  ])("%s", (text, target) => {
    const parsed = parseCommandText(text, crate);
    expect(parsed.ok && parsed.command.targetText).toBe(target);
  });
});

describe("what is not understood gets an answer", () => {
  it.each([
    ["", "command_unknown", `Known operations: ${verbs}.`],
    ["flailover orders --to orders-1", "command_unknown", "Did you mean: /dolt failover orders --to orders-1"],
    ["stauts orders", "command_unknown", "Did you mean: /dolt status orders"],
    ["drop orders", "command_unknown", `Known operations: ${verbs}.`],
    [
      'failover orders --min-cought-up 1 --raeson "a b"',
      "flag_unknown",
      'Did you mean: /dolt failover orders --min-caught-up 1 --reason "a b"',
    ],
    ["failover orders -to orders-1", "flag_unknown", "Did you mean: /dolt failover orders --to orders-1"],
    [
      "failover orders --force",
      "flag_unknown",
      "Known options: --to, --avoid, --expected-primary, --min-caught-up, --max-lag, --timeout, --reason.",
    ],
    ["failover orders --min-caught-up none", "flag_value", "--min-caught-up takes a whole number from 1, or all."],
    ["failover orders --to --reason x", "flag_value", "--to takes the name of a pod, such as orders-1."],
    ["failover orders --to a --to b", "flag_repeated", "Give --to once."],
    ["status", "target_missing", "Type: /dolt status TARGET [--reason TEXT]"],
    ["status orders billing", "words_left_over", "Type: /dolt status TARGET [--reason TEXT]"],
    ['status orders --reason "oh', "quote_open", "Type: /dolt status TARGET [--reason TEXT]"],
    ['status orders --reason ""', "flag_value", "--reason takes a text of 1 to 500 characters."],
  ])("%s", (text, code, next) => {
    const result = parseCommandText(text, slack);
    expect(result).toMatchObject({ ok: false, problem: { code, next } });
  });
});

const podName = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,10}[a-z0-9]$/);
const flagTexts = fc.record(
  {
    to: podName,
    avoid: podName,
    "expected-primary": podName,
    "min-caught-up": fc.oneof(fc.integer({ min: 1, max: 999 }).map(String), fc.constant("all")),
    "max-lag": fc.integer({ min: 1, max: 9999 }).map(String),
  },
  { requiredKeys: [] },
);
const target = fc.string({ minLength: 1, maxLength: 20, unit: "binary" });
const reason = fc
  .string({ minLength: 1, maxLength: longestReason, unit: "binary" })
  .filter((text) => text.trim() !== "" && text.length <= longestReason);
const anyCommand = fc.record({ target, flags: flagTexts, reason: fc.option(reason) }).map((parts) => {
  const definition = catalogue.find((known) => known.verb === "failover");
  if (definition === undefined) throw new Error("the catalogue has lost failover");
  const texts: Readonly<Record<string, string>> = parts.flags;
  const given = definition.flags.flatMap(({ name }) => {
    const text = texts[name];
    return text === undefined ? [] : [{ flag: name, text }];
  });
  return { definition, targetText: parts.target, given, reason: parts.reason, extras: {} };
});

describe("for every text", () => {
  it("never throws, whatever is typed", () => {
    const fragment = fc.constantFrom(
      '"',
      "“",
      "”",
      "'",
      "’",
      "\\",
      "--",
      "—",
      "=",
      " ",
      "failover",
      "status",
      "reason",
    );
    const typed = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.oneof(fragment, fc.string())).map((parts) => parts.join("")),
      fc.array(fc.oneof(fragment, fc.string())).map((parts) => `failover ${parts.join("")}`),
    );
    fc.assert(
      fc.property(typed, (text) => {
        const result = parseCommandText(text, slack);
        if (!result.ok) expect(result.problem.next).not.toBe("");
      }),
      { numRuns: 1_000 },
    );
  });

  it("parses what it prints", () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        const text = printCommand(command, slack).slice("/dolt ".length);
        const { parameters: _, ...parsed } = understood(parseCommandText(text, slack));
        expect(parsed).toEqual(command);
      }),
      { numRuns: 1_000 },
    );
  });

  it("quotes for a shell so that nothing of it is run", () => {
    expect(quoteShellWord("$(reboot) `x` 'y'")).toBe(`'$(reboot) \`x\` '\\''y'\\'''`);
  });
});

function understood(result: CommandResult<OperationDefinition>) {
  if (!result.ok) throw new Error(`${result.problem.what} ${result.problem.next}`);
  return result.command;
}
