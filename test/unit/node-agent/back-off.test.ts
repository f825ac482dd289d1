import { describe, expect, it } from "vitest";
import { KUBELET_RESTART_TIMES, RestartBackOff } from "../../../sandbox/node-agent/back-off.ts";
import type { Termination } from "../../../sandbox/node-agent/pod-status.ts";

const SECOND_MS = 1_000;

function endedAfter(ms: number): Termination {
  return { exit: { exitCode: 1, signal: null }, startedAt: new Date(0), finishedAt: new Date(ms) };
}

describe("the back-off of restarts", () => {
  it("restarts at once first, then waits twice as long each time, up to the longest wait", () => {
    const backOff = new RestartBackOff(KUBELET_RESTART_TIMES);
    const waits = Array.from({ length: 8 }, () => backOff.next(endedAfter(SECOND_MS)) / SECOND_MS);
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  });

  it("starts afresh after a container that ran for ten minutes", () => {
    const backOff = new RestartBackOff(KUBELET_RESTART_TIMES);
    backOff.next(endedAfter(SECOND_MS));
    backOff.next(endedAfter(SECOND_MS));
    expect(backOff.next(endedAfter(600 * SECOND_MS))).toBe(0);
  });

  it("ends a wait when it is told to forget, and when it is aborted", async () => {
    const backOff = new RestartBackOff(KUBELET_RESTART_TIMES);
    const abort = new AbortController();
    const forgotten = backOff.wait(3_600 * SECOND_MS, abort.signal);
    backOff.forget();
    await forgotten;

    const aborted = backOff.wait(3_600 * SECOND_MS, abort.signal);
    abort.abort();
    await aborted;
  });
});
