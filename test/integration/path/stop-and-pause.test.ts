import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Message } from "../../../sandbox/slack/messages.ts";
import type { Person } from "../../../sandbox/slack/people.ts";
import type { RunningProcess } from "../../../sandbox/system.ts";
import { FolderWorld } from "../../support/folder-world.ts";
import { PathBench } from "./support/path-bench.ts";
import { until } from "./support/until.ts";

let bench: PathBench;
let folder: string;
let world: FolderWorld;
const alive: RunningProcess[] = [];

beforeAll(async () => {
  bench = await PathBench.prepare();
  await bench.scenario.system.startEdge();
});

afterAll(() => bench.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-world-"));
  world = new FolderWorld(folder);
});

afterEach(async () => {
  bench.scenario.slack.heal();
  await Promise.all(alive.splice(0).map((worker) => worker.kill()));
  await rm(folder, { recursive: true, force: true });
});

async function startWorker(): Promise<RunningProcess> {
  const main = "test/integration/path/support/rolling-worker.ts";
  const worker = await bench.scenario.system.startWorker({ WORLD: folder }, main);
  alive.push(worker);
  return worker;
}

/** A rolling execution that looks, and has changed nothing yet. */
async function looking(): Promise<[Message, RunningProcess]> {
  const worker = await startWorker();
  const face = await bench.ask();
  await bench.scenario.approve(face);
  await until("it looks", async () => world.has("at-look"));
  return [face, worker];
}

/** A rolling execution that has begun with its first pod and is at it. */
async function atFirstPod(): Promise<[Message, RunningProcess]> {
  const [face, worker] = await looking();
  world.add("let-look");
  await until("it is at its first pod", async () => world.has("at-pod-2"));
  await bench.scenario.faceReads(face, /now: pod-2/);
  return [face, worker];
}

/** The execution of this face has come to its pause. */
async function pausedAfterFirstPod(): Promise<[Message, RunningProcess]> {
  const [face, worker] = await atFirstPod();
  await press("pause", face);
  await bench.scenario.faceReads(face, /Pausing.* by <@.*now: pod-2/);
  world.add("let-pod-2");
  await bench.scenario.faceReads(face, /Paused.* by <@.*3 of 7 steps done/);
  const held = async () => (await bench.scenario.lease())?.execution?.includes('"held"') ?? false;
  await until("it is on record beside the lease that it is held", held);
  return [face, worker];
}

/** Clicks a button that the face shows now. */
async function press(kind: "cancel" | "pause" | "resume", face: Message, person?: Person): Promise<void> {
  const { slack, channel } = bench.scenario;
  await slack.click(person ?? slack.users.carol, channel, face.ts, `handover_${kind}`);
}

/** The holder has lived and held on for a while: longer than it takes to look whether a pause is over. */
async function renewedTwice(): Promise<void> {
  const seen = new Set<number>();
  await until("the lease was renewed twice", async () => {
    const lease = await bench.scenario.lease();
    if (lease?.holder !== null) seen.add(lease?.renewedAtMs ?? 0);
    return seen.size > 2;
  });
}

function letAllGo(): void {
  for (const step of ["look", "pod-2", "pod-1", "pod-0"]) world.add(`let-${step}`);
}

// Each waits for leases to run out and messages to be drawn, one after the other.
describe("a rolling operation", { timeout: 180_000 }, () => {
  it("is paused before its next pod, holds its lease, and goes on when somebody resumes it", async () => {
    const [face] = await pausedAfterFirstPod();
    expect(world.has("at-pod-1")).toBe(false);
    expect((await bench.scenario.lease())?.holder).not.toBeNull();
    letAllGo();

    await press("resume", face, bench.scenario.slack.users.alice);

    const settled = await bench.scenario.faceReads(face, /Succeeded/);
    expect(settled.buttons.map(({ actionId }) => actionId)).toEqual(["handover_runbook"]);
    const story = await bench.story(face, /3 of 3 restarted/);
    const said = story.filter((line) => / pauses it| lets it go on/.test(line));
    expect(said).toEqual([expect.stringContaining(" pauses it"), expect.stringContaining(" lets it go on.")]);
    await bench.untilLeaseIsFree();
  });

  it("is cancelled while it only looks: nothing was changed", async () => {
    const [face] = await looking();
    await bench.scenario.faceReads(face, /now: look/);
    await press("cancel", face, bench.scenario.slack.users.alice);
    await bench.scenario.faceReads(face, /Cancelling.*wished by/);
    letAllGo();

    const settled = await bench.scenario.faceReads(face, /Cancelled/);

    expect(settled.content).toMatch(/<@.*> cancelled before the point of no return. Nothing was changed./);
    expect(world.has("at-pod-2")).toBe(false);
    await bench.untilLeaseIsFree();
  });

  it("is stopped before its next pod: what was done stands, and the message says how to go on", async () => {
    const [face] = await atFirstPod();
    await press("cancel", face);
    await bench.scenario.faceReads(face, /Stopping/);
    letAllGo();

    const settled = await bench.scenario.faceReads(face, /Cancelled/);

    expect(settled.content).toContain("1 of 3 restarted. Stopped there by <@");
    expect(settled.content).toContain("To go on from there, type the same command");
    expect(world.has("at-pod-1")).toBe(false);
    await bench.untilLeaseIsFree();
  });

  it("stays paused when its worker is killed and Redis emptied: the next worker holds it, and it can be resumed", async () => {
    const [face, worker] = await pausedAfterFirstPod();
    await worker.kill();
    await bench.redis.run((client) => client.flushall());
    letAllGo();

    await startWorker();

    await until("the next worker has taken it up", async () => {
      const record = await bench.record(face).catch(() => null);
      return record?.story.some(({ text }) => text.startsWith("Taken up by worker"));
    });
    const shown = await bench.scenario.faceReads(face, /Paused/);
    await renewedTwice();
    expect(world.has("at-pod-1")).toBe(false);
    expect(shown.buttons.map(({ actionId }) => actionId)).toContain("handover_resume");
    await press("resume", face);
    await bench.scenario.faceReads(face, /Succeeded/);
    await bench.untilLeaseIsFree();
  });

  it("that is paused is left at once by a worker that is told to end; the next one holds it, and it can be stopped", async () => {
    const [face, worker] = await pausedAfterFirstPod();
    expect(await worker.stop()).toBe(0);
    expect((await bench.scenario.lease())?.holder).toBeNull();
    letAllGo();

    await startWorker();
    await until("the next worker holds it", async () => (await bench.scenario.lease())?.holder !== null);
    await press("cancel", face);

    const settled = await bench.scenario.faceReads(face, /Cancelled/);
    expect(settled.content).toContain("1 of 3 restarted.");
    expect(world.has("at-pod-1")).toBe(false);
    await bench.untilLeaseIsFree();
  });

  it("holds on while Redis is away, and goes on when it is back and somebody resumes it", async () => {
    const [face] = await pausedAfterFirstPod();
    letAllGo();
    await bench.scenario.redis.kill();
    await renewedTwice();
    expect(world.has("at-pod-1")).toBe(false);
    await bench.scenario.redis.restart();

    await until("Redis is back", async () => await bench.record(face).catch(() => undefined));
    await press("resume", face);

    await bench.scenario.faceReads(face, /Succeeded/);
    await bench.untilLeaseIsFree();
  });
});

describe("a click that comes too late", () => {
  it("is told so, and changes nothing", async () => {
    const [face] = await atFirstPod();
    const shown = await bench.scenario.faceReads(face, /now: pod-2/);
    letAllGo();
    await bench.scenario.faceReads(face, /Succeeded/);

    const told = await bench.clickLate(bench.scenario.slack.users.carol, shown, "handover_cancel");

    expect(told).toContain("is already settled: succeeded");
    expect((await bench.record(face)).wish).toBeUndefined();
  });
});
