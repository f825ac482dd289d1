import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../../src/operations/catalogue.ts";
import { operations } from "../../../src/operations/registry.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** Each part of the project, and what it may import beside itself. Imports point one way: from the rim to the domain. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "src/domain": [],
  "src/ports": ["src/domain"],
  "src/operations": ["src/domain", "src/ports"],
  "src/execution": ["src/domain", "src/ports", "src/operations"],
  /** Of the operations, their names: a policy that names one that there is not is an error. */
  "src/config": ["src/domain", "src/operations"],
  "src/adapters": ["src/domain", "src/ports", "src/operations", "src/execution"],
  queue: ["src/domain", "src/ports", "src/adapters"],
  handlers: ["src/domain", "src/ports", "src/operations", "src/execution", "src/config", "queue"],
  "src/edge": [
    "src/domain",
    "src/ports",
    "src/operations",
    "src/execution",
    "src/config",
    "src/adapters",
    "handlers",
    "queue",
  ],
  "src/worker": [
    "src/domain",
    "src/ports",
    "src/operations",
    "src/execution",
    "src/config",
    "src/adapters",
    "handlers",
    "queue",
  ],
  "src/cli": ["src/domain", "src/ports", "src/operations", "src/execution", "src/config", "src/adapters"],
  /** Files that are nobody's part: the version. */
  src: [],
};

/** Only these may be imported by the pure parts; no client of any server, no timer, no file system. */
const packagesOfDomain = ["zod", "node:crypto", "croner"];

interface Import {
  readonly from: string;
  readonly to: string;
}

describe("imports", () => {
  const modules = ["src/**/*.ts", "handlers/**/*.ts", "queue/**/*.ts"].flatMap((pattern) =>
    globSync(pattern, { cwd: root }),
  );
  const imports = modules.flatMap(importsOf);

  it("were read from all modules: as many as the project has at least", () => {
    expect(modules.length).toBeGreaterThan(120);
    expect(imports.length).toBeGreaterThan(500);
  });

  it("point one way", () => {
    const wrong = imports.filter(
      ({ from, to }) => to.startsWith(".") && !isAllowed(partOf(from), partOf(join(dirname(from), to))),
    );

    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it("keep the domain pure", () => {
    const packages = imports.filter(({ from, to }) => partOf(from) === "src/domain" && !to.startsWith("."));

    expect(packages.filter(({ to }) => !packagesOfDomain.includes(to))).toEqual([]);
  });

  it("keep clients of servers in the adapters, the queue and what puts them together", () => {
    const clients = ["ioredis", "bullmq", "mysql2", "mysql2/promise", "@kubernetes/client-node", "@slack/web-api"];
    const places = imports.filter(({ to }) => clients.includes(to)).map(({ from }) => partOf(from));

    expect([...new Set(places)].sort()).toEqual(["queue", "src/adapters"]);
  });
});

describe("the catalogue and the registry", () => {
  it("name the same operations, each with its engine before its verb", () => {
    expect(catalogue.map((one) => one.name).sort()).toEqual(operations.map((one) => one.name).sort());
    expect(catalogue.map((one) => one.name)).toEqual(catalogue.map((one) => `${one.engine}.${one.verb}`));
  });
});

function importsOf(module: string): Import[] {
  const text = readFileSync(join(root, module), "utf8");
  return [...text.matchAll(/(?<!")\b(?:from|import)\s*\(?\s*"([^"\n]+)"/g)].map((match) => ({
    from: module,
    to: match[1] ?? "",
  }));
}

function partOf(path: string): string {
  const inRoot = relative(root, join(root, path));
  const parts = Object.keys(mayImport).sort((a, b) => b.length - a.length);
  return parts.find((part) => inRoot.startsWith(`${part}/`)) ?? inRoot;
}

function isAllowed(from: string, to: string): boolean {
  return from === to || to === "src" || (mayImport[from] ?? []).includes(to);
}
