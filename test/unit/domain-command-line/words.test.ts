import { describe, expect, it } from "vitest";
import { grammarFor } from "../../../src/cli/grammar.ts";
import {
  type CommandResult,
  parseCommandArguments,
  parseCommandText,
  printCommand,
  usageOf,
} from "../../../src/domain/command-line.ts";
import { quoteWord } from "../../../src/domain/command-words.ts";
import { catalogue, type OperationDefinition } from "../../../src/operations/catalogue.ts";
import { crateScaleDefinition } from "../../../src/operations/cratedb/scale-definition.ts";

const slack = {
  prefix: "/crate",
  quote: quoteWord,
  definitions: catalogue.filter(({ engine }) => engine === "cratedb"),
  extras: [],
};

describe("words behind a target that stand for a flag", () => {
  it.each([
    ["scale metrics masters=3 data=5"],
    ["scale metrics data=5 masters=3"],
    ["scale metrics data=5, masters=3"],
    ["scale metrics --nodes data=5,masters=3"],
    ['scale metrics masters=3 --reason "more data" data=5'],
  ])("%s", (text) => {
    const { definition, targetText, parameters } = understood(parseCommandText(text, slack));
    expect({ name: definition.name, targetText, parameters }).toEqual({
      name: "cratedb.scale",
      targetText: "metrics",
      parameters: { nodes: "data=5,masters=3" },
    });
  });

  it("are understood in a terminal too, and printed as they are typed", () => {
    const words = ["scale", "db/metrics", "hot=4", "--drain-timeout", "2h", "--reason", "more data"];
    const command = understood(parseCommandArguments(words, grammarFor("cratedb")));
    expect(command.parameters).toEqual({ nodes: "hot=4", drainMs: 7_200_000 });
    const line = printCommand(command, { prefix: "npx handover crate", quote: quoteWord });
    expect(line).toBe('npx handover crate scale db/metrics hot=4 --drain-timeout 2h --reason "more data"');
  });

  it.each([
    ["scale metrics hot=four", "flag_value"],
    ["scale metrics hot=4 hot=5", "flag_value"],
    ["scale metrics hot=4 --nodes cold=2", "flag_repeated"],
    ["scale metrics hot 4", "words_left_over"],
    ["status metrics hot=4", "words_left_over"],
    ["scale hot=4", null],
  ])("%s: %s", (text, code) => {
    const result = parseCommandText(text, slack);
    expect(result.ok ? null : result.problem.code).toBe(code);
  });

  it("stand in the usage where they are typed", () => {
    expect(usageOf(crateScaleDefinition, slack)).toMatch(/^\/crate scale TARGET \[GROUP=N …\] \[--decommission\]/);
  });
});

function understood(result: CommandResult<OperationDefinition>) {
  if (!result.ok) throw new Error(result.problem.what);
  return result.command;
}
