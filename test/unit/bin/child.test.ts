import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const childModule = fileURLToPath(new URL("../../../bin/support/child.mjs", import.meta.url));

/** Runs a launcher that runs this script as its child; gives the launcher and the lines that both print. */
function launch(script: string, options = "{}") {
  const launcher = `
    const { endLike, runChild } = await import(${JSON.stringify(childModule)});
    endLike(await runChild(process.execPath, ["-e", ${JSON.stringify(script)}], ${options}));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", launcher], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return { child, lines: createInterface({ input: child.stdout }) };
}

describe("a launched program", () => {
  it("gives its exit code to the launcher", async () => {
    const { child } = launch("process.exit(4)");
    expect(await once(child, "exit")).toEqual([4, null]);
  });

  it("gets the launcher's signals, and may end in its own way", async () => {
    const { child, lines } = launch(
      "process.on('SIGTERM', () => process.exit(7)); console.log('ready'); setInterval(() => {}, 1e6)",
    );
    await once(lines, "line");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([7, null]);
  });

  it("lets the launcher end by the signal that ended it", async () => {
    const { child } = launch("process.kill(process.pid, 'SIGKILL')");
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
  });

  it("notices by its channel when the launcher is gone", async () => {
    const script = "process.on('disconnect', () => { console.log('alone'); process.exit() }); console.log('ready')";
    const { child, lines } = launch(script, "{ noticesOurEnd: true }");
    await once(lines, "line");
    const next = once(lines, "line");
    child.kill("SIGKILL");
    expect(await next).toEqual(["alone"]);
  });
});
