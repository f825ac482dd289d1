import { beforeEach, describe, expect, it } from "vitest";
import { fail, HandoverError } from "../../../src/domain/errors.ts";
import { type ExecutionSurroundings, execute, resume } from "../../../src/execution/execute.ts";
import { LeaseObserver } from "../../../src/execution/lease-observer.ts";
import { readEnded, readExecution } from "../../../src/execution/ledger.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryLeases } from "../../support/memory-leases.ts";
import { noCluster } from "../../support/no-cluster.ts";
import { RecordingAudience } from "../../support/recording-audience.ts";
import { breakGlassExecution, switchingOperation, type TestOperation, testPlan } from "../../support/test-operation.ts";

const target = { namespace: "shop", workload: "orders" };
/** Not divisible by three: what is derived from it has to be whole all the same. */
const leaseMs = 5_000;

describe("an execution", () => {
  let clock: ManualClock;
  let leases: MemoryLeases;
  let operation: TestOperation;
  let audience: RecordingAudience;
  let shutdown: AbortController;

  beforeEach(() => {
    clock = new ManualClock();
    leases = new MemoryLeases();
    operation = switchingOperation();
    audience = new RecordingAudience();
    shutdown = new AbortController();
  });

  const surroundings = (holder = "worker-1", observer = new LeaseObserver(clock)): ExecutionSurroundings => ({
    operation,
    context: { ...noCluster, target, targetName: "orders", clock, signal: new AbortController().signal },
    leases,
    observer,
    holder,
    leaseDurationMs: leaseMs,
    shutdown: shutdown.signal,
  });
  const run = () => execute(surroundings(), testPlan(), breakGlassExecution(), 0, audience);

  it("does its steps in order, then frees the lease and remembers that it has ended", async () => {
    const result = await run();

    expect(result.state).toBe("succeeded");
    expect([...operation.world]).toEqual(["look", "switch", "finish"]);
    const lease = await leases.read(target);
    expect(lease?.state).toMatchObject({ holder: null, execution: null });
    expect(operation.closed).toBe(1);
  });

  it("stands beside the lease while it runs, and says there that it is committed before the point of no return", async () => {
    const seen: (boolean | undefined)[] = [];
    const look = async () => {
      const lease = await leases.read(target);
      expect(lease?.state.holder).toBe("worker-1");
      seen.push(readExecution(lease?.state.execution ?? null)?.committed);
    };
    operation.at.set("look", look);
    operation.at.set("switch", look);

    await run();

    expect(seen).toEqual([false, true]);
  });

  it("changes nothing when another holds the lease", async () => {
    await execute(surroundings(), testPlan(), breakGlassExecution("x-0"), 0, audience);
    operation.world.clear();
    await leases.seize(target, { holder: "worker-2" });

    await expect(run()).rejects.toMatchObject({ problem: { code: "target_locked" } });
    expect([...operation.world]).toEqual([]);
  });

  it("lets one of two that start at the same time have the target", async () => {
    const both = await Promise.allSettled([
      execute(surroundings("worker-1"), testPlan(), breakGlassExecution("x-1"), 0, audience),
      execute(surroundings("worker-2"), testPlan(), breakGlassExecution("x-2"), 0, audience),
    ]);

    expect(both.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    expect(both.filter((one) => one.status === "rejected").map((one) => codeOf(one.reason))).toEqual(["target_locked"]);
  });

  it("is cancelled cleanly when the commitment is refused, and never asks for it twice", async () => {
    audience.onCommit = async () => {
      throw fail("cancelled_before_start", { by: "kim" });
    };

    const result = await run();

    expect(result.state).toBe("cancelled");
    expect([...operation.world]).toEqual(["look"]);
    expect(operation.undone).toBe(0);
  });

  it("stops with nothing changed when the record does not answer at the commitment", async () => {
    audience.onCommit = async () => {
      throw fail("redis_away", { why: "no answer" });
    };

    const result = await run();

    expect(result).toMatchObject({ state: "failed", outcome: { summary: "Nothing was changed." } });
    expect([...operation.world]).toEqual(["look"]);
  });

  it("undoes what a failed step left, and says both what failed and what is", async () => {
    operation.at.set("finish", async () => {
      throw fail("kubernetes_away", { doing: "labelling", why: "no answer" });
    });

    const result = await run();

    expect(result.state).toBe("failed");
    expect(operation.undone).toBe(1);
    expect(result.outcome.problems.map((one) => one.code)).toEqual(["kubernetes_away"]);
  });

  it("changes nothing more once its lease is another's, and does not even undo", async () => {
    operation.at.set("switch", async () => {
      await leases.seize(target, { holder: "worker-2" });
      // A look at the lease that is younger is not repeated.
      await clock.pass(500);
    });

    const result = await run();

    expect(result.state).toBe("unknown");
    expect([...operation.world]).toEqual(["look", "switch"]);
    expect(operation.undone).toBe(0);
    expect((await leases.read(target))?.state.holder).toBe("worker-2");
  });

  it("renews its lease while a step takes long", async () => {
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    operation.at.set("switch", async () => {
      begun.resolve();
      await goOn.promise;
    });

    const running = run();
    await begun.promise;
    for (let passed = 0; passed < 4 * leaseMs; passed += Math.floor(leaseMs / 3))
      await clock.pass(Math.floor(leaseMs / 3));
    goOn.resolve();

    expect((await running).state).toBe("succeeded");
  });

  it("stops when its lease could not be renewed for as long as it lasts", async () => {
    operation.at.set("switch", async (signal) => {
      leases.away = true;
      for (let passed = 0; passed <= 2 * leaseMs; passed += Math.floor(leaseMs / 3))
        await clock.pass(Math.floor(leaseMs / 3));
      leases.away = false;
      signal.throwIfAborted();
    });

    const result = await run();

    expect(result.state).toBe("unknown");
    expect(result.outcome.problems.map((one) => one.code)).toEqual(["lease_lost"]);
    expect([...operation.world]).toEqual(["look"]);
  });

  it("leaves an untouched target to another worker at a shutdown", async () => {
    operation.at.set("look", async () => shutdown.abort());

    const result = await run();

    expect(result.state).toBe("interrupted");
    const lease = await leases.read(target);
    expect(lease?.state.holder).toBeNull();
    expect(readExecution(lease?.state.execution ?? null)).toMatchObject({ id: "x-1", committed: false });
  });

  it("runs to its end when the shutdown comes after the commitment", async () => {
    operation.at.set("switch", async () => shutdown.abort());

    expect((await run()).state).toBe("succeeded");
  });

  it("is taken up by another worker once its holder has been silent for the lease's duration, and only finishes what is left", async () => {
    await dieAt("finish");
    const observer = new LeaseObserver(clock);
    const takeUp = () => resume(surroundings("worker-2", observer), testPlan(), "x-1", 0, audience);

    await expect(takeUp()).rejects.toMatchObject({ problem: { code: "target_locked" } });
    await clock.pass(leaseMs);
    const result = await takeUp();

    expect(result.state).toBe("succeeded");
    expect(result.steps.map((step) => step.state)).toEqual(["skipped", "skipped", "done"]);
  });

  it.each([
    ["finishes what was begun", "finish", "succeeded", ["look", "switch", "finish"]],
    ["begins nothing that was only committed to", "switch", "failed", ["look"]],
  ])("whatever its record says of an end, %s", async (_what, diedAt, state, world) => {
    await dieAt(diedAt);
    await leases.seize(target, { holder: null });
    audience.onStart = async () => {
      throw fail("request_settled", { requestId: "r-1", state: "failed", by: "" });
    };

    const result = await resume(surroundings("worker-2"), testPlan(), "x-1", 0, audience);

    expect(result.state).toBe(state);
    expect([...operation.world]).toEqual(world);
    expect((await leases.read(target))?.state).toMatchObject({ holder: null, execution: null });
  });

  it("does not begin anything new beside an execution that was left unfinished", async () => {
    await dieAt("finish");
    await leases.seize(target, { holder: null });

    const another = execute(surroundings("worker-2"), testPlan("r-2"), breakGlassExecution("x-2"), 0, audience);

    await expect(another).rejects.toMatchObject({ problem: { code: "execution_unfinished" } });
  });

  it("keeps its end beside the lease while it cannot be told", async () => {
    audience.reported = false;

    await run();

    const lease = await leases.read(target);
    expect(readEnded(lease?.state.usedGrants ?? null)).toMatchObject([
      { executionId: "x-1", unreported: { state: "succeeded" } },
    ]);
  });

  it("does not begin when its start cannot be recorded", async () => {
    audience.onStart = async () => {
      throw fail("redis_away", { why: "no answer" });
    };

    const result = await run();

    expect(result.state).toBe("failed");
    expect([...operation.world]).toEqual([]);
  });

  /** As far as this step, and then the process is gone: its lease stays, unrenewed. */
  async function dieAt(step: string): Promise<void> {
    const reached = Promise.withResolvers<void>();
    operation.at.set(step, async (signal) => {
      reached.resolve();
      const forever = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => forever.reject(signal.reason));
      await forever.promise;
    });
    const dead = new ManualClock();
    void execute(
      { ...surroundings(), context: { ...surroundings().context, clock: dead } },
      testPlan(),
      breakGlassExecution(),
      0,
      new RecordingAudience(),
    ).catch(() => undefined);
    await reached.promise;
    operation.at.delete(step);
  }
});

function codeOf(reason: unknown): string {
  return reason instanceof HandoverError ? reason.problem.code : String(reason);
}
