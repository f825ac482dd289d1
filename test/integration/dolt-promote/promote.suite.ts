import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { type Problem, problemOf } from "../../../src/domain/errors.ts";
import type { OperationRun } from "../../../src/operations/operation.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { InterceptedServers, interceptedWorkloads } from "../dolt-failover/support/intercepted.ts";
import { PromoteBench } from "./support/promote-bench.ts";

/** What holds of a promotion on simulated servers as on real ones. */
export function promoteSuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`a promotion on ${name}`, { timeout: 180_000 }, () => {
    let cluster: ClusterHandle;
    let bench: PromoteBench;
    let targets = 0;

    beforeAll(async () => {
      cluster = await start();
    });

    afterAll(async () => {
      await cluster?.close();
    });

    afterEach(async () => {
      await bench?.at.target.faults.heal();
      await bench?.close();
    });

    /** Three servers with one row everywhere. */
    async function prepare(): Promise<[string, string, string]> {
      targets += 1;
      bench = await PromoteBench.start(cluster, `target${targets}`);
      await bench.at.write(bench.pod(0), 1);
      await bench.untilHolds(bench.pod(1), [1]);
      await bench.untilHolds(bench.pod(2), [1]);
      return [bench.pod(0), bench.pod(1), bench.pod(2)];
    }

    it("makes a standby primary when the primary is seen ended, alone labelled and followed; the old one returns as a standby", async () => {
      const [old, candidate, other] = await prepare();
      await bench.end(old);

      const plan = await bench.plan();
      const { state, outcome } = await bench.run(plan);

      expect(plan.acceptance).toMatchObject({ flag: "accept-loss", given: false });
      expect(plan.acceptance?.figures.join(" ")).toMatch(/heard from the primary .* ago.*cannot be known while/);
      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      expect(outcome.summary).toMatch(`When ${old} returns`);
      const { epoch, ...promoted } = await bench.at.identity(candidate);
      expect(promoted).toMatchObject({ role: "primary", readOnly: false });
      expect(epoch).toBeGreaterThan(1);
      expect(await bench.at.routed()).toEqual([candidate]);
      await bench.at.untilIs(other, { role: "standby", epoch });
      expect(await bench.at.ids(candidate)).toEqual([1]);

      await bench.at.target.faults.heal();
      await bench.at.untilIs(old, { role: "standby", epoch });
      expect(await bench.at.routed()).toEqual([candidate]);
    });

    describe("finds the newest standby", () => {
      it("by the commits that it has and the other lacks", async () => {
        const [old, behind, newest] = await prepare();
        await bench.at.target.faults.partition(old, behind);
        await bench.sql(old, "CALL dolt_commit('-Am', 'more')", "INSERT INTO t VALUES (2, 'more')");
        await bench.untilHolds(newest, [1, 2]);
        await bench.end(old);

        const plan = await bench.plan();

        expect(plan.steps.map(({ title }) => title)).toContain(`Promote ${newest} to primary`);
        expect(plan.now.join("\n")).toContain(`${newest} has all commits of app/main that ${behind} has, and 1 more`);
        expect(plan.warnings.map(({ code }) => code)).toEqual([`silent:${old}`]);
      });

      it("by contact or rows where the commits are the same, and says that commits do not prove it", async () => {
        const [old, behind, newest] = await prepare();
        await bench.at.target.faults.partition(old, behind);
        await bench.at.write(old, 2);
        await bench.untilHolds(newest, [1, 2]);
        await bench.end(old);

        const plan = await bench.plan();

        expect(plan.steps.map(({ title }) => title)).toContain(`Promote ${newest} to primary`);
        expect(plan.warnings.map(({ code }) => code)).toContainEqual(
          expect.stringMatching(/^judged_by_(contact|rows)$/),
        );
        // What was approved is not judged anew by times that differ a little at each look.
        expect(await bench.changesSince(plan)).toEqual([]);
      });

      it("and refuses to choose where contact and rows disagree, with the lines to choose by hand", async () => {
        const [old, behind, other] = await prepare();
        await bench.at.target.faults.partition(old, behind);
        await bench.at.sql(old, "DELETE FROM app.t WHERE id = 1");
        await bench.at.until("the row is gone", async () => (await bench.at.ids(other)).length === 0);
        await bench.at.until("the other has heard of it 3 s later", async () => {
          const [before, after] = [await bench.at.heardAtMs(behind), await bench.at.heardAtMs(other)];
          return after - before >= 3_000;
        });
        await bench.end(old);

        const refused = await bench.planned({ acceptLoss: true }, { surface: "slack" });
        const plan = await bench.plan({ to: other });

        expect(refused).toMatchObject({ kind: "refused", problems: [{ code: "dolt_newest_unclear" }] });
        const { name } = bench.at.target;
        expect(refused.kind === "refused" && refused.problems[0]?.next).toContain(
          `/dolt promote ${name} --to ${behind} --accept-loss · /dolt promote ${name} --to ${other} --accept-loss`,
        );
        expect(plan.warnings.map(({ code }) => code)).toContain(`unclear:${behind}`);
        expect(plan.acceptance?.figures.join(" ")).toContain(`Only ${behind} has 1 row of app/main`);
      });

      it("takes the one that was asked for, and says what another holds beyond it", async () => {
        const [old, behind, newest] = await prepare();
        await bench.at.target.faults.partition(old, behind);
        await bench.sql(old, "CALL dolt_commit('-Am', 'more')", "INSERT INTO t VALUES (2, 'more')");
        await bench.untilHolds(newest, [1, 2]);
        await bench.end(old);

        const byName = await bench.plan({ to: behind });
        const byAvoiding = await bench.plan({ avoid: newest });

        for (const plan of [byName, byAvoiding]) {
          expect(plan.steps.map(({ title }) => title)).toContain(`Promote ${behind} to primary`);
          expect(plan.warnings.map(({ code }) => code)).toContain(`newer:${newest}`);
          expect(plan.acceptance?.figures.join(" ")).toMatch(new RegExp(`Only ${newest} has .*1 commit of app/main`));
        }
      });
    });

    it("works with the primary's pod missing, another one ended and one that answers", async () => {
      const [old, ended, last] = await prepare();
      await bench.end(old);
      await bench.end(ended);
      const workloads = bench.withoutPod(old);

      const plan = await bench.plan({}, { workloads });
      const { state, outcome } = await bench.run(plan, { workloads });

      expect(plan.warnings.map(({ code }) => code)).toEqual([`silent:${old}`, `silent:${ended}`, "alone"]);
      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      // A missing pod is no proof that nothing runs there, so what may be waiting in it is fenced.
      expect(await bench.at.identity(last)).toMatchObject({ role: "primary", epoch: 3 });
    });

    it("fences what may wait in a frozen primary; thawed, it becomes a standby and what only it had is gone", async () => {
      const [old, candidate, other] = await prepare();
      await bench.at.target.faults.partition(old, candidate);
      await bench.at.target.faults.partition(old, other);
      await bench.at.write(old, 7);
      await bench.at.target.faults.freeze(old);

      const plan = await bench.plan();
      const { state, steps } = await bench.run(plan);

      expect(state).toBe("succeeded");
      expect(steps.find(({ id }) => id === "promote")?.note).toBe(`primary at epoch 3; ${other} refuse anything older`);
      expect(await bench.at.routed()).toEqual([candidate]);

      await bench.at.target.faults.heal();
      await bench.at.untilIs(old, { role: "standby", epoch: 3 });
      await bench.at.until("its own write is overwritten", async () => !(await bench.at.ids(old)).includes(7));
      expect(await bench.at.routed()).toEqual([candidate]);
    });

    it("is refused while the old one answers as primary, and names the failover", async () => {
      await prepare();

      const result = await bench.planned({}, { surface: "terminal" });

      expect(result).toMatchObject({ kind: "refused", problems: [{ code: "dolt_primary_answers" }] });
      expect(result.kind === "refused" && result.problems[0]?.next).toContain("npx handover dolt failover shop/target");
    });

    it("is refused when only Handover is cut off from a primary that lives", async () => {
      const [old] = await prepare();

      const refusals = await bench.refusals({}, { dolt: await bench.cutOffFrom(old) });

      expect(refusals).toEqual(["dolt_primary_lives"]);
    });

    it.each([1, 2, 3, 4])("is finished by another process that takes it up after %i steps", async (done) => {
      const [old, candidate, other] = await prepare();
      await bench.end(old);
      const plan = await bench.plan();
      const first = bench.begin(plan);
      for (const step of first.steps.slice(0, done)) await step.act(AbortSignal.timeout(30_000));
      await first.close();

      const { state, outcome } = await bench.run(plan, {}, true);

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      const { role, epoch } = await bench.at.identity(candidate);
      expect(role).toBe("primary");
      expect(await bench.at.routed()).toEqual([candidate]);
      await bench.at.untilIs(other, { role: "standby", epoch });
    });

    it("goes on when the primary came and went without a write, as one that crash-loops does", async () => {
      const [old, candidate] = await prepare();
      await bench.end(old);
      const plan = await bench.plan();
      await comeAndGo(old, candidate);

      const { state, outcome } = await bench.run(plan);

      expect({ state, problems: outcome.problems }).toEqual({ state: "succeeded", problems: [] });
      expect(await bench.at.routed()).toEqual([candidate]);
    });

    it("changes nothing when the primary came, took a write and went", async () => {
      const [old, candidate] = await prepare();
      await bench.end(old);
      const plan = await bench.plan();
      await comeAndGo(old, candidate, async () => {
        await bench.at.write(old, 2);
        await bench.untilHolds(candidate, [2]);
      });

      const { state, outcome } = await bench.run(plan);

      expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
        state: "failed",
        codes: ["dolt_out_of_bounds"],
      });
      expect(await bench.at.routed()).toEqual([old]);
    });

    /** The primary is back, reaches this standby, does what is said, and ends again. */
    async function comeAndGo(old: string, standby: string, meanwhile: () => Promise<void> = async () => undefined) {
      await bench.at.target.faults.heal();
      await bench.at.untilIs(old, { role: "primary", readOnly: false });
      const before = await lastContact(standby);
      await meanwhile();
      await bench.at.until(`${standby} was reached`, async () => (await lastContact(standby)) > before);
      await bench.end(old);
    }

    async function lastContact(pod: string): Promise<number> {
      const options = { deadlineMs: 5_000, signal: AbortSignal.timeout(10_000) };
      const address = { ...(await bench.at.target.address(pod)), ...(await bench.at.credentials()) };
      const session = await bench.at.dolt.connect(address, options);
      try {
        return Math.max(...(await session.replication(options)).map(({ lastUpdateMs }) => lastUpdateMs ?? 0));
      } finally {
        session.close();
      }
    }

    it("changes nothing when the primary is back before it begins", async () => {
      const [old] = await prepare();
      await bench.end(old);
      const plan = await bench.plan();
      await bench.at.target.faults.heal();
      await bench.at.untilIs(old, { role: "primary", readOnly: false });

      const { state, outcome } = await bench.run(plan);

      expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
        state: "failed",
        codes: ["dolt_primary_answers"],
      });
      expect(await bench.at.identity(old)).toMatchObject({ role: "primary", epoch: 1 });
      expect(await bench.at.routed()).toEqual([old]);
    });

    it("gives the label back when the primary returns after it was taken", async () => {
      const [old] = await prepare();
      await bench.end(old);
      const plan = await bench.plan();
      let isBack = false;
      const workloads = interceptedWorkloads(bench.at.workloads, {
        async afterLabel(pod, value) {
          if (isBack || pod.name !== old || value !== "standby") return;
          isBack = true;
          await bench.at.target.faults.heal();
          await bench.at.untilIs(old, { role: "primary", readOnly: false });
        },
      });

      const { state, outcome } = await bench.run(plan, { workloads });

      expect({ state, codes: outcome.problems.map(({ code }) => code) }).toEqual({
        state: "failed",
        codes: ["dolt_promotion_undone", "dolt_primary_answers"],
      });
      expect(await bench.at.routed()).toEqual([old]);
    });

    it("gives the label back when the candidate dies before it was promoted", async () => {
      const [old, candidate] = await prepare();
      await bench.end(old);
      const plan = await bench.plan();
      const workloads = interceptedWorkloads(bench.at.workloads, {
        async afterLabel(pod, value) {
          if (pod.name === old && value === "standby") await bench.at.target.faults.crashLoop(candidate, true);
        },
      });

      const { state, outcome } = await bench.run(plan, { workloads, clock: hastyClock });

      expect({ state, code: outcome.problems[0]?.code }).toEqual({ state: "failed", code: "dolt_promotion_undone" });
      expect(await bench.at.routed()).toEqual([old]);
    });

    it("labels nobody when the promotion's answer is lost, and another one is promoted above it", async () => {
      const [old, frozen, other] = await prepare();
      await bench.end(old);
      const plan = await bench.plan({ to: frozen });
      const frozenHost = (await bench.at.target.address(frozen)).host;
      const dolt = new InterceptedServers(bench.at.dolt, {
        async beforeRole(host, role) {
          if (host === frozenHost && role === "primary") await bench.at.target.faults.freeze(frozen);
        },
      });
      const run = bench.begin(plan, { dolt, clock: hastyClock });
      const failure = await failureOf(run);
      const undone = await run.undo(failure, AbortSignal.timeout(3_000));
      await run.close();

      expect(undone.kind).toBe("unknown");
      expect(await bench.at.routed()).toEqual([]);

      const { epoch: before } = await bench.at.identity(other);
      const again = await bench.run(await bench.plan());
      expect(again.state).toBe("succeeded");
      const { role, epoch } = await bench.at.identity(other);
      expect(role).toBe("primary");
      // Above the one that may wait in the frozen server, which was sent at one more than was seen before it.
      expect(epoch).toBeGreaterThan(before + 1);

      await bench.at.target.faults.thaw(frozen);
      await bench.at.untilIs(frozen, { role: "standby", epoch });
      expect(await bench.at.identity(other)).toMatchObject({ role: "primary", epoch, readOnly: false });
      expect(await bench.at.routed()).toEqual([other]);
    });
  });
}

/** What it would wait for in 20 s is over in one. */
const hastyClock: Clock = { ...systemClock, monotonicMs: () => performance.now() * 20 };

async function failureOf({ steps }: OperationRun): Promise<Problem> {
  try {
    for (const step of steps) await step.act(AbortSignal.timeout(60_000));
  } catch (error) {
    return problemOf(error, "a promotion");
  }
  throw new Error("a step was expected to fail");
}
