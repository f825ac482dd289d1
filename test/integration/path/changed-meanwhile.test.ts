import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { approveActionId, denyActionId, withdrawActionId } from "../../../handlers/messages/buttons.ts";
import type { Message } from "../../../sandbox/slack/messages.ts";
import type { RunningProcess } from "../../../sandbox/system.ts";
import { killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";
import { PathBench } from "./support/path-bench.ts";
import { until } from "./support/until.ts";

const commandLine = join(import.meta.dirname, "../../../src/cli/main.ts");

let bench: PathBench;
let worker: RunningProcess;
let before: { name: string; epoch: number };

beforeAll(async () => {
  bench = await PathBench.prepare();
  const { system } = bench.scenario;
  [worker] = await Promise.all([system.startWorker(), system.startEdge()]);
});

afterAll(() => bench.close());

beforeEach(async () => {
  before = await bench.primary();
});

describe("a request whose time is over", () => {
  it("that nobody approved expires by itself, and a click that comes too late changes nothing", async () => {
    const { scenario } = bench;
    const { bob, carol } = scenario.slack.users;
    const face = await bench.ask();
    await letTimePass(face);

    const shown = await scenario.faceReads(face, /Expired/);

    expect(shown.content).toMatch(/\*Expired\* at .*: not settled in time, and no answer is no. Nothing was changed./);
    expect(shown.buttons.map(({ actionId }) => actionId)).not.toContain(approveActionId);
    expect(await bench.clickLate(bob, face, approveActionId)).toMatch(/expired.*Nothing was changed/s);
    expect(await bench.clickLate(carol, face, denyActionId)).toMatch(/expired.*Nothing was changed/s);
    expect((await bench.record(face)).state).toBe("expired");
    expect(await bench.primary()).toEqual(before);
    // Nothing stands in the way of asking again.
    const again = await bench.ask();
    await scenario.slack.click(scenario.slack.users.alice, scenario.channel, again.ts, withdrawActionId);
  });

  it("that was approved and never begun is not begun afterwards", async () => {
    const { scenario } = bench;
    const face = await bench.ask();
    await worker.stop();
    await scenario.approve(face);
    expect((await bench.record(face)).state).toBe("approved");
    await letTimePass(face);

    worker = await scenario.system.startWorker();

    await scenario.faceReads(face, /Expired/);
    expect(await scenario.lease()).toBeNull();
    expect(await bench.primary()).toEqual(before);
  });

  /** What a clock would do: the request's time ends now. */
  async function letTimePass(face: Message): Promise<void> {
    const record = await bench.record(face);
    const next = { ...record, revision: record.revision + 1, expiresAtMs: await bench.requests.nowMs() };
    const event = { kind: "test", requestId: record.id, by: { worker: "test" }, facts: {} };
    expect(await bench.requests.compareAndSet(next, event)).toBe(true);
  }
});

describe("a plan that the cluster has left behind", () => {
  it("is stale after somebody handed over from the command line, and says which fact changed, from what to what", async () => {
    const { scenario } = bench;
    const face = await bench.ask();
    const [was = ""] = await scenario.routed();
    const output = await handOverByCommandLine();
    const now = await bench.primary();
    expect(now, output).toMatchObject({ epoch: before.epoch + 1 });

    await scenario.approve(face);
    const settled = await scenario.faceReads(face, /Stale/);

    expect(settled.content).toMatch(new RegExp(`primary.*${was} \\S+.*${now.name} `));
    expect(settled.content).toMatch(new RegExp(`epoch.*${before.epoch}.*${now.epoch}`));
    expect(settled.content).toContain("Nothing was changed.");
    expect(settled.buttons.map(({ actionId }) => actionId)).not.toContain(approveActionId);
    expect(await bench.primary()).toEqual(now);
    await scenario.slack.waitForMessage(({ content }) => /Break-glass.*from the command line/.test(content), {
      deadlineMs: 30_000,
    });
  });

  it("is stale when a server that answered runs no more", async () => {
    const { scenario, target } = bench;
    const face = await bench.ask("--min-caught-up 1");
    const candidate = /Promote (\S+) to primary/.exec(face.content)?.[1];
    const other = target.pods.find((pod) => pod !== before.name && pod !== candidate) ?? "";
    await target.faults.crashLoop(other, true);
    try {
      await bench.untilBackedOff(other);

      await scenario.approve(face);
      const settled = await scenario.faceReads(face, /Stale/);

      expect(settled.content).toMatch(/answering.*orders-0, orders-1, orders-2/);
      expect(await bench.identity(before.name)).toEqual({ role: "primary", epoch: before.epoch });
      expect(await scenario.routed()).toEqual([before.name]);
    } finally {
      await target.faults.heal();
    }
  });

  /** Resolves to what it printed. */
  async function handOverByCommandLine(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "handover-path-"));
    await writeFile(join(folder, "kubeconfig"), bench.cluster.kubeconfig, { mode: 0o600 });
    const words = ["dolt", "failover", "shop/orders", "--reason", "a test", "--yes"];
    const args = [commandLine, ...words, "--kubeconfig", join(folder, "kubeconfig")];
    const child = spawnTied(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    const collect = (part: Buffer) => {
      printed += part.toString("utf8");
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    try {
      await until("the command line has ended", async () => child.exitCode !== null);
      return printed;
    } finally {
      await killAndWait(child);
      await rm(folder, { recursive: true, force: true });
    }
  }
});
