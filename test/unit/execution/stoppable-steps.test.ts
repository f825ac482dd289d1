import { beforeEach, describe, expect, it } from "vitest";
import type { Problem } from "../../../src/domain/errors.ts";
import { canStillStop } from "../../../src/domain/request.ts";
import { pendingSteps, runSteps } from "../../../src/execution/run-steps.ts";
import type { SafePoints, WishNow } from "../../../src/execution/safe-point.ts";
import type { OperationRun, Step, UndoResult } from "../../../src/operations/operation.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** One long step that people may stop in its middle, and a short one behind it. */
describe("a step that waits for long", () => {
  let clock: ManualClock;
  let wish: WishNow | null;
  let undone: Problem[];
  let undoResult: (failure: Problem) => UndoResult;
  let finished: string[];

  beforeEach(() => {
    clock = new ManualClock();
    wish = { kind: "go_on" };
    undone = [];
    undoResult = (problem) => ({ kind: "undone", problem });
    finished = [];
  });

  const step = (id: string, more: Partial<Step>): Step => ({
    id,
    title: `do ${id}`,
    deadlineMs: 600_000,
    pointOfNoReturn: id === "begin",
    safePoint: false,
    changesTarget: true,
    isDone: async () => false,
    act: async () => {
      finished.push(id);
      return null;
    },
    ...more,
  });

  const long = step("wait", {
    stoppable: true,
    act: async (signal) => {
      await clock.sleep(60_000, signal);
      finished.push("wait");
      return null;
    },
  });

  const run = (steps: readonly Step[], committed = false) => {
    const operation: OperationRun = {
      steps,
      undo: async (failure) => {
        undone.push(failure);
        return undoResult(failure);
      },
      result: () => ({ summary: "done", writesStoppedMs: null }),
      close: async () => undefined,
    };
    const safePoints: SafePoints = {
      isHeld: () => false,
      pauseOnRecord: () => null,
      wish: async () => wish,
      hold: async () => undefined,
      goOn: async () => undefined,
    };
    const lease = { lost: new AbortController().signal, assertHeld: () => undefined, confirm: async () => undefined };
    const reporter = { progress: () => undefined, commit: async () => undefined };
    return runSteps({
      run: operation,
      lease,
      reporter,
      clock,
      committed,
      safePoints,
      shutdown: new AbortController().signal,
    });
  };

  it("is ended when somebody wants it to stop, and put right; the request counts as cancelled", async () => {
    const running = run([step("begin", {}), long, step("end", {})]);
    await clock.pass(5_000);
    wish = { kind: "stop", by: "Kim" };

    const result = await clock.passUntil(running);

    expect(finished).toEqual(["begin"]);
    expect(undone.map(({ code, what }) => `${code}: ${what}`)).toEqual([
      "stopped_in_step: Stopped by Kim during “do wait”.",
    ]);
    expect(result.state).toBe("cancelled");
  });

  it("is unknown, and not cancelled, when nobody knows whether it was put right", async () => {
    undoResult = (problem) => ({ kind: "unknown", problem });
    wish = { kind: "stop", by: "Kim" };
    expect((await clock.passUntil(run([step("begin", {}), long]))).state).toBe("unknown");
  });

  it("goes on while nobody can be asked, or somebody pauses, which is for places between steps", async () => {
    wish = null;
    const result = await clock.passUntil(run([step("begin", {}), long, step("end", {})]), 1_000);
    expect({ state: result.state, finished }).toEqual({ state: "succeeded", finished: ["begin", "wait", "end"] });
  });

  it("is stopped as well when another process has taken it up", async () => {
    wish = { kind: "stop", by: "Kim" };
    expect((await clock.passUntil(run([step("begin", { isDone: async () => true }), long], true))).state).toBe(
      "cancelled",
    );
  });

  it("does not make another step one that can be stopped", async () => {
    const short = step("wait", { act: long.act });
    const running = run([step("begin", {}), short]);
    await clock.pass(5_000);
    wish = { kind: "stop", by: "Kim" };
    expect((await clock.passUntil(running, 1_000)).state).toBe("succeeded");
  });

  it("can be stopped, as the record shows, until it is done", () => {
    const steps = pendingSteps([step("begin", {}), long, step("end", {})]);
    const at = (state: "pending" | "running" | "done") =>
      steps.map((one) => ({ ...one, state: one.id === "wait" ? state : ("done" as const) }));
    expect(canStillStop({ committed: true, steps: at("running") })).toBe(true);
    expect(canStillStop({ committed: true, steps: at("done") })).toBe(false);
  });
});
