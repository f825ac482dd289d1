import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { allPages, readPage, root } from "./pages.ts";

const link = /\[[^\]]*\]\(([^)\s]+)\)/g;

/** What GitHub makes of a heading: lower case, no punctuation, dashes for spaces. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

function anchorsOf(path: string): Set<string> {
  const headings = readPage(path).matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, heading = ""]) => anchorOf(heading)));
}

function broken(page: string): string[] {
  const text = readPage(page).replaceAll(/```[\s\S]*?```/g, "");
  return [...text.matchAll(link)].flatMap(([, address = ""]) => {
    if (/^[a-z]+:/.test(address)) return [];
    const [file = "", anchor] = address.split("#");
    const path = file === "" ? page : join(dirname(page), file);
    if (!existsSync(join(root, path))) return [`${page}: ${address} is not there`];
    if (anchor !== undefined && !anchorsOf(path).has(anchor)) return [`${page}: ${address} has no such heading`];
    return [];
  });
}

describe("the documentation's links", () => {
  it("lead to files and headings that exist", () => {
    const pages = allPages();
    expect(pages).toContain("README.md");
    expect(pages.flatMap(broken)).toEqual([]);
  });

  it("reach every page of docs/ from the README", () => {
    const reached = new Set(["README.md"]);
    for (const page of reached) {
      for (const [, address = ""] of readPage(page).matchAll(link)) {
        const path = join(dirname(page), address.split("#")[0] ?? "");
        if (!/^[a-z]+:/.test(address) && path.endsWith(".md")) reached.add(path);
      }
    }
    const unreached = allPages().filter((page) => page.startsWith("docs/") && !reached.has(page));
    expect(unreached).toEqual([]);
  });
});
