import { describe, expect, it } from "vitest";
import { slackGrammar } from "../../../handlers/commands/grammars.ts";
import { exitCodes } from "../../../src/cli/exit-codes.ts";
import { grammarFor } from "../../../src/cli/grammar.ts";
import { engineSchema, terminalCommands } from "../../../src/domain/target.ts";
import { catalogue } from "../../../src/operations/catalogue.ts";
import { failoverSteps } from "../../../src/operations/dolt/failover-details.ts";
import { restartDefinition } from "../../../src/operations/dolt/restart-definition.ts";
import { restartSteps } from "../../../src/operations/dolt/restart-details.ts";
import { readPage, sectionOf, subjects, tableRows } from "./pages.ts";

describe("docs/command-line.md", () => {
  const page = readPage("docs/command-line.md");

  it("lists every option and no other", () => {
    const surface = engineSchema.options.flatMap((engine) => grammarFor(engine).extras);
    const options = [...catalogue.flatMap((definition) => definition.flags), ...surface, { name: "reason" }];
    const documented = subjects(sectionOf(page, "## Options")).map((text) => text.split(" ")[0]);
    expect(documented.toSorted()).toEqual([...new Set(options.map(({ name }) => `--${name}`))].toSorted());
  });

  it("shows every operation", () => {
    for (const { engine, verb } of catalogue) expect(page).toContain(`${terminalCommands[engine]} ${verb} TARGET`);
  });

  it("lists every exit code", () => {
    const documented = tableRows(sectionOf(page, "## Exit codes")).map(([code]) => Number(code));
    expect(documented).toEqual(Object.values(exitCodes));
  });
});

describe("docs/requests.md", () => {
  it("lists every option that Slack's commands have beside the operations' own", () => {
    const page = readPage("docs/requests.md");
    const typed = slackGrammar("dolt").extras.map(({ name, value }) =>
      value === null ? `--${name}` : `--${name} ${value}`,
    );
    expect(subjects(sectionOf(page, "## For later"))).toEqual(typed);
  });
});

describe("docs/failover.md", () => {
  const page = readPage("docs/failover.md");

  it("lists every flag of the operation", () => {
    const [failover] = catalogue.filter(({ name }) => name === "dolt.failover");
    const flags = failover?.flags.map(({ name, value }) => `--${name} ${value}`.replace("|", "\\|"));
    expect(subjects(sectionOf(page, "## What to type")).toSorted()).toEqual(flags?.toSorted());
  });

  it("tells of every step in its order", () => {
    const details = {
      primary: { name: "a", uid: "1" },
      epoch: 1,
      candidate: { name: "b", uid: "2" },
      minCaughtUp: 0,
      maxLagMs: 1,
      answering: [],
      unlabelled: ["a"],
    };
    expect(subjects(sectionOf(page, "## The steps"))).toEqual(failoverSteps(details).map(({ id }) => id));
  });
});

describe("docs/restart.md", () => {
  const page = readPage("docs/restart.md");

  it("lists every flag of the operation", () => {
    const typed = restartDefinition.flags.map(({ name, value }) =>
      value === null ? `--${name}` : `--${name} ${value}`,
    );
    const documented = subjects(sectionOf(page, "## What to type"));
    expect(documented.toSorted()).toEqual(typed.map((text) => text.replace("|", "\\|")).toSorted());
  });

  it("tells of every step in its order", () => {
    const steps = restartSteps({
      revision: "r",
      primary: { name: "PRIMARY", uid: "1" },
      epoch: 1,
      batches: [[{ name: "POD", uid: "2" }]],
      candidate: "POD",
      minCaughtUp: 0,
      maxLagMs: 1,
      waitMs: 1,
      beforeMs: 0,
      answering: [],
    });
    expect(subjects(sectionOf(page, "## The steps"))).toEqual(steps.map(({ id }) => id));
  });
});
