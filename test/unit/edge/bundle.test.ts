import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "../../../bin/build.mjs";

const names = ["edge-node", "lambda"] as const;
let folder: string;
let metafiles: Awaited<ReturnType<typeof build>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-bundle-"));
  metafiles = await build(names, folder);
}, 60_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.each(names)("the bundle %s", (name) => {
  it("holds the app, and no client of a cluster or a database", () => {
    const inputs = Object.keys(metafiles[name]?.inputs ?? {});
    expect(inputs.filter((path) => /^(src|handlers|queue)\//.test(path)).length).toBeGreaterThan(40);
    expect(inputs).toContain("handlers/commands/engine-command.ts");
    const forbidden =
      /node_modules\/(@kubernetes\/|mysql2\/)|^src\/adapters\/(kubernetes|dolt)\/|^src\/(worker|cli|execution)\//;
    expect(inputs.filter((path) => forbidden.test(path))).toEqual([]);
  });
});
