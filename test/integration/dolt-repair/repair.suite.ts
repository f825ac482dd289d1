import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import type { Plan } from "../../../src/domain/plan.ts";
import type { ExecutionResult } from "../../../src/execution/run-steps.ts";
import { Writers } from "../../support/writers.ts";
import { InterceptedServers, interceptedWorkloads } from "../dolt-failover/support/intercepted.ts";
import { RepairBench } from "./support/repair-bench.ts";

/**
 * What holds of a repair on simulated servers as on real ones.
 * @param dyingAt steps around which a process dies in turn
 */
export function repairSuite(
  name: string,
  start: () => Promise<ClusterHandle>,
  dyingAt: readonly (readonly [string, "before" | "after"])[],
): void {
  describe(`a repair on ${name}`, () => {
    let cluster: ClusterHandle;
    let bench: RepairBench;
    let targets = 0;

    beforeAll(async () => {
      cluster = await start();
    });

    afterAll(async () => {
      await cluster?.close();
    });

    afterEach(async () => {
      await bench?.close();
    });

    const all = [0, 1, 2];
    const faults = () => bench.servers.target.faults;

    async function prepare(): Promise<void> {
      targets += 1;
      bench = await RepairBench.start(cluster, `target${targets}`);
      await bench.servers.write(bench.pod(0), 1);
      for (const ordinal of [1, 2]) await untilIds(ordinal, [1]);
    }

    async function untilIds(ordinal: number, ids: readonly number[]): Promise<void> {
      await bench.servers.until(`${ordinal} holds ${ids.join(", ")}`, async () => {
        const held = await bench.servers.ids(bench.pod(ordinal)).catch(() => []);
        return JSON.stringify(held) === JSON.stringify(ids);
      });
    }

    const standing = async (ordinal: number) => {
      const { role, epoch } = await bench.servers.identity(bench.pod(ordinal));
      return `${role} ${epoch}`;
    };

    function expectSucceeded({ state, outcome }: ExecutionResult): void {
      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
    }

    async function expectRepaired(chosen: number, epoch: number, ids: readonly number[]): Promise<void> {
      for (const ordinal of all) {
        expect(await standing(ordinal)).toBe(`${ordinal === chosen ? "primary" : "standby"} ${epoch}`);
      }
      expect(await bench.servers.routed()).toEqual([bench.pod(chosen)]);
      await bench.servers.write(bench.pod(chosen), 999);
      for (const ordinal of all) await untilIds(ordinal, [...ids, 999]);
    }

    /** The first so many are primaries at epoch 2, each with rows of its own (10, 20 and 21, 30), and break one another. */
    async function break_(count: 2 | 3): Promise<void> {
      await bench.isolate();
      for (const ordinal of all.slice(0, count)) await bench.promote(ordinal, 2);
      const rows = [[10], [20, 21], [30]];
      for (const ordinal of all.slice(0, count)) {
        for (const id of rows[ordinal] ?? []) await bench.servers.write(bench.pod(ordinal), id);
      }
      await faults().heal();
      for (const ordinal of all.slice(0, count)) {
        await bench.servers.untilIs(bench.pod(ordinal), { role: "detected_broken_config" });
      }
    }

    /** Pod 0 is primary at epoch 1 and pod 1 at epoch 2; neither reaches the other, and nobody reaches the third. */
    async function part(): Promise<void> {
      await bench.isolate();
      await bench.promote(1, 2);
      await bench.servers.write(bench.pod(0), 10);
      await bench.servers.write(bench.pod(1), 20);
    }

    const saved = () => ({ saveTo: bench.saveTo, restoreAs: "kept", acceptLoss: true });

    it("shows what each side holds when two primaries broke one another, and asks for a choice", async () => {
      await prepare();
      await break_(2);

      const { steps, now, facts } = await bench.draft();

      expect({ steps, facts }).toEqual({ steps: [], facts: [] });
      const text = now.join("\n");
      expect(text).toMatch(/say detected_broken_config/);
      expect(text).toMatch(/app\/main: the same up to commit [0-9a-v]{8}/);
      expect(text).toMatch(/-0: head [0-9a-v]{8}, t: rows 2 added since, 1 of them not on target\d+-1/);
      expect(text).toMatch(/-1: head [0-9a-v]{8}, t: rows 3 added since, 2 of them not on target\d+-0/);
      expect(text).toMatch(/To keep what target\d+-1 holds: dolt repair target\d+ --to target\d+-1 --save-to URL/);
    });

    it("tells of a table that only one side made, and does not call that side's data held by the other", async () => {
      await prepare();
      await part();
      await bench.servers.sql(bench.pod(1), "DELETE FROM app.t WHERE id = 20");
      await bench.servers.sql(bench.pod(1), "CREATE TABLE app.made (id BIGINT PRIMARY KEY)");

      const { steps, now } = await bench.draft();

      expect(steps).toEqual([]);
      expect(now.join("\n")).toMatch(/made: made, or of another shape/);
    });

    it("makes the chosen one of two broken ones primary, with the other saved, and restored with rows of no commit", async () => {
      await prepare();
      await break_(2);

      const plan = await bench.plan({ to: bench.pod(1), ...saved(), acceptLoss: false });
      expect(plan.acceptance).toMatchObject({ flag: "accept-loss", given: false });
      expect(plan.acceptance?.figures.join("\n")).toMatch(/-0 is overwritten; its databases are saved first:/);
      const result = await bench.run(plan);

      expectSucceeded(result);
      expect(result.outcome.summary).toMatch(/Saved: app of target\d+-0: file:/);
      await expectRepaired(1, 3, [1, 20, 21]);
      const kept = (await bench.databases(1)).find((database) => database.startsWith("app_kept"));
      for (const ordinal of all) {
        expect(await bench.rows(ordinal, `SELECT id FROM ${kept}.t ORDER BY id`)).toEqual([{ id: 1 }, { id: 10 }]);
      }
    });

    it("chooses a standby beside a broken server, or the broken one", async () => {
      await prepare();
      await break_(2);
      await bench.servers.sql(bench.pod(1), "CALL dolt_assume_cluster_role('standby', 3)");

      expectSucceeded(await bench.run(await bench.plan({ to: bench.pod(1), acceptLoss: true })));
      await expectRepaired(1, 4, [1, 20, 21]);
    });

    it("mends three that are all broken", async () => {
      await prepare();
      await break_(3);

      const plan = await bench.plan({ to: bench.pod(2), ...saved() });
      expectSucceeded(await bench.run(plan));

      await expectRepaired(2, 3, [1, 30]);
      expect(await bench.databases(0)).toEqual(["app", "app_kept_0", "app_kept_1"]);
      expect(await bench.rows(0, "SELECT id FROM app_kept_1.t ORDER BY id")).toEqual([
        { id: 1 },
        { id: 20 },
        { id: 21 },
      ]);
    });

    it("raises a primary above standbys at a higher epoch by itself, and cuts no connection", async () => {
      await prepare();
      for (const ordinal of [1, 2]) {
        await bench.servers.sql(bench.pod(ordinal), "CALL dolt_assume_cluster_role('standby', 5)");
      }

      const plan = await bench.plan();
      expect(plan.acceptance).toBeUndefined();
      expect(plan.now.join("\n")).toMatch(/Chosen: target\d+-0, which holds everything/);
      expect(plan.cost).toBe("Writes go on; no connection is cut.");
      expectSucceeded(await bench.run(plan));

      await expectRepaired(0, 6, [1]);
    });

    it.each([
      ["older", 0, [1, 10], [{ id: 1 }, { id: 20 }]],
      ["newer", 1, [1, 20], [{ id: 1 }, { id: 10 }]],
    ] as const)(
      "keeps the %s of two primaries that cannot reach one another, and says how to keep them apart",
      async (_, chosen, ids, kept) => {
        await prepare();
        await part();
        const plan = await bench.plan({ to: bench.pod(chosen), ...saved() });
        const text = plan.now.join("\n");
        expect(text).toMatch(
          /-0 \(epoch 1\) and target\d+-1 \(epoch 2\) cannot reach one another now; at their first contact target\d+-0 is overwritten at once/,
        );
        expect(text).toMatch(
          /echo '\{"apiVersion":"networking.k8s.io\/v1","kind":"NetworkPolicy".*\| kubectl apply -f -/,
        );
        expect(plan.steps.map(({ id }) => id)).toEqual([
          "check",
          "save",
          "hold",
          "promote",
          "route",
          "restore",
          "rejoin",
        ]);
        const clients = await bench.servers.ids(bench.pod(0));
        expect(clients).toEqual([1, 10]);

        const running = bench.run(plan);
        // They meet once the loser is saved and the chosen one is above it.
        await bench.servers.until(
          "the chosen one is primary above both",
          async () => (await standing(chosen)) === "primary 3",
        );
        await faults().heal();

        expectSucceeded(await running);
        await expectRepaired(chosen, 3, ids);
        const names = (await bench.databases(2)).filter((database) => database.startsWith("app_kept"));
        expect(names).toHaveLength(1);
        expect(await bench.rows(2, `SELECT id FROM ${names[0]}.t ORDER BY id`)).toEqual(kept);
      },
    );

    it("mends an empty primary from a standby, before a client empties the standbys", async () => {
      await prepare();
      await faults().emptyVolume(bench.pod(0));
      await bench.servers.until(
        "it is back, empty",
        async () => (await bench.databases(0).catch(() => ["?"])).length === 0,
      );

      const plan = await bench.plan();
      const [chosen] =
        /target\d+-([12])/.exec(plan.now.find((line) => line.startsWith("Chosen")) ?? "")?.slice(1) ?? [];
      expectSucceeded(await bench.run(plan));

      await expectRepaired(Number(chosen), 2, [1]);
    });

    it("drops what only a standby holds, after it was saved", async () => {
      await prepare();
      await bench.isolate();
      await bench.promote(1, 2);
      await bench.servers.sql(bench.pod(1), "CREATE DATABASE stray");
      await bench.promote(0, 3);
      await faults().heal();
      await bench.servers.untilIs(bench.pod(1), { role: "standby", epoch: 3 });

      const plan = await bench.plan({ to: bench.pod(0), ...saved() });
      expect(plan.acceptance?.figures.join("\n")).toMatch(/Only target\d+-1 has the database stray/);
      expectSucceeded(await bench.run(plan));

      await expectRepaired(0, 4, [1]);
      for (const ordinal of all) expect(await bench.databases(ordinal)).toEqual(["app", "stray_kept"]);
    });

    it("works where one node alone answers, and says of the others that nobody knows", async () => {
      await prepare();
      await faults().crashLoop(bench.pod(0), true);
      await faults().freeze(bench.pod(2));

      const plan = await bench.plan({ to: bench.pod(1), acceptLoss: true });
      expect(plan.acceptance?.figures.join("\n")).toMatch(/-0 does not answer .*what only it holds is not known/);
      const result = await bench.run(plan);

      expectSucceeded(result);
      expect(result.outcome.summary).toMatch(/Not seen yet: target\d+-0 does not answer.*target\d+-2 does not answer/);
      expect(await standing(1)).toBe("primary 3");
      expect(await bench.servers.routed()).toEqual([bench.pod(1)]);
      await faults().heal();
      for (const ordinal of [0, 2]) await bench.servers.untilIs(bench.pod(ordinal), { role: "standby", epoch: 3 });
    });

    it("waits for the chosen one when it is killed in the middle, and for others that are", async () => {
      await prepare();
      await break_(2);
      const plan = await bench.plan({ to: bench.pod(1), ...saved() });
      const { host } = await bench.servers.target.address(bench.pod(1));
      let kills = 0;
      const dolt = new InterceptedServers(bench.servers.dolt, {
        beforeRole: async (asked) => {
          if (asked !== host || kills > 0) return;
          kills += 1;
          await faults().kill(bench.pod(1));
        },
        afterRole: async (asked) => {
          if (asked !== host || kills !== 1) return;
          kills += 1;
          await faults().kill(bench.pod(1));
          await faults().kill(bench.pod(0));
        },
      });

      expectSucceeded(await bench.run(plan, { dolt }));

      expect(kills).toBe(2);
      await expectRepaired(1, 3, [1, 20, 21]);
    });

    it.each(dyingAt)("is finished by another process when the first dies at %s, %s it", async (step, when) => {
      await prepare();
      await part();
      const plan: Plan = await bench.plan({ to: bench.pod(0), ...saved() });
      const met = bench.servers
        .until("the chosen one is above", async () => (await standing(0)) === "primary 3")
        .then(() => faults().heal());
      await bench.crash(plan, step, when);

      expectSucceeded(await bench.run(plan, {}, true));

      await met;
      await expectRepaired(0, 3, [1, 10]);
      const names = (await bench.databases(2)).filter((database) => database.startsWith("app_kept"));
      expect(names).toHaveLength(1);
      expect(await bench.rows(2, `SELECT id FROM ${names[0]}.t ORDER BY id`)).toEqual([{ id: 1 }, { id: 20 }]);
    });

    it("loses no write of clients that follow the label, whichever side took it", async () => {
      await prepare();
      await part();
      const credentials = await bench.servers.credentials();
      const [old, chosen] = await Promise.all(
        [0, 1].map((ordinal) => bench.servers.target.address(bench.pod(ordinal))),
      );
      let endpoint = old ?? null;
      const writers = await Writers.start({
        kubeconfig: cluster.kubeconfig,
        namespace: bench.servers.target.namespace,
        database: "app",
        writers: 4,
        firstId: 1_000,
        credentials: { user: credentials.username, password: credentials.password },
        endpoint: () => endpoint,
      });
      const workloads = interceptedWorkloads(bench.servers.workloads, {
        async afterLabel({ name: pod }, value) {
          if (pod === bench.pod(1) && value === "primary") endpoint = chosen ?? null;
        },
      });
      const dolt = new InterceptedServers(bench.servers.dolt, { afterRole: () => faults().heal() });
      const plan = await bench.plan({ to: bench.pod(1), ...saved() });
      await writers.acknowledges(50);

      const result = await bench.run(plan, { workloads, dolt });
      await writers.acknowledges(50);
      const { acknowledged } = await writers.stop();

      expectSucceeded(result);
      const [kept] = (await bench.databases(1)).filter((database) => database.startsWith("app_kept"));
      const rows = await bench.rows(1, `SELECT id FROM ${kept}.t`);
      const held = new Set([...rows.map(({ id }) => Number(id)), ...(await bench.servers.ids(bench.pod(1)))]);
      expect(rows.length).toBeGreaterThan(50);
      expect(acknowledged.filter((id) => !held.has(id))).toEqual([]);
    });

    it("changes nothing when the save fails", async () => {
      await prepare();
      await part();
      const plan = await bench.plan({ to: bench.pod(1), saveTo: "nosuch://bucket", acceptLoss: true });

      const { state, outcome } = await bench.run(plan);

      expect(state).toBe("failed");
      expect(outcome.problems.map(({ code }) => code)).toEqual(["dolt_save_failed"]);
      expect(await bench.servers.routed()).toEqual([bench.pod(0)]);
      expect([await standing(0), await standing(1)]).toEqual(["primary 1", "primary 2"]);
      expect(await bench.servers.ids(bench.pod(0))).toEqual([1, 10]);
    });

    it("puts the labels back when the chosen one dies for good before it could be promoted", async () => {
      await prepare();
      await part();
      const workloads = interceptedWorkloads(bench.servers.workloads, {
        async afterLabel({ name: pod }, value) {
          if (pod === bench.pod(1) && value === "primary") await faults().crashLoop(pod, true);
        },
      });
      // The 90 s that it is waited for pass in 3 s.
      const clock = { ...systemClock, monotonicMs: () => performance.now() * 30 };
      const plan = await bench.plan({ to: bench.pod(1), acceptLoss: true });

      const { state, outcome } = await bench.run(plan, { workloads, clock });

      expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
        state: "failed",
        codes: ["dolt_repair_undone", "dolt_not_promoted"],
      });
      expect(await bench.servers.routed()).toEqual([bench.pod(0)]);
      expect(await bench.servers.ids(bench.pod(0))).toEqual([1, 10]);
    });

    it("sends everything once more to a standby that the older primary has pushed to", async () => {
      await prepare();
      await faults().partition(bench.pod(0), bench.pod(1));
      await bench.promote(1, 2);
      await bench.servers.write(bench.pod(1), 20);
      await untilIds(2, [1, 20]);
      const plan = await bench.plan({ to: bench.pod(1), acceptLoss: true });
      const dolt = new InterceptedServers(bench.servers.dolt, {
        async afterRole() {
          // The newer primary calls the third server caught up, and it holds what the older one has.
          await untilIds(2, [1, 20]);
          await bench.servers.write(bench.pod(0), 10);
          await untilIds(2, [1, 10]);
          await faults().heal();
        },
      });

      expectSucceeded(await bench.run(plan, { dolt }));

      for (const ordinal of all) expect(await bench.servers.ids(bench.pod(ordinal))).toEqual([1, 20]);
    });

    it("is not begun when a server holds more than people were told", async () => {
      await prepare();
      await part();
      const plan = await bench.plan({ to: bench.pod(0), acceptLoss: true });
      await bench.servers.sql(bench.pod(1), "CREATE DATABASE fresh");

      const { state, outcome } = await bench.run(plan);

      expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
        state: "failed",
        codes: ["dolt_repair_changed"],
      });
      expect(await standing(1)).toBe("primary 2");
    });
  });
}
