import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..", "..", "..");

/** Every page of the project, as paths from its root. */
export function allPages(): string[] {
  return globSync(["*.md", "{docs,deploy,test,sandbox,src}/**/*.md"], { cwd: root }).sort();
}

export function readPage(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The rows of every table of a page, split into cells; without heads and rules. */
export function tableRows(page: string): string[][] {
  const lines = page.split("\n");
  return lines
    .filter((line, index) => line.startsWith("|") && !isRule(line) && !isRule(lines[index + 1] ?? ""))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** The first words in code letters of each row's first cell: what the table is about. */
export function subjects(page: string): string[] {
  return tableRows(page).flatMap(([first = ""]) => /^`([^`]+)`/.exec(first)?.[1] ?? []);
}

/** From a heading (its whole line) to the next one of the same or a higher level. */
export function sectionOf(page: string, heading: string): string {
  const lines = page.split("\n");
  const from = lines.indexOf(heading);
  if (from < 0) throw new Error(`there is no heading “${heading}”`);
  const level = heading.indexOf(" ");
  const length = lines.slice(from + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(" ") <= level);
  return lines.slice(from, length < 0 ? undefined : from + 1 + length).join("\n");
}

function isRule(line: string): boolean {
  return /^\|[-:| ]+\|$/.test(line);
}
