import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type SandboxCluster, startSandboxCluster } from "../../../sandbox/cluster.ts";
import { killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";
import { PromoteBench } from "./support/promote-bench.ts";

const program = new URL("../../../src/cli/main.ts", import.meta.url).pathname;

let cluster: SandboxCluster;
let bench: PromoteBench;
let folder: string;

beforeAll(async () => {
  cluster = await startSandboxCluster();
  bench = await PromoteBench.start(cluster, "orders");
  folder = await mkdtemp(join(tmpdir(), "handover-promote-"));
  await writeFile(join(folder, "kubeconfig"), cluster.kubeconfig, { mode: 0o600 });
});

afterAll(async () => {
  await bench?.close();
  await cluster?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function run(...words: readonly string[]): Promise<{ code: number | null; printed: string }> {
  const args = [program, "dolt", "promote", "orders", ...words, "--kubeconfig", join(folder, "kubeconfig")];
  const child = spawnTied(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (part: Buffer) => {
      printed += part.toString("utf8");
    });
  }
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    return { code, printed };
  } finally {
    await killAndWait(child);
  }
}

it("refuses while the primary lives, then without the acceptance, then does it", { timeout: 180_000 }, async () => {
  const alive = await run("--accept-loss", "--reason", "dead", "--yes");
  expect(alive.printed).toContain('npx handover dolt failover shop/orders --reason "…"');
  expect(alive.code).toBe(3);

  await bench.end(bench.pod(0));
  const unaccepted = await run("--reason", "dead", "--yes");
  expect(unaccepted.printed).toMatch(/heard from the primary .* ago/);
  expect(unaccepted.printed).toContain("npx handover dolt promote orders --accept-loss --reason dead --yes");
  expect(unaccepted.printed).not.toContain("/dolt");
  expect(unaccepted.code).toBe(3);
  expect(await bench.at.routed()).toEqual([bench.pod(0)]);

  const done = await run("--accept-loss", "--reason", "dead", "--yes");
  expect(done.printed).toMatch(/succeeded: orders-[12] is primary at epoch/);
  expect(done.code).toBe(0);
  expect(await bench.at.routed()).toHaveLength(1);
  expect(await bench.at.routed()).not.toEqual([bench.pod(0)]);
});
