import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { fail, problem } from "../../../src/domain/errors.ts";
import { readSigningKey } from "../../../src/domain/signing.ts";
import { readEnded, readExecution, writeExecution } from "../../../src/execution/ledger.ts";
import { breakGlassExecution } from "../../support/test-operation.ts";
import { announced, FakeTerminal, FakeWorld, run, target } from "./stand-ins.ts";

const failover = "dolt failover shop/orders --reason maintenance";
const reportSchema = z.object({
  exitCode: z.number(),
  operation: z.string().nullable(),
  user: z.string().nullable(),
  reason: z.string().nullable(),
  execution: z.object({ id: z.string(), state: z.string() }).nullable(),
  problems: z.array(z.object({ code: z.string() })),
});

describe("the command line", () => {
  let terminal: FakeTerminal;
  let world: FakeWorld;

  beforeEach(() => {
    terminal = new FakeTerminal();
    world = new FakeWorld();
  });

  const done = () => [...world.operation.world];

  it("shows the plan, asks, does it, and puts user and reason on record beside the lease", async () => {
    expect(await run(failover, terminal, world)).toBe(0);

    expect(terminal.questions).toBe(1);
    expect(terminal.stdout).toContain("shop/orders on cluster prod");
    expect(terminal.stdout).toContain("succeeded: done");
    expect(terminal.stderr).toContain("✓ switch");
    const lease = await world.leases.read(target);
    expect(lease?.state).toMatchObject({ holder: null, execution: null });
    const [ended] = readEnded(lease?.state.usedGrants ?? null);
    expect(ended?.unreported?.execution.authority).toMatchObject({ user: "kim@example.com", reason: "maintenance" });
    expect(world.closed).toBe(1);
  });

  it("changes nothing with --plan, and needs no reason for it", async () => {
    terminal.interactive = false;
    expect(await run("dolt failover shop/orders --plan", terminal, world)).toBe(0);
    expect(terminal.stdout).toContain("Steps:");
    expect(done()).toEqual([]);
    expect(await world.leases.read(target)).toBeNull();
  });

  it("does not ask with --yes", async () => {
    terminal.interactive = false;
    expect(await run(`${failover} --yes`, terminal, world)).toBe(0);
    expect(terminal.questions).toBe(0);
  });

  it.each(["no", "", "y", null])("does nothing when the answer is %o", async (answer) => {
    terminal.answer = answer;
    expect(await run(failover, terminal, world)).toBe(1);
    expect(done()).toEqual([]);
    expect(await world.leases.read(target)).toBeNull();
  });

  it("looks again after the question, and does nothing when the cluster has changed", async () => {
    terminal.whileAsked = () => {
      world.planned = async () => {
        const { draft } = await world.operation.plan();
        return { kind: "plan", draft: { ...draft, facts: [{ name: "primary", value: "orders-2" }] } };
      };
    };
    expect(await run(failover, terminal, world)).toBe(3);
    expect(terminal.stderr).toContain("primary: orders-0 → orders-2");
    expect(done()).toEqual([]);
  });

  describe("prints one JSON document on stdout", () => {
    const report = () => reportSchema.parse(JSON.parse(terminal.stdout));

    it("after an execution", async () => {
      expect(await run(`${failover} --yes --json`, terminal, world)).toBe(0);
      expect(report()).toEqual({
        exitCode: 0,
        operation: "dolt.failover",
        user: "kim@example.com",
        reason: "maintenance",
        execution: { id: "x-1", state: "succeeded" },
        problems: [],
      });
      expect(terminal.stderr).toContain("✓ switch");
    });

    it("with a plan", async () => {
      expect(await run("dolt failover shop/orders --plan --json", terminal, world)).toBe(0);
      expect(report()).toMatchObject({ exitCode: 0, execution: null, problems: [] });
    });

    it("for a slip of the fingers", async () => {
      expect(await run("dolt failover shop/orders --jsn --json", terminal, world)).toBe(2);
      expect(report()).toMatchObject({ exitCode: 2, problems: [{ code: "flag_unknown" }] });
    });
  });

  describe("ends with the exit code that says how it ended", () => {
    it("2: wrong usage, before anything is looked at", async () => {
      for (const line of ["dolt failovr x", "oracle failover x", "dolt failover", "dolt failover shop/orders"]) {
        expect(await run(line, terminal, world), line).toBe(2);
      }
      terminal.interactive = false;
      expect(await run(failover, terminal, world)).toBe(2);
      expect(terminal.stderr).toContain("npx handover dolt failover shop/orders --reason maintenance --yes");
      expect(world.closed).toBe(0);
    });

    it("3: refused by the preflight", async () => {
      const problems = [problem("dolt_no_primary", { roles: ["orders-0: standby"] })];
      world.planned = async () => ({ kind: "refused", problems });
      expect(await run(`${failover} --yes`, terminal, world)).toBe(3);
    });

    it("1: failed and undone", async () => {
      world.operation.at.set("finish", async () => {
        throw fail("dolt_silent", { pod: "orders-1", doing: "promoting", why: "gone" });
      });
      expect(await run(`${failover} --yes`, terminal, world)).toBe(1);
      expect(terminal.stdout).toContain("failed:");
      expect(terminal.stdout).toMatch(/What is now, and what mends it: npx handover dolt status shop\/orders\n$/);
    });

    it("4: the outcome is unknown", async () => {
      world.operation.at.set("finish", async () => {
        throw fail("dolt_silent", { pod: "orders-1", doing: "promoting", why: "gone" });
      });
      world.operation.undoResult = () => ({
        kind: "unknown",
        problem: problem("dolt_outcome_unknown", { state: "orders-1 is silent", todo: "Look at orders-1." }),
      });
      expect(await run(`${failover} --yes`, terminal, world)).toBe(4);
      expect(terminal.stdout).toContain("Look at orders-1.");
    });

    it("0: done, though the lease could not be given back; it says so", async () => {
      world.operation.at.set("finish", async () => {
        world.leases.onWrite = async () => {
          throw fail("kubernetes_away", { doing: "writing the lease", why: "ECONNREFUSED" });
        };
      });
      expect(await world.clock.passUntil(run(`${failover} --yes`, terminal, world))).toBe(0);
      expect(terminal.stdout).toContain("succeeded");
      expect(terminal.stderr).toContain("The lease of");
    });

    it("1: the lease could not be taken", async () => {
      world.leases.onWrite = async () => {
        throw fail("kubernetes_away", { doing: "writing the lease", why: "ECONNREFUSED" });
      };
      expect(await run(`${failover} --yes`, terminal, world)).toBe(1);
      expect(done()).toEqual([]);
    });

    it("6: frozen", async () => {
      world.annotations["handover.dev/freeze"] = JSON.stringify({ by: "ops", reason: "release", untilMs: null });
      expect(await run(`${failover} --yes`, terminal, world)).toBe(6);
      expect(done()).toEqual([]);
    });

    it("1: the cluster does not answer", async () => {
      world.everywhere = fail("kubernetes_away", { doing: "listing StatefulSets", why: "ECONNREFUSED" });
      expect(await run("dolt status orders", terminal, world)).toBe(1);
      expect(terminal.stderr).toContain("ECONNREFUSED");
      expect(world.closed).toBe(1);
    });
  });

  describe("finds the target", () => {
    it.each(["shop/orders", "shop/dolt", "orders", "dolt", "prod/shop/orders"])("by %s", async (name) => {
      expect(await run(`dolt failover ${name} --plan`, terminal, world)).toBe(0);
      expect(terminal.stdout).toContain("shop/orders on cluster prod");
    });

    it.each(["order", "shop/order", "other/orders", "test/shop/orders"])("not by %s", async (name) => {
      expect(await run(`dolt failover ${name} --plan`, terminal, world)).toBe(2);
    });

    it("only when it is the only one of its name", async () => {
      world.targets.push(announced("test", "orders", "orders"));
      expect(await run("dolt failover orders --plan", terminal, world)).toBe(2);
      expect(terminal.stderr).toContain("shop/orders, test/orders");
      expect(await run("dolt failover orders --plan --namespace test", terminal, world)).toBe(0);
    });

    it("in its own namespace, for a user who may not look everywhere", async () => {
      world.everywhere = fail("kubernetes_refused", { doing: "listing StatefulSets", why: "forbidden (403)" });
      world.targets = [announced("default", "orders", "orders")];
      expect(await run("dolt failover orders --plan", terminal, world)).toBe(0);
    });
  });

  describe("meets another's execution", () => {
    const left = async (holder: string | null, committed = true) => {
      const execution = { ...breakGlassExecution("x-left"), committed };
      const state = {
        holder,
        durationSeconds: 15,
        renewedAtMs: 0,
        transitions: 1,
        execution: writeExecution(execution),
        usedGrants: null,
      };
      await world.leases.compareAndSet(target, null, state);
      world.operation.world.add("look");
    };

    it("5: and does not wait for a plan", async () => {
      await left("worker-1");
      expect(await run("dolt failover shop/orders --plan", terminal, world)).toBe(5);
      expect(terminal.stderr).toContain("worker-1");
    });

    it("5: when the holder renews its lease meanwhile", async () => {
      await left("worker-1");
      const ended = run(`${failover} --yes`, terminal, world);
      await world.clock.pass(0);
      await world.leases.seize(target, { renewedAtMs: 5_000 });
      await world.clock.pass(1_000);
      expect(await ended).toBe(5);
      expect(done()).toEqual(["look"]);
    });

    it("3: ends one that had begun nothing and may not begin any more, so that it stands in nobody's way", async () => {
      await left(null, false);
      world.planned = async () => ({ kind: "refused", problems: [problem("dolt_no_primary", { roles: [] })] });
      expect(await run(`${failover} --yes`, terminal, world)).toBe(3);
      expect((await world.leases.read(target))?.state).toMatchObject({ holder: null, execution: null });
    });

    it("0: finishes it by its own plan when its holder has gone", async () => {
      await left("worker-1");
      const ended = run(`${failover} --yes`, terminal, world);
      for (let seconds = 0; seconds < 17; seconds += 1) await world.clock.pass(1_000);
      expect(await ended).toBe(0);
      expect(done()).toEqual(["look", "switch", "finish"]);
      expect(terminal.stderr).toContain("worker-1 holds the lease");
      const lease = await world.leases.read(target);
      expect(readExecution(lease?.state.execution ?? null)).toBeNull();
      expect(readEnded(lease?.state.usedGrants ?? null).map((one) => one.executionId)).toEqual(["x-left"]);
    });

    it("4: and only says so with --plan", async () => {
      await left(null);
      expect(await run("dolt failover shop/orders --plan", terminal, world)).toBe(4);
      expect(terminal.stderr).toContain("npx handover dolt failover shop/orders");
      expect(done()).toEqual(["look"]);
    });
  });

  describe("is interrupted by Ctrl-C", () => {
    it("before the point of no return: cancels, and leaves nothing behind", async () => {
      world.operation.at.set("look", async () => terminal.interrupt());
      expect(await run(`${failover} --yes`, terminal, world)).toBe(1);
      expect(done()).toEqual(["look"]);
      expect((await world.leases.read(target))?.state).toMatchObject({ holder: null, execution: null });
    });

    it("after it: finishes, and says so; the second press tells how to resume", async () => {
      world.operation.at.set("switch", async () => {
        terminal.interrupt();
        terminal.interrupt();
      });
      expect(await run(`${failover} --yes --kubeconfig /k`, terminal, world)).toBe(0);
      expect(terminal.stderr).toContain("Past the point of no return");
      expect(terminal.stderr).toContain("npx handover dolt failover shop/orders --reason maintenance --kubeconfig /k");
      expect(done()).toEqual(["look", "switch", "finish"]);
    });

    it("a third time: leaves it to whoever takes it up", async () => {
      const forever = Promise.withResolvers<void>();
      world.operation.at.set("switch", async () => {
        for (let press = 0; press < 3; press += 1) terminal.interrupt();
        await forever.promise;
      });
      expect(await run(`${failover} --yes`, terminal, world)).toBe(4);
      expect((await world.leases.read(target))?.state.execution).toContain("x-1");
      forever.resolve();
    });

    it("while it looks: changes nothing", async () => {
      world.planned = async () => {
        terminal.interrupt();
        throw new Error("the wait was cancelled");
      };
      expect(await run(`${failover} --yes`, terminal, world)).toBe(1);
      expect(terminal.stderr).toContain("Nothing was changed.");
    });
  });

  it("explains itself, and tells its version", async () => {
    for (const line of ["help", "--help", "", "dolt", "dolt help", "dolt failover --help"]) {
      expect(await run(line, terminal, world), line).toBe(0);
    }
    expect(terminal.stdout).toContain("npx handover dolt failover TARGET");
    expect(terminal.stdout).toContain("Exit codes: 0 done");
    terminal.stdout = "";
    expect(await run("--version", terminal, world)).toBe(0);
    expect(terminal.stdout).toBe("1.2.3\n");
  });

  it("makes keys that edge and worker accept", async () => {
    expect(await run("keys", terminal, world)).toBe(0);
    const [, privateText = "", , publicText = ""] = terminal.stdout.split("\n");
    expect(readSigningKey(privateText).publicKeyText).toBe(publicText);
  });
});
