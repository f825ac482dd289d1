import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";
import { CrateBench } from "./support/crate-bench.ts";

const program = new URL("../../../src/cli/main.ts", import.meta.url).pathname;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as people run it: a process of its own, with nothing but a kubeconfig. */
describe("npx handover crate", () => {
  let cluster: SandboxCluster;
  let bench: CrateBench;
  let folder: string;

  beforeAll(async () => {
    cluster = await startSandboxCluster();
    const tables = [{ name: "t1", shards: 2, replicas: "1", shardBytes: 1_000 }];
    bench = await CrateBench.start(cluster, "metrics", { groups: { hot: 3 }, tables, dcUtil: true });
    await bench.createBackupJob("nightly", false);
    folder = await mkdtemp(join(tmpdir(), "handover-crate-"));
    await writeFile(join(folder, "kubeconfig"), cluster.kubeconfig, { mode: 0o600 });
  });

  afterAll(async () => {
    await bench?.close();
    await cluster?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** @param dieAt the process is killed as soon as it has told this on stderr */
  async function run(words: string, dieAt?: RegExp): Promise<Ended> {
    const args = [program, "crate", ...words.split(" "), "--kubeconfig", join(folder, "kubeconfig")];
    const child = spawnTied(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (part: Buffer) => {
        printed[name] += part.toString("utf8");
        if (dieAt?.test(printed.stderr)) child.kill("SIGKILL");
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

  it("shows the plan of a restart in plain words, and changes nothing", async () => {
    const uids = await bench.uids();
    const { code, stdout } = await run("restart metrics --plan");
    expect(code).toBe(0);
    expect(stdout).toMatch(/3 nodes, data-hot-\d is master, GREEN/);
    expect(stdout).toContain("(1 of 3), and see every table healthy");
    expect(await bench.uids()).toEqual(uids);
  });

  it("restarts, and another command finishes what a killed one has left", async () => {
    const [uids, jobs] = [await bench.uids(), await bench.cronJobs()];
    const words = "restart db/metrics --reason test --yes";

    const killed = await run(words, /… Restart \S+ \(2 of 3\)/);
    expect(killed.code).toBeNull();
    const finished = await run(words);

    expect(finished.stderr + finished.stdout).toContain("Restarted 3 of 3");
    expect(finished.code).toBe(0);
    const after = await bench.uids();
    for (const [pod, uid] of uids) expect(after.get(pod), pod).not.toBe(uid);
    expect(await bench.cronJobs()).toEqual(jobs);
    expect((await bench.asked()).state.settings.allocationEnable).toBe("all");
  });

  it("suspends, refuses with the line to type, and resumes", async () => {
    expect((await run("suspend metrics --reason test --yes")).code).toBe(0);
    const refused = await run("restart metrics --reason test --yes");
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('npx handover crate resume db/metrics --reason "…"');
    const resumed = await run("resume metrics --reason test --yes");
    expect(resumed.code).toBe(0);
    expect(resumed.stdout + resumed.stderr).toContain("The cluster runs again as it was before it was suspended");
    expect((await bench.asked()).nodes).toHaveLength(3);
  });

  it("names the groups and pods that there are where another is asked for", async () => {
    const { code, stderr } = await run("restart metrics --only cold --reason test --yes");
    expect(code).toBe(2);
    expect(stderr).toContain("It has hot, crate-data-hot-metrics-0");
  });
});
