import { describe, expect, it } from "vitest";
import type { DoltServers, DoltSession } from "../../src/ports/dolt-servers.ts";
import type { Workloads } from "../../src/ports/workloads.ts";
import { failoverUnderTest } from "./operations.ts";
import type { Fault, Scenario } from "./scenario.ts";
import { runSimulated } from "./simulation/run.ts";
import type { Tamper } from "./simulation/worker.ts";

/** Nothing goes wrong but what a test says. */
const quiet: Scenario = {
  seed: 1,
  operation: "failover",
  flags: ["--min-caught-up", "1", "--to", "orders-1"],
  startPrimary: 0,
  replicas: 3,
  writers: 4,
  readers: 4,
  restMs: 20,
  ackTimeoutSecs: 0,
  prelude: [],
  faults: [],
  nextWorkerAfterMs: 0,
};

/**
 * Handover's proofs are taken away one by one, by lying to it about the world: a suite of chaos that does not see what comes
 * of that would prove nothing.
 */
describe("chaos has teeth: it sees", () => {
  it("nothing, where nothing goes wrong", async () => {
    expect(await rulesOf(quiet)).toEqual([]);
  });

  it("the lost writes, when a candidate counts as caught up that is not", async () => {
    const cutOff: Fault = {
      at: { kind: "step", step: "check", phase: "after", delayMs: 0 },
      act: { kind: "partition", a: "old", b: "candidate", forMs: null },
    };
    const scenario = { ...quiet, faults: [cutOff] };
    expect(await rulesOf(scenario)).toEqual([]);

    const everybodyCaughtUp = withSessions((session) => ({
      async transitionToStandby(...given) {
        const rows = await session.transitionToStandby(...given);
        return rows.map((row) => ({ ...row, caughtUp: true }));
      },
    }));
    expect(await rulesOf(scenario, everybodyCaughtUp)).toEqual(expect.arrayContaining(["write lost", "stale read"]));
  });

  it("two writable servers, when a primary counts as demoted that is not", async () => {
    const demoted = new Set<string>();
    const onlyOnPaper = withSessions((session, host) => ({
      async transitionToStandby(_epoch, _min, options) {
        const rows = await session.replication(options);
        demoted.add(host);
        const caughtUp = (database: string, remote: string, remoteUrl: string) => ({
          caughtUp: true,
          database,
          remote,
          remoteUrl,
        });
        return rows.flatMap((row) => {
          const url = row.remoteUrl ?? "";
          return [row.database, "mysql", "dolt_branch_control"].map((name) => caughtUp(name, row.remote, url));
        });
      },
      async identity(options) {
        const identity = await session.identity(options);
        return demoted.has(host) ? { ...identity, role: "standby", epoch: 2, readOnly: true } : identity;
      },
    }));
    // Met, the older primary gives way within milliseconds; both reach the third server.
    const apart: Fault = {
      at: { kind: "step", step: "demote", phase: "after", delayMs: 0 },
      act: { kind: "partition", a: "old", b: "candidate", forMs: 3_000 },
    };
    expect(await rulesOf({ ...quiet, faults: [apart] }, onlyOnPaper)).toEqual(expect.arrayContaining(["two writable"]));
  });

  it("the missing route, when a label is never set", async () => {
    const deaf = withWorkloads(() => ({ labelPod: async () => undefined }));
    expect(await rulesOf(quiet, deaf)).not.toEqual([]);
  });

  it("the lease that nobody lets go", async () => {
    const kept: Tamper = (world) => {
      const { leases } = world;
      return {
        ...world,
        leases: {
          read: (...given) => leases.read(...given),
          list: (...given) => leases.list(...given),
          compareAndSet: (target, version, state, signal) =>
            leases.compareAndSet(target, version, { ...state, holder: state.holder ?? "nobody-lets-go" }, signal),
        },
      };
    };
    expect(await rulesOf(quiet, kept)).toContain("lease held");
  });
});

async function rulesOf(scenario: Scenario, tamper?: Tamper): Promise<string[]> {
  const { violations } = await runSimulated(scenario, failoverUnderTest, tamper);
  return violations.map(({ rule }) => rule);
}

/** Some calls of every session done otherwise. */
function withSessions(change: (session: DoltSession, host: string) => Partial<DoltSession>): Tamper {
  return (world) => {
    const dolt: DoltServers = {
      connect: async (address, options) => {
        const session = await world.dolt.connect(address, options);
        return overlaid(session, change(session, address.host));
      },
    };
    return { ...world, dolt };
  };
}

function withWorkloads(change: () => Partial<Workloads>): Tamper {
  return (world) => ({ ...world, workloads: (namespaces) => overlaid(world.workloads(namespaces), change()) });
}

/** The same object, but for what `change` has. */
function overlaid<T extends object>(real: T, change: Partial<T>): T {
  return new Proxy(real, {
    get(_target, key) {
      const changed: unknown = Reflect.get(change, key);
      const found: unknown = changed ?? Reflect.get(real, key, real);
      return typeof found === "function" ? found.bind(changed === undefined ? real : change) : found;
    },
  });
}
