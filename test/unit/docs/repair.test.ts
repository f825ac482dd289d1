import { describe, expect, it } from "vitest";
import { repairDefinition } from "../../../src/operations/dolt/repair-definition.ts";
import { type RepairDetails, repairSteps } from "../../../src/operations/dolt/repair-details.ts";
import { readPage, sectionOf, subjects } from "./pages.ts";

describe("docs/repair.md", () => {
  const page = readPage("docs/repair.md");

  it("lists every flag of the operation", () => {
    const flags = repairDefinition.flags.map(({ name, value }) =>
      value === null ? `--${name}` : `--${name} ${value}`,
    );
    expect(subjects(sectionOf(page, "## What to type")).toSorted()).toEqual(flags.toSorted());
  });

  it("tells of every step in its order", () => {
    const details: RepairDetails = {
      chosen: { name: "b", uid: "2", databases: [], heads: [] },
      highestEpoch: 1,
      others: [{ name: "a", role: "primary", writable: true }],
      routed: ["a"],
      atStake: ["a/app"],
      saves: [{ pod: "a", database: "app", url: "file:///x", restoreAs: "app_kept" }],
      drops: [],
      apart: true,
      policy: "x",
    };
    expect(subjects(sectionOf(page, "## The steps"))).toEqual(repairSteps(details).map(({ id }) => id));
  });
});
