import { beforeEach, describe, expect, it } from "vitest";
import { fail, problem } from "../../../src/domain/errors.ts";
import type { Wish } from "../../../src/domain/request.ts";
import { type ExecutionSurroundings, execute, resume } from "../../../src/execution/execute.ts";
import { LeaseObserver } from "../../../src/execution/lease-observer.ts";
import { readExecution } from "../../../src/execution/ledger.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryLeases } from "../../support/memory-leases.ts";
import { noCluster } from "../../support/no-cluster.ts";
import { RecordingAudience } from "../../support/recording-audience.ts";
import { bob } from "../../support/records.ts";
import { breakGlassExecution, rollingOperation, type TestOperation, testPlan } from "../../support/test-operation.ts";

const target = { namespace: "shop", workload: "orders" };
const leaseMs = 5_000;
const pausedByBob: Wish = { kind: "pause", by: bob, atMs: 1_000 };
const firstPod = ["look", "pod-2", "pod-2-back"];
const allPods = [...firstPod, "pod-1", "pod-1-back", "pod-0", "pod-0-back"];

describe("a rolling execution", () => {
  let clock: ManualClock;
  let leases: MemoryLeases;
  let operation: TestOperation;
  let audience: RecordingAudience;
  let shutdown: AbortController;

  beforeEach(() => {
    clock = new ManualClock();
    leases = new MemoryLeases();
    operation = rollingOperation();
    audience = new RecordingAudience();
    shutdown = new AbortController();
  });

  const surroundings = (holder = "worker-1"): ExecutionSurroundings => ({
    operation,
    context: { ...noCluster, target, targetName: "orders", clock, signal: new AbortController().signal },
    leases,
    observer: new LeaseObserver(clock),
    holder,
    leaseDurationMs: leaseMs,
    shutdown: shutdown.signal,
  });
  const run = () => execute(surroundings(), testPlan(), breakGlassExecution(), 0, audience);
  const takeUp = () => resume(surroundings("worker-2"), testPlan(), "x-1", 0, audience);
  const done = () => [...operation.world];
  const onRecord = async () => readExecution((await leases.read(target))?.state.execution ?? null);
  /** Somebody wishes this while that step runs. */
  const wishDuring = (step: string, wish: RecordingAudience["wishNow"]) =>
    operation.at.set(step, async () => {
      audience.wishNow = wish;
    });
  const passALot = async () => {
    for (let passed = 0; passed < 4 * leaseMs; passed += 1_000) await clock.pass(1_000);
  };

  describe("that a person stops", () => {
    it("ends before the next pod, never in the middle of one, and says what was done and how to go on", async () => {
      wishDuring("pod-2", { kind: "stop", by: "<@UBOB>" });

      const result = await run();

      expect(result.state).toBe("cancelled");
      expect(done()).toEqual(firstPod);
      expect(result.outcome.summary).toBe("1 of 3 restarted. Stopped there by <@UBOB>; what was done stands.");
      expect(result.outcome.problems).toMatchObject([
        { code: "stopped_by_person", next: expect.stringContaining("To go on from there, type the same command") },
      ]);
      expect(operation.undone).toBe(0);
      expect((await leases.read(target))?.state).toMatchObject({ holder: null, execution: null });
    });

    it("before anything was changed is cancelled with nothing changed", async () => {
      wishDuring("look", { kind: "stop", by: "<@UBOB>" });

      const result = await run();

      expect(result).toMatchObject({ state: "cancelled", outcome: { problems: [], writesStoppedMs: null } });
      expect(result.outcome.summary).toContain("Nothing was changed.");
      expect(done()).toEqual(["look"]);
    });
  });

  describe("that a person pauses", () => {
    it("holds before the next pod, renewing its lease, and goes on when it is let", async () => {
      wishDuring("pod-2", { kind: "pause", wish: pausedByBob });
      const running = run();
      await passALot();

      expect(done()).toEqual(firstPod);
      expect((await leases.read(target))?.state.holder).toBe("worker-1");
      expect(await onRecord()).toMatchObject({ committed: true, held: { pause: pausedByBob } });
      expect(audience.steps.filter((step) => step.state === "running")).toEqual([]);

      audience.wishNow = { kind: "go_on" };
      expect((await clock.passUntil(running)).state).toBe("succeeded");
      expect(done()).toEqual(allPods);
    });

    it("holds on when nobody can be asked any more, and can be stopped while it is paused", async () => {
      wishDuring("pod-2", { kind: "pause", wish: pausedByBob });
      const running = run();
      await passALot();
      audience.wishNow = null;
      await passALot();
      expect(done()).toEqual(firstPod);

      audience.wishNow = { kind: "stop", by: "<@UBOB>" };
      expect((await clock.passUntil(running)).state).toBe("cancelled");
      expect(done()).toEqual(firstPod);
    });

    it("is on record as going on before anything is done again", async () => {
      wishDuring("pod-2", { kind: "pause", wish: pausedByBob });
      let held: unknown = "not looked at";
      operation.at.set("pod-1", async () => {
        held = (await onRecord())?.held;
      });
      const running = run();
      await passALot();
      audience.wishNow = { kind: "go_on" };
      await clock.passUntil(running);

      expect(held).toBeUndefined();
    });

    it("changes nothing more when its lease is lost meanwhile", async () => {
      wishDuring("pod-2", { kind: "pause", wish: pausedByBob });
      const running = run();
      await passALot();
      await leases.seize(target, { holder: "worker-2" });

      const result = await clock.passUntil(running);

      expect(result.outcome.problems.map(({ code }) => code)).toEqual(["lease_lost"]);
      expect(done()).toEqual(firstPod);
      expect((await leases.read(target))?.state.holder).toBe("worker-2");
    });
  });

  it("goes on when nobody can be asked and no pause is known", async () => {
    audience.wishNow = null;
    expect((await run()).state).toBe("succeeded");
    expect(done()).toEqual(allPods);
  });

  it("is left at its next safe point by a worker that is told to end, for another one at once", async () => {
    operation.at.set("pod-2", async () => shutdown.abort());

    const result = await run();

    expect(result.state).toBe("interrupted");
    expect(done()).toEqual(firstPod);
    expect((await leases.read(target))?.state.holder).toBeNull();
    expect(await onRecord()).toMatchObject({ committed: true, held: { pause: null } });
    shutdown = new AbortController();
    expect((await takeUp()).state).toBe("succeeded");
    expect(done()).toEqual(allPods);
  });

  it("that is paused is left at once by a worker that is told to end, and is paused for the next one", async () => {
    wishDuring("pod-2", { kind: "pause", wish: pausedByBob });
    const running = run();
    await passALot();
    shutdown.abort();
    expect((await running).state).toBe("interrupted");
    shutdown = new AbortController();
    // Redis is away, or empty: that it is paused stands beside the lease.
    audience.wishNow = null;

    const resumed = takeUp();
    await passALot();
    expect(done()).toEqual(firstPod);
    audience.wishNow = { kind: "go_on" };

    expect((await clock.passUntil(resumed)).state).toBe("succeeded");
  });

  describe("that another process takes up", () => {
    it("while it was paused, is still paused; stopped then, it says what the one before had done", async () => {
      wishDuring("pod-2", { kind: "pause", wish: pausedByBob });
      const reached = Promise.withResolvers<void>();
      audience.wish = async () => {
        if (audience.wishNow?.kind === "pause") reached.resolve();
        return audience.wishNow;
      };
      await dieAfter(reached.promise);

      const resumed = takeUp();
      await passALot();
      expect(done()).toEqual(firstPod);
      expect(audience.steps.slice(0, 4).map(({ state }) => state)).toEqual([
        "skipped",
        "skipped",
        "skipped",
        "pending",
      ]);

      audience.wishNow = { kind: "stop", by: "<@UBOB>" };
      const result = await clock.passUntil(resumed);
      expect(result.outcome.summary).toContain("1 of 3 restarted.");
      expect(done()).toEqual(firstPod);
    });

    it("in the middle of a pod, finishes that one first, whatever was wished since", async () => {
      const reached = Promise.withResolvers<void>();
      operation.at.set("pod-1", async (signal) => {
        reached.resolve();
        const forever = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => forever.reject(signal.reason));
        await forever.promise;
      });
      await dieAfter(reached.promise);
      operation.at.delete("pod-1");
      audience.wishNow = { kind: "stop", by: "<@UBOB>" };

      const result = await takeUp();

      expect(result.state).toBe("cancelled");
      expect(done()).toEqual([...firstPod, "pod-1", "pod-1-back"]);
    });
  });

  it("that stops by itself at a place that is good has failed, and says what was done and how to go on", async () => {
    const what = "1 of 3 restarted; orders-1 does not come back.";
    operation.at.set("pod-1-back", async () => {
      throw fail("kubernetes_away", { doing: "a test", why: "no answer" });
    });
    operation.undoResult = () => ({ kind: "stopped", problem: { ...problem("dolt_silent", silent), what } });

    const result = await run();

    expect(result).toMatchObject({ state: "failed", outcome: { summary: what } });
  });

  /** As far as this, and then the process is gone: its lease has run out. */
  async function dieAfter(reached: Promise<void>): Promise<void> {
    const dead = new ManualClock();
    const context = { ...surroundings().context, clock: dead };
    void execute({ ...surroundings(), context }, testPlan(), breakGlassExecution(), 0, audience).catch(() => undefined);
    await reached;
    await dead.pass(0);
    await leases.seize(target, { holder: null });
  }
});

const silent = { pod: "orders-1", doing: "coming back", why: "no answer" };
