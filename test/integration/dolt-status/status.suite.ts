import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle } from "../../../sandbox/handle.ts";
import { type ContradictionCode, contradictionsOf } from "../../../src/operations/dolt/contradictions.ts";
import { failoverOperation } from "../../../src/operations/dolt/failover.ts";
import { lookAtDolt } from "../../../src/operations/dolt/look.ts";
import { promoteOperation } from "../../../src/operations/dolt/promote.ts";
import { statusOperation } from "../../../src/operations/dolt/status.ts";
import type { StatusReport } from "../../../src/operations/dolt/status-report.ts";
import type { OperationContext } from "../../../src/operations/operation.ts";
import type { DoltServers } from "../../../src/ports/dolt-servers.ts";
import { FailoverBench } from "../dolt-failover/support/failover-bench.ts";
import { InterceptedServers, interceptedWorkloads } from "../dolt-failover/support/intercepted.ts";

/** What a status says of a target in every kind of trouble, and that it says so in time. */
export function statusSuite(name: string, start: () => Promise<ClusterHandle>): void {
  describe(`dolt.status on ${name}`, () => {
    let cluster: ClusterHandle;
    let bench: FailoverBench;

    const pod = (ordinal: number) => bench.pod(ordinal);

    /** A target of its own for each test that leaves it broken. */
    const use = async (target: string) => {
      await bench?.close();
      bench = await FailoverBench.start(cluster, target, { operation: promoteOperation });
    };

    const ask = async (changed: Partial<OperationContext> = {}) => {
      const result = await statusOperation.plan(bench.context(changed), {});
      if (result.kind === "refused") throw new Error("a status is never refused");
      return { ...(result.draft.details as StatusReport), text: result.draft.now.join("\n") };
    };

    const codes = async () => (await ask()).contradictions.map(({ code }) => code);

    const untilSays = (code: ContradictionCode) =>
      bench.until(`the status says ${code}`, async () => (await codes()).includes(code));

    beforeAll(async () => {
      cluster = await start();
      await use("orders");
    });

    afterEach(async () => {
      await bench.target.faults.heal();
    });

    afterAll(async () => {
      await bench?.close();
      await cluster?.close();
    });

    it("shows every node, and warns that the first pod would come back from an empty volume as primary", async () => {
      await bench.write(pod(0), 1);
      await bench.until("both standbys caught up", async () =>
        (await codes()).every((code) => code === "bootstrap_primary"),
      );

      const { nodes, contradictions, text } = await ask();

      expect(contradictions).toMatchObject([{ code: "bootstrap_primary", mendedBy: "failover", pods: [pod(0)] }]);
      expect(nodes.map(({ label, ready, server }) => ({ label, ready, ...server }))).toMatchObject([
        { label: "primary", ready: true, role: "primary", epoch: 1, readOnly: false, version: "2.2.3" },
        { label: "standby", ready: true, role: "standby", epoch: 1, readOnly: true },
        { label: "standby", ready: true, role: "standby", epoch: 1, readOnly: true },
      ]);
      expect(nodes[1]?.replication).toMatchObject([{ database: "app", remote: pod(1), error: null }]);
      expect(nodes[1]?.heardOfPrimaryMs).toBeLessThan(30_000);
      expect(text).toContain(`${pod(0)} is primary at epoch 1, 2 of 2 others are standby. 1 contradiction:`);
      expect(text).toContain(
        `${pod(1)}: standby at epoch 1 · label standby · Ready · read-only · Dolt 2.2.3 · heard of its primary`,
      );
    });

    it("names a label that its server does not deserve, and the line that mends it where it is read", async () => {
      await bench.label(pod(1), "primary");

      const inSlack = await ask({ surface: "slack" });
      const onTerminal = await ask({ surface: "terminal" });

      expect(inSlack.contradictions).toContainEqual(
        expect.objectContaining({ code: "label_differs", mendedBy: "relabel", pods: [pod(1)] }),
      );
      expect(inSlack.text).toContain("/dolt relabel orders");
      expect(onTerminal.text).toContain("npx handover dolt relabel shop/orders");
      expect(onTerminal.text).not.toContain("/dolt relabel orders");
      await bench.label(pod(1), "standby");
    });

    it("answers within 2 s though a server is frozen, and says what the others say", async () => {
      await bench.target.faults.freeze(pod(2));
      const patience = AbortSignal.timeout(2_000);

      const { nodes, contradictions, text } = await ask({ signal: patience });

      expect(patience.aborted).toBe(false);
      expect(nodes.map(({ server }) => server?.role ?? null)).toEqual(["primary", "standby", null]);
      expect(contradictions[0]).toMatchObject({ code: "silent", pods: [pod(2)], forbids: "planned" });
      expect(text).toContain(`${pod(2)}: does not answer (no answer within `);
    });

    it("answers though every server is frozen", async () => {
      for (const name of bench.target.pods) await bench.target.faults.freeze(name);
      const patience = AbortSignal.timeout(2_000);

      const { nodes, contradictions } = await ask({ signal: patience });

      expect(patience.aborted).toBe(false);
      expect(nodes.map(({ server }) => server)).toEqual([null, null, null]);
      expect(contradictions.map(({ code }) => code)).toContain("no_primary");
    });

    it("tells a crash-looping server from a silent one", async () => {
      await bench.target.faults.crashLoop(pod(2), true);
      await bench.until("it alone is stopped, and none is silent", async () => {
        const { contradictions } = await ask();
        const silences = contradictions.filter(({ code }) => code === "stopped" || code === "silent");
        return (
          JSON.stringify(silences.map(({ code, pods }) => [code, pods])) === JSON.stringify([["stopped", [pod(2)]]])
        );
      });
    });

    it("says login of wrong credentials, for every server", async () => {
      const workloads: OperationContext["workloads"] = {
        ...interceptedWorkloads(bench.workloads, {}),
        credentials: async (...args) => ({ ...(await bench.workloads.credentials(...args)), password: "wrong" }),
      };
      await bench.untilIs(pod(2), { role: "standby" });

      const { contradictions } = await ask({ workloads });

      expect(contradictions.filter(({ code }) => code === "login_refused").map(({ pods }) => pods)).toEqual([
        [pod(0)],
        [pod(1)],
        [pod(2)],
      ]);
    });

    it("sees users that a standby does not have yet, and a database and its branch that it lacks", async () => {
      await bench.target.faults.partition(pod(0), pod(1));
      await bench.sql(pod(0), "CREATE USER later@'%' IDENTIFIED BY 'x'");
      await bench.sql(pod(0), "CREATE DATABASE later");

      await untilSays("users_behind");
      await untilSays("standby_lacks");

      const { contradictions } = await ask();
      expect(contradictions.filter(({ code }) => code === "users_behind").map(({ pods }) => pods)).toEqual([[pod(1)]]);
      await bench.target.faults.heal();
      await bench.until("the standby has caught up", async () => {
        const found = await codes();
        return !found.includes("users_behind") && !found.includes("standby_lacks");
      });
    });

    it("sees an ack time-out that one server alone has", async () => {
      await bench.sql(pod(0), "SET GLOBAL dolt_cluster_ack_writes_timeout_secs = 2");

      expect(await codes()).toContain("ack_timeout_differs");
      await bench.sql(pod(0), "SET GLOBAL dolt_cluster_ack_writes_timeout_secs = 0");
    });

    it.each([
      [
        "passes over what the standbys held in one of two looks only, as when branches come and go",
        ["going", "coming"],
        false,
      ],
      ["calls what they held in both", ["going", "going"], true],
    ])("%s", async (_, branches, isCalled) => {
      const servers = new InterceptedServers(bench.dolt, {});
      const asked = new Map<string, number>();
      const dolt: DoltServers = {
        async connect(address, options) {
          const session = await servers.connect(address, options);
          const look = asked.get(address.host) ?? 0;
          asked.set(address.host, look + 1);
          return {
            ...session,
            async details(call) {
              const details = await session.details(call);
              const { role } = await session.identity(call);
              const more = role === "standby" ? branches.slice(look, look + 1) : [];
              return { ...details, branches: { app: [...(details.branches.app ?? []), ...more] } };
            },
          };
        },
      };

      const contradictions = contradictionsOf(await lookAtDolt(bench.context({ dolt })));

      expect(contradictions.some(({ code }) => code === "primary_lacks")).toBe(isCalled);
      expect(contradictions.map(({ code }) => code)).not.toContain("standby_holds_more");
    });

    it("sees two primaries while they are apart, and a broken configuration once they have met", async () => {
      await use("apart");
      await bench.target.faults.partition(pod(0), pod(1));
      await bench.target.faults.partition(pod(0), pod(2));
      await bench.sql(pod(0), "CALL dolt_assume_cluster_role('primary', 5)");
      await bench.sql(pod(1), "CALL dolt_assume_cluster_role('primary', 5)");

      const apart = await ask();
      await bench.target.faults.heal();
      await untilSays("broken_config");
      const met = await ask();

      expect(apart.contradictions).toContainEqual(
        expect.objectContaining({ code: "two_primaries", mendedBy: "repair", pods: [pod(0), pod(1)] }),
      );
      expect(apart.text).toContain("No single primary answers");
      expect(met.contradictions).toContainEqual(
        expect.objectContaining({ code: "broken_config", mendedBy: "repair", forbids: "planned" }),
      );
    });

    it("sees a primary that came back with an empty volume, forbids everything, and what it tells to type mends it", async () => {
      await use("emptied");
      await bench.write(pod(0), 7);
      await bench.until("a standby holds the row", async () =>
        (await bench.ids(pod(1)).catch((): number[] => [])).includes(7),
      );
      await bench.target.faults.emptyVolume(pod(0));
      await bench.untilIs(pod(0), { role: "primary", epoch: 1 });

      const { contradictions, text } = await ask();
      const failover = await failoverOperation.plan(bench.context(), {});

      expect(contradictions[0]).toMatchObject({ code: "primary_lacks", forbids: "everything", pods: [pod(0)] });
      expect(text).toContain("database app");
      expect(text).toContain(`kubectl label pod -n shop ${pod(0)} dolthub.com/cluster_role-`);
      expect(failover).toMatchObject({ kind: "refused" });
      const problems = failover.kind === "refused" ? failover.problems : [];
      expect(problems.map(({ code }) => code)).toContain("dolt_primary_lacks");
      expect(problems.find(({ code }) => code === "dolt_primary_lacks")?.next).toContain("before a client connects");

      // Its server is ended, as by an image that does not exist; a standby is promoted; then it may start again.
      await bench.target.faults.crashLoop(pod(0), true);
      await untilSays("stopped");
      await untilSays("no_primary");
      const { outcome } = await bench.run(await bench.plan({ acceptLoss: true, to: pod(1) }));
      await bench.target.faults.crashLoop(pod(0), false);
      expect(outcome.problems).toEqual([]);
      await bench.until("it follows, and holds the row again", async () => {
        const role = await bench.identity(pod(0)).then(
          (identity) => identity.role,
          () => null,
        );
        return role === "standby" && (await bench.ids(pod(0)).catch((): number[] => [])).includes(7);
      });
    });
  });
}
