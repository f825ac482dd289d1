import { beforeEach, describe, expect, it } from "vitest";
import { readEnded, writeExecution } from "../../../src/execution/ledger.ts";
import { bob } from "../../support/records.ts";
import { breakGlassExecution, rollingOperation } from "../../support/test-operation.ts";
import { FakeTerminal, FakeWorld, run, target } from "./stand-ins.ts";

const line = "dolt failover shop/orders --reason maintenance";
const firstPod = ["look", "pod-2", "pod-2-back"];
const allPods = [...firstPod, "pod-1", "pod-1-back", "pod-0", "pod-0-back"];

describe("a rolling operation from the command line", () => {
  let terminal: FakeTerminal;
  let world: FakeWorld;

  beforeEach(() => {
    terminal = new FakeTerminal();
    world = new FakeWorld();
    world.operation = rollingOperation();
  });

  const done = () => [...world.operation.world];
  const pressAt = (step: string, presses = 1) =>
    world.operation.at.set(step, async () => {
      for (let press = 0; press < presses; press += 1) terminal.interrupt();
    });

  describe("at Ctrl-C", () => {
    it("before the commitment: cancels, and nothing was changed", async () => {
      pressAt("look");
      expect(await run(`${line} --yes`, terminal, world)).toBe(1);
      expect(done()).toEqual(["look"]);
      expect(terminal.stdout).toContain("cancelled: Ctrl-C cancelled before the point of no return.");
    });

    it("after it: stops before the next pod, says so, and how to go on", async () => {
      pressAt("pod-2");
      expect(await run(`${line} --yes`, terminal, world)).toBe(1);
      expect(done()).toEqual(firstPod);
      expect(terminal.stderr).toContain("Stopping before the next step that allows it");
      expect(terminal.stdout).toContain("cancelled: 1 of 3 restarted. Stopped there by Ctrl-C; what was done stands.");
      expect(terminal.stdout).toContain("To go on from there, type the same command");
      expect((await world.leases.read(target))?.state).toMatchObject({ holder: null, execution: null });
    });

    it("a second time: says how to finish what is left if this process must go, and still stops there", async () => {
      pressAt("pod-2", 2);
      expect(await run(`${line} --yes`, terminal, world)).toBe(1);
      expect(done()).toEqual(firstPod);
      expect(terminal.stderr).toContain("Once more leaves it as it is, unfinished.");
    });

    it("at the last pod: finishes it, and says so", async () => {
      pressAt("pod-0");
      expect(await run(`${line} --yes`, terminal, world)).toBe(0);
      expect(done()).toEqual(allPods);
      expect(terminal.stderr).toContain("Past the point of no return: this is finished first, or undone.");
    });
  });

  describe("that another process left", () => {
    const left = (over: object) =>
      world.leases.compareAndSet(target, null, {
        holder: null,
        durationSeconds: 15,
        renewedAtMs: 0,
        transitions: 1,
        execution: writeExecution({ ...breakGlassExecution("x-left"), committed: true, ...over }),
        usedGrants: null,
      });

    it("paused: says who paused it and when, goes on, and puts on record who finished it and why", async () => {
      for (const step of firstPod) world.operation.world.add(step);
      await left({ held: { pause: { kind: "pause", by: bob, atMs: Date.parse("2026-11-21T12:40:00Z") } } });

      expect(await run(`${line} --yes`, terminal, world)).toBe(0);

      expect(terminal.stderr).toContain(
        "It was paused from Slack by UBOB at 2026-11-21 12:40 UTC; this lets it go on.",
      );
      expect(done()).toEqual(allPods);
      const [ended] = readEnded((await world.leases.read(target))?.state.usedGrants ?? null);
      expect(ended?.unreported?.execution).toMatchObject({
        id: "x-left",
        finisher: { user: "kim@example.com", reason: "maintenance", atMs: world.clock.nowMs() },
      });
    });

    it("in the middle of a pod: finishes that pod before Ctrl-C stops it", async () => {
      for (const step of ["look", "pod-2"]) world.operation.world.add(step);
      await left({});
      pressAt("pod-2-back");

      expect(await run(`${line} --yes`, terminal, world)).toBe(1);

      expect(done()).toEqual(firstPod);
    });
  });
});
