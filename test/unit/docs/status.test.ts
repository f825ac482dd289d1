import { describe, expect, it } from "vitest";
import { contradictionCodes } from "../../../src/operations/dolt/contradiction.ts";
import { recommendationCodes } from "../../../src/operations/dolt/recommendations.ts";
import { relabelSteps } from "../../../src/operations/dolt/relabel-details.ts";
import { readPage, sectionOf, subjects, tableRows } from "./pages.ts";

/** Every word in code letters of a table's first column. */
function codesOf(section: string): string[] {
  return tableRows(section).flatMap(([first = ""]) => [...first.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code));
}

describe("docs/status.md", () => {
  const page = readPage("docs/status.md");

  it("explains every contradiction and no other", () => {
    expect(codesOf(sectionOf(page, "## Contradictions"))).toEqual([...contradictionCodes]);
  });

  it("explains every demand and every advice", () => {
    expect(codesOf(sectionOf(page, "## Advice and demands")).toSorted()).toEqual(recommendationCodes.toSorted());
  });
});

describe("docs/relabel.md", () => {
  it("tells of every step in its order", () => {
    const pod = { name: "orders-0", uid: "1" };
    const details = { primary: pod, epoch: 1, route: { needed: true, from: [] }, standbys: [pod], silent: [] };
    const documented = subjects(sectionOf(readPage("docs/relabel.md"), "## The steps"));
    expect(documented).toEqual(relabelSteps(details).map(({ id }) => id));
  });
});
