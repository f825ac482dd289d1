import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { configurationSchema, readConfiguration } from "../../../src/config/handover-yaml.ts";
import { readPage, root, sectionOf, subjects } from "./pages.ts";

const page = readPage("docs/configuration.md");

/** Every key of a schema that holds a value, as the page writes it: `clusters[].name`. */
function keysOf(schema: object, path = ""): string[] {
  const described = z.looseObject({
    properties: z.record(z.string(), z.looseObject({})).optional(),
    items: z.looseObject({}).optional(),
  });
  const { properties, items } = described.parse(schema);
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([key, value]) => keysOf(value, path === "" ? key : `${path}.${key}`));
  }
  if (items !== undefined && keysOf(items).join() !== "") return keysOf(items, `${path}[]`);
  return [path];
}

describe("docs/configuration.md", () => {
  it("lists every key of handover.yaml and no other", () => {
    const keys = keysOf(z.toJSONSchema(configurationSchema, { io: "input", unrepresentable: "any" }));
    expect(keys.length).toBeGreaterThan(10);
    expect(subjects(sectionOf(page, "## handover.yaml")).toSorted()).toEqual(keys.toSorted());
  });

  it("lists every variable that edge and worker read and no other", () => {
    // The schemas of the environment stay private, so their names are read from the source.
    const source = readFileSync(join(root, "src/config/environment.ts"), "utf8");
    const names = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(subjects(sectionOf(page, "## Environment")).toSorted()).toEqual([...new Set(names)].toSorted());
  });

  it("marks exactly the variables that can be files as secrets", () => {
    const source = readFileSync(join(root, "src/config/environment.ts"), "utf8");
    const list = /const secrets = \[([^\]]*)\]/.exec(source)?.[1] ?? "";
    const secrets = [...list.matchAll(/"([A-Z_]+)"/g)].map(([, name]) => name);
    const marked = [...page.matchAll(/^\| `([A-Z_]+)` \| secret/gm)].map(([, name]) => name);
    expect(marked.toSorted()).toEqual(secrets.toSorted());
  });

  it("shows an example that is valid", () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(() => readConfiguration(example, "the example")).not.toThrow();
  });
});
