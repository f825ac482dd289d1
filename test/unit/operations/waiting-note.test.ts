import { expect, it } from "vitest";
import { systemClock } from "../../../src/adapters/clock.ts";
import { WaitingNote } from "../../../src/operations/waiting-note.ts";

it("tells what is waited for after a while, not too often, and nothing twice", () => {
  let nowMs = 0;
  const told: string[] = [];
  const note = new WaitingNote({ ...systemClock, monotonicMs: () => nowMs }, (text) => told.push(`${nowMs} ${text}`));
  const waits: [number, string][] = [
    [0, "a pod"],
    [4_999, "a pod"],
    [5_000, "a pod"],
    [6_000, "its lag"],
    [10_000, "its lag"],
    [20_000, "its lag"],
  ];
  for (const [atMs, what] of waits) {
    nowMs = atMs;
    note.waitsFor(what);
  }
  expect(told).toEqual(["5000 waiting: a pod", "10000 waiting: its lag"]);
});
