import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { DoltError, type DoltServers } from "../../../src/ports/dolt-servers.ts";
import { FailoverBench } from "./support/failover-bench.ts";
import { InterceptedServers } from "./support/intercepted.ts";

/** A demotion whose answer never came, because the primary was frozen: it may still be carried out when the primary thaws. */
export function frozenPrimarySuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`a primary that freezes with its demotion, on ${name}`, () => {
    let cluster: ClusterHandle;
    let bench: FailoverBench;

    beforeAll(async () => {
      cluster = await start();
      bench = await FailoverBench.start(cluster, "orders");
    });

    afterEach(async () => {
      await bench.target.faults.heal();
    });

    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

    it.each([1, 2, 3])("is frozen and thawed (%i): there is one primary, and it stays", async () => {
      const [primary = ""] = await bench.routed();
      const before = await bench.identity(primary);
      const dolt = new InterceptedServers(bench.dolt, {
        beforeDemotion: () => bench.target.faults.freeze(primary),
        demotionDeadlineMs: 1_000,
        demotionLost: () => bench.target.faults.thaw(primary),
      });

      const { state, outcome } = await bench.run(await bench.plan(), { dolt });

      const [routed = ""] = await bench.routed();
      const now = await bench.identity(routed);
      expect(now).toMatchObject({ role: "primary", readOnly: false });
      if (state === "succeeded") {
        expect(routed).not.toBe(primary);
      } else {
        expect(outcome.problems.map(({ code }) => code)).toEqual(["dolt_undone", "dolt_demotion_refused"]);
        expect(routed).toBe(primary);
        // The queued demotion was to be at one more than before.
        expect(now.epoch).toBeGreaterThan(before.epoch + 1);
      }
      for (const pod of bench.target.pods.filter((one) => one !== routed)) {
        await bench.untilIs(pod, { role: "standby", epoch: now.epoch });
      }
      expect(await bench.identity(routed)).toEqual(now);
    });

    it("answers before it carries the demotion out: its epoch is raised first, and the demotion fails when it comes", async () => {
      const [primary = ""] = await bench.routed();
      const before = await bench.identity(primary);
      const queued = new QueuedDemotion(bench.dolt, (await bench.target.address(primary)).host);

      const { state, outcome } = await bench.run(await bench.plan(), { dolt: queued.servers });

      expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
        state: "failed",
        codes: ["dolt_undone", "dolt_demotion_refused"],
      });
      expect(queued.outcome).toBe("refused");
      const now = await bench.identity(primary);
      expect(now).toMatchObject({ role: "primary", epoch: before.epoch + 2, readOnly: false });
      expect(await bench.routed()).toEqual([primary]);
      await bench.write(primary, 1);
    });
  });
}

/** Keeps a demotion back as a frozen server does, and lets it through as soon as the server has answered something else. */
class QueuedDemotion {
  readonly servers: DoltServers;
  outcome: "none" | "done" | DoltError["outcome"] = "none";
  #release: (() => Promise<void>) | null = null;

  constructor(real: DoltServers, host: string) {
    const intercepted = new InterceptedServers(real, {
      afterRole: async (calledHost) => {
        if (calledHost === host) await this.#release?.();
      },
    });
    this.servers = {
      connect: async (address, options) => {
        const session = await intercepted.connect(address, options);
        let isQueued = false;
        return {
          ...session,
          transitionToStandby: async (epoch, minCaughtUp) => {
            isQueued = true;
            this.#release = async () => {
              this.#release = null;
              const patient = { deadlineMs: 20_000, signal: AbortSignal.timeout(20_000) };
              this.outcome = await session.transitionToStandby(epoch, minCaughtUp, patient).then(
                () => "done" as const,
                (error: unknown) => (error instanceof DoltError ? error.outcome : "unknown"),
              );
              session.close();
            };
            throw new DoltError("unknown", "no answer");
          },
          close: () => {
            if (!isQueued) session.close();
          },
        };
      },
    };
  }
}
