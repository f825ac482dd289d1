import { describe, expect, it } from "vitest";
import { problemTable } from "../../../src/domain/errors.ts";
import { readPage, tableRows } from "./pages.ts";

describe("docs/errors.md", () => {
  const rows = tableRows(readPage("docs/errors.md")).filter(([first = ""]) => /^`[a-z_]+`$/.test(first));
  const documented = rows.map(([code = "", kind = ""]) => [code.slice(1, -1), kind]);

  it("names every code once, with its kind, and no code that is not there any more", () => {
    const known = Object.entries(problemTable).map(([code, { kind }]) => [code, kind]);
    expect(documented.toSorted()).toEqual(known.toSorted());
  });

  it("says of each what it means and what to do", () => {
    expect(rows.filter(([, , means = "", next = ""]) => means.length < 20 || next.length < 8)).toEqual([]);
  });
});
