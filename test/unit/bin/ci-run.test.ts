import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../../bin/support/repository.mjs";

/** Runs .ci/run with an `npm` that does what these shell lines say for `npm test`, `npm run test:real`, `npm run test:cluster`. */
describe("the run of everything", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "handover-ci-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const run = async (steps: { test: string; real: string; cluster: string }) => {
    const npm = `#!/bin/sh\ncase "$*" in\n"test") ${steps.test};;\n"run test:real") ${steps.real};;\n"run test:cluster") ${steps.cluster};;\nesac\n`;
    await writeFile(join(folder, "npm"), npm, { mode: 0o755 });
    const child = spawn("bash", [join(repositoryRoot, ".ci", "run")], {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH ?? ""}` },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    return { lastLine: printed.trimEnd().split("\n").at(-1), printed, code };
  };

  it("sums the last lines of its steps", async () => {
    const done = await run({
      test: "echo '10 passed, 0 failed'",
      real: "echo '3 passed, 0 failed, 1 skipped'",
      cluster: "echo '0 passed, 0 failed, 2 skipped'",
    });
    expect(done).toMatchObject({ lastLine: "13 passed, 0 failed, 3 skipped", code: 0 });
  });

  it("goes on after a failure, and ends with 1", async () => {
    const done = await run({
      test: "echo '9 passed, 1 failed'; exit 1",
      real: "echo '3 passed, 0 failed'",
      cluster: "echo '2 passed, 0 failed'",
    });
    expect(done).toMatchObject({ lastLine: "14 passed, 1 failed", code: 1 });
  });

  it("counts a step without a count, and one that ends badly without a failure, as failed", async () => {
    const done = await run({
      test: "echo 'npm crashed'; exit 7",
      real: "echo '3 passed, 0 failed'; exit 1",
      cluster: "echo '1 passed, 0 failed'",
    });
    expect(done).toMatchObject({ lastLine: "4 passed, 2 failed", code: 1 });
    expect(done.printed).toContain("npm test ended with code 7");
  });

  it("does not wait for a process that a step left behind", async () => {
    const done = await run({
      test: `sh -c 'echo $$ >${join(folder, "pid")}; exec sleep 600' & echo '1 passed, 0 failed'`,
      real: "echo '1 passed, 0 failed'",
      cluster: `kill "$(cat ${join(folder, "pid")})"; echo '1 passed, 0 failed'`,
    });
    expect(done).toMatchObject({ lastLine: "3 passed, 0 failed", code: 0 });
  });
});
