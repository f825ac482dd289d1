import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../../../bin/support/chromium.mjs";
import { findProgram } from "../../../bin/support/programs.mjs";
import { findRedisServer } from "../../../bin/support/redis.mjs";

describe("programs on the PATH", () => {
  let folder: string;
  let PATH: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "handover-programs-"));
    PATH = [join(folder, "missing"), "", join(folder, "a"), join(folder, "b")].join(":");
    for (const path of ["a", "b", "a/chromium"]) await mkdir(join(folder, path));
    for (const path of ["a/valkey-server", "b/redis-server"]) await writeFile(join(folder, path), "#!/bin/sh\n");
    await chmod(join(folder, "b/redis-server"), 0o755);
    await chmod(join(folder, "a/valkey-server"), 0o755);
    await writeFile(join(folder, "b/google-chrome"), "not executable");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("are found in the order of preference, before that of the folders", () => {
    expect(findRedisServer({ PATH })).toBe(join(folder, "b/redis-server"));
    expect(findProgram(["valkey-server", "redis-server"], PATH)).toBe(join(folder, "a/valkey-server"));
  });

  it("are files that can be executed, not folders and other files", () => {
    expect(findChromium({ PATH })).toBeNull();
  });

  it("give way to one that is named, and are not looked for where that one is missing", () => {
    const named = join(folder, "a/valkey-server");
    expect(findRedisServer({ PATH, HANDOVER_REDIS_SERVER: named })).toBe(named);
    expect(findRedisServer({ PATH, HANDOVER_REDIS_SERVER: join(folder, "none") })).toBeNull();
  });
});
