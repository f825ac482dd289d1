import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { allPages, readPage } from "./pages.ts";

describe("docs/decisions", () => {
  it("numbers its records without a gap and lists each in its README", () => {
    const names = allPages()
      .filter((page) => /^docs\/decisions\/\d{4}-/.test(page))
      .map((page) => basename(page));
    expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1));
    const list = readPage("docs/decisions/README.md");
    expect(names.filter((name) => !list.includes(`(${name})`))).toEqual([]);
  });

  it("gives each record its four parts", () => {
    const records = allPages().filter((page) => /^docs\/decisions\/\d{4}-/.test(page));
    const parts = ["## Context", "## Decision", "## Considered", "## Consequences"];
    const incomplete = records.filter((record) => parts.some((part) => !readPage(record).includes(`\n${part}\n`)));
    expect(incomplete).toEqual([]);
  });
});
