import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";
import { excludeNameSetting } from "../../../src/ports/crate-settings.ts";
import { CrateBench } from "../crate-restart/support/crate-bench.ts";

const program = new URL("../../../src/cli/main.ts", import.meta.url).pathname;
const mib = 1024 ** 2;

/** The command line as people run it: a process of its own, with nothing but a kubeconfig. */
describe("npx handover crate scale", { timeout: 120_000 }, () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;
  let folder: string;

  beforeEach(async () => {
    cluster = await startSandboxCluster();
    const tables = [{ name: "t1", shards: 8, replicas: "1", shardBytes: 4 * mib }];
    const pace = { bytesPerSecond: 4 * mib };
    bench = await CrateBench.start(cluster, "metrics", { groups: { hot: 4 }, tables, pace });
    await bench.until("its copies are made", async () => {
      return (await bench.asked()).health.every(({ health }) => health === "GREEN");
    });
    folder = await mkdtemp(join(tmpdir(), "handover-crate-"));
    await writeFile(join(folder, "kubeconfig"), cluster.kubeconfig, { mode: 0o600 });
  });

  afterEach(async () => {
    await bench?.close();
    await cluster?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** @param at what is sent to the process as soon as it has told this on stderr */
  async function run(words: string, at?: { readonly told: RegExp; readonly signal: "SIGKILL" | "SIGINT" }) {
    const args = [program, "crate", ...words.split(" "), "--kubeconfig", join(folder, "kubeconfig")];
    const child = spawnTied(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const printed = { stdout: "", stderr: "" };
    let isSent = false;
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (part: Buffer) => {
        printed[name] += part.toString("utf8");
        if (at === undefined || isSent || !at.told.test(printed.stderr)) return;
        isSent = true;
        child.kill(at.signal);
      });
    }
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", resolve);
      });
      return { code, ...printed };
    } finally {
      await killAndWait(child);
    }
  }

  it("takes the numbers as words, shows a plan, is killed in the middle of the drain, and finished by the same command", async () => {
    const planned = await run("scale metrics hot=3 --plan");
    expect(planned.code).toBe(0);
    expect(planned.stdout).toContain("Move all shards off data-hot-3");
    expect(planned.stdout).toMatch(/On data-hot-3: \d shards, \d+ MB/);

    const killed = await run("scale metrics hot=3 --reason test --yes", { told: /shards moved/, signal: "SIGKILL" });
    expect(killed.code).toBeNull();
    expect(String((await bench.asked()).state.settings.all[excludeNameSetting])).toContain("data-hot-3");

    const finished = await run("scale metrics hot=3 --reason test --yes");

    expect(finished.stdout + finished.stderr).toContain("Scaled hot from 4 to 3.");
    expect(finished.code).toBe(0);
    const { nodes, state } = await bench.asked();
    expect(nodes).toEqual(["data-hot-0", "data-hot-1", "data-hot-2"]);
    expect(state.settings.filters.exclude).toEqual({});
  });

  it("is stopped by Ctrl-C in the middle of a drain: excludes are taken back, and the line that goes on is told", async () => {
    const stopped = await run("scale metrics hot=3 --reason test --yes", { told: /shards moved/, signal: "SIGINT" });

    expect(stopped.stdout + stopped.stderr).toMatch(/Stopped by Ctrl-C during “Move all shards off data-hot-3”/);
    expect(stopped.stdout + stopped.stderr).toContain("hot has 4 nodes, and none of them is excluded");
    const { nodes, state } = await bench.asked();
    expect(nodes).toHaveLength(4);
    expect(state.settings.filters.exclude).toEqual({});
  });
});
