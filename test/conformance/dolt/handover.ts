import { describe, expect, it } from "vitest";
import {
  execute,
  failureOf,
  open,
  query,
  rowsOf,
  standings,
  untilCaughtUp,
  untilRow,
  untilStandings,
} from "./client.ts";
import type { StartDoltCluster } from "./cluster-under-test.ts";
import { eventually } from "./eventually.ts";
import { startWithApp } from "./start.ts";

const SPENT = "this server transitioned cluster roles. this connection can no longer be used. please reconnect.";

export function handover(start: StartDoltCluster): void {
  describe("a healthy handover", () => {
    it("gives one row for each database and standby, the pseudo-databases included", async () => {
      const { a, b, c, nodes } = await startWithApp(start);

      const rows = await query(a, "CALL dolt_cluster_transition_to_standby(2, 0)");

      const expected = ["app", "mysql", "dolt_branch_control"].flatMap((database) =>
        [b, c].map((standby) => ({
          caught_up: 1,
          database,
          remote: standby.name,
          // The pseudo-databases belong to no database: their URL has no path.
          remote_url: `http://${standby.replicationAddress(a)}${database === "app" ? "/app" : ""}`,
        })),
      );
      expect(rows.map((row) => ({ ...row }))).toEqual(expected);
      expect(await standings(nodes)).toEqual(["standby 2", "standby 1", "standby 1"]);
    });

    it("spends the connection that asked and cuts every other one", async () => {
      const { a } = await startWithApp(start);
      const caller = await open(a);
      const idle = await open(a);
      const cut = new Promise((resolve) => idle.on("error", resolve));

      await caller.query("CALL dolt_cluster_transition_to_standby(2, 1)");

      expect(await cut).toMatchObject({ code: "PROTOCOL_CONNECTION_LOST", fatal: true });
      expect(await failureOf(rowsOf(caller, "SELECT 1"))).toEqual({
        code: "ER_UNKNOWN_ERROR",
        errno: 1105,
        message: SPENT,
      });
      expect((await failureOf(caller.query("ROLLBACK"))).message).toBe(SPENT);
      caller.destroy();
      idle.destroy();
    });

    it("cuts a query that runs", async () => {
      const { a } = await startWithApp(start);
      const busy = await open(a);
      const running = failureOf(busy.query("SELECT sleep(60)"));
      const isSeen = (rows: Awaited<ReturnType<typeof query>>) => rows.some((row) => row.Info === "SELECT sleep(60)");
      await eventually("it runs", () => query(a, "SHOW PROCESSLIST"), isSeen);

      await query(a, "CALL dolt_cluster_transition_to_standby(2, 0)");

      expect((await running).code).toBe("PROTOCOL_CONNECTION_LOST");
      busy.destroy();
    });

    it("throws away what an open transaction has written", async () => {
      const { a, b } = await startWithApp(start);
      const writer = await open(a, { database: "app" });
      await writer.query("START TRANSACTION");
      await writer.query("INSERT INTO t VALUES (7, 'never committed')");

      await query(a, "CALL dolt_cluster_transition_to_standby(2, 0)");
      await query(b, "CALL dolt_assume_cluster_role('primary', 2)");

      expect(await query(a, "SELECT id FROM app.t")).toEqual([]);
      expect(await query(b, "SELECT id FROM app.t")).toEqual([]);
      writer.destroy();
    });

    it("lets a standby take over at the same epoch, with every row, and replicate to the old primary", async () => {
      const { a, b, c, nodes } = await startWithApp(start);
      await execute(a, "app", "INSERT INTO t VALUES (1, 'before')");

      await query(a, "CALL dolt_cluster_transition_to_standby(2, 0)");
      const promoter = await open(b);
      const promoted = await rowsOf(promoter, "CALL dolt_assume_cluster_role('primary', 2)");

      expect(promoted).toEqual([{ status: 0 }]);
      expect((await failureOf(promoter.query("SELECT 1"))).message).toBe(SPENT);
      promoter.destroy();
      await execute(b, "app", "INSERT INTO t VALUES (2, 'after')");
      await untilRow(a, 2);
      await untilRow(c, 2);
      expect(await query(b, "SELECT id, v FROM app.t ORDER BY id")).toEqual([
        { id: 1, v: "before" },
        { id: 2, v: "after" },
      ]);
      await untilStandings(nodes, ["standby 2", "primary 2", "standby 2"]);
    });

    it("keeps role and epoch over restarts, whatever the configuration says", async () => {
      const { a, b, nodes } = await startWithApp(start);
      await query(a, "CALL dolt_cluster_transition_to_standby(2, 0)");
      await query(b, "CALL dolt_assume_cluster_role('primary', 2)");
      await untilStandings(nodes, ["standby 2", "primary 2", "standby 2"]);

      for (const node of nodes) await node.kill();
      for (const node of nodes) await node.start();

      expect(await standings(nodes)).toEqual(["standby 2", "primary 2", "standby 2"]);
    });

    it("demotes by dolt_assume_cluster_role too, when all standbys are caught up", async () => {
      const { a, b, c, nodes } = await startWithApp(start);
      await untilCaughtUp(a, [b, c]);

      expect(await query(a, "CALL dolt_assume_cluster_role('standby', 2)")).toEqual([{ status: 0 }]);

      expect(await standings(nodes)).toEqual(["standby 2", "standby 1", "standby 1"]);
    });
  });
}
