import { describe, expect, it } from "vitest";
import { promoteDefinition } from "../../../src/operations/dolt/promote-definition.ts";
import { promoteSteps } from "../../../src/operations/dolt/promote-details.ts";
import { readPage, sectionOf, subjects } from "./pages.ts";

describe("docs/promote.md", () => {
  const page = readPage("docs/promote.md");

  it("lists every flag of the operation", () => {
    const flags = promoteDefinition.flags.map(({ name, value }) =>
      value === null ? `--${name}` : `--${name} ${value}`,
    );
    expect(subjects(sectionOf(page, "## What to type")).toSorted()).toEqual(flags.toSorted());
  });

  it("tells of every step in its order", () => {
    const details = {
      candidate: { name: "b", uid: "2" },
      silent: ["a"],
      lost: "a",
      labelled: [],
      epoch: 1,
      contacts: {},
      holds: "",
      standbys: [],
    };
    expect(subjects(sectionOf(page, "## The steps"))).toEqual(promoteSteps(details).map(({ id }) => id));
  });
});
