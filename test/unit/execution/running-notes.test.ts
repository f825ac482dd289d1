import { expect, it } from "vitest";
import { systemClock } from "../../../src/adapters/clock.ts";
import { runSteps } from "../../../src/execution/run-steps.ts";
import type { OperationRun, Step } from "../../../src/operations/operation.ts";

const never = new AbortController().signal;

const step: Step = {
  id: "restart",
  title: "Restart orders-2",
  deadlineMs: 10_000,
  pointOfNoReturn: true,
  safePoint: false,
  changesTarget: false,
  isDone: async () => false,
  act: async (_signal, tell) => {
    tell?.("waiting: the budget allows none");
    return "it is back";
  },
};

it("passes on what a step waits for while it runs, and its last word in the end", async () => {
  const run: OperationRun = {
    steps: [step],
    undo: () => Promise.reject(new Error("nothing fails here")),
    result: () => ({ summary: "done", writesStoppedMs: null }),
    close: async () => undefined,
  };
  const told: string[] = [];
  await runSteps({
    run,
    lease: { lost: never, assertHeld: () => undefined, confirm: async () => undefined },
    reporter: {
      progress: ([one]) => told.push(`${one?.state}: ${one?.note ?? ""}`),
      commit: async () => undefined,
    },
    clock: systemClock,
    committed: false,
    shutdown: never,
  });
  expect(told).toEqual(["running: ", "running: waiting: the budget allows none", "done: it is back"]);
});
