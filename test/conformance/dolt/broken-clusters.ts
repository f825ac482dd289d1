import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { execute, failureOf, open, query, standings, untilCaughtUp, untilRow, untilStandings } from "./client.ts";
import type { StartDoltCluster } from "./cluster-under-test.ts";
import { eventually } from "./eventually.ts";
import { startThree, startWithApp } from "./start.ts";

export function brokenClusters(start: StartDoltCluster): void {
  describe("two primaries", () => {
    it("at the same epoch are both detected_broken_config, read-only, until one is promoted at a higher epoch", async () => {
      const { a, b, nodes } = await startThree(start, [
        { role: "primary", epoch: 1 },
        { role: "primary", epoch: 1 },
        { role: "standby", epoch: 1 },
      ]);
      // They meet over users and branch control, without any database.
      await untilStandings([a, b], ["detected_broken_config 1", "detected_broken_config 1"]);

      expect((await failureOf(query(a, "CREATE DATABASE app"))).message).toBe(
        "database server is set to read only mode",
      );
      expect((await failureOf(query(a, "CALL dolt_cluster_transition_to_standby(2, 1)"))).message).toBe(
        "database server is set to read only mode",
      );
      expect((await failureOf(query(a, "CALL dolt_assume_cluster_role('primary', 1)"))).message).toBe(
        "error assuming role 'primary' at epoch 1; already at epoch 1 with different role, 'detected_broken_config'",
      );

      await query(a, "CALL dolt_assume_cluster_role('primary', 2)");

      await untilStandings(nodes, ["primary 2", "standby 2", "standby 2"]);
      await execute(a, undefined, "CREATE DATABASE app");
    });

    it("at different epochs: the higher wins at first contact, and what the lower wrote meanwhile is gone", async () => {
      const { a, b, c, cluster, nodes } = await startWithApp(start);
      await cluster.partition(a, b);
      await cluster.partition(a, c);
      await query(b, "CALL dolt_assume_cluster_role('primary', 2)");
      await execute(a, "app", "INSERT INTO t VALUES (1, 'acknowledged by the old primary')");
      await execute(b, "app", "INSERT INTO t VALUES (2, 'acknowledged by the new primary')");

      await cluster.heal();

      await untilStandings(nodes, ["standby 2", "primary 2", "standby 2"]);
      await untilRow(a, 2);
      expect(await query(a, "SELECT id FROM app.t")).toEqual([{ id: 2 }]);
    });

    it("lets an old primary that still reaches a standby overwrite what a newer primary acknowledged", async () => {
      const { a, b, c, cluster } = await startWithApp(start);
      await cluster.partition(a, b);
      await query(b, "CALL dolt_assume_cluster_role('primary', 2)");
      await execute(b, "app", "INSERT INTO t VALUES (2, 'acknowledged by the new primary')");
      await untilRow(c, 2);

      await execute(a, "app", "INSERT INTO t VALUES (1, 'from the old primary')");

      await untilRow(c, 1);
      expect(await query(c, "SELECT id FROM app.t")).toEqual([{ id: 1 }]);
      expect(await standings([a, b])).toEqual(["primary 1", "primary 2"]);
    });
  });

  describe("a frozen server", () => {
    it("takes a promotion that was queued in it when it goes on, and yields to the newer primary", async () => {
      const { a, b, nodes } = await startWithApp(start);
      await query(a, "CALL dolt_cluster_transition_to_standby(2, 0)");
      const queued = await open(b);
      b.freeze();
      // Whether it is carried out at epoch 2, or comes too late, is decided by who is heard first.
      const promotion = queued.query("CALL dolt_assume_cluster_role('primary', 2)").then(
        () => "status 0",
        (error: unknown) => String(error),
      );
      await query(a, "CALL dolt_assume_cluster_role('primary', 3)");

      b.thaw();

      await untilStandings(nodes, ["primary 3", "standby 3", "standby 3"]);
      expect(await promotion).toMatch(
        /^status 0$|already at epoch 3|The server closed the connection|context canceled/,
      );
      queued.destroy();
    });
  });

  describe("a backup", () => {
    it("is taken on a read-only node and restored on the primary, with what was never committed to a branch", async () => {
      const { a, b } = await startWithApp(start);
      const folder = await mkdtemp(join(tmpdir(), "handover-backup-"));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      await execute(a, "app", "INSERT INTO t VALUES (1, 'kept')");
      await untilRow(b, 1);

      await execute(b, "app", `CALL dolt_backup('sync-url', 'file://${folder}')`);
      await execute(
        a,
        "app",
        "DELETE FROM t WHERE id = 1",
        `CALL dolt_backup('restore', 'file://${folder}', 'app_kept')`,
      );

      expect(await query(a, "SELECT v FROM app_kept.t")).toEqual([{ v: "kept" }]);
    });
  });

  describe("an empty volume", () => {
    it("makes a primary an empty one, whose users and databases go over those of its standbys", async () => {
      const { a, b, c } = await startWithApp(start);
      await execute(a, undefined, "CREATE USER kept@'%' IDENTIFIED BY 'secret'");
      await execute(a, "app", "INSERT INTO t VALUES (1, 'only copy')");
      await untilCaughtUp(a, [b, c]);
      await a.kill();
      await a.erase();

      await a.start();

      const usersOf = () => query(b, "SELECT User FROM mysql.user WHERE User = 'kept'");
      await eventually("the user is gone from the standby", usersOf, (rows) => rows.length === 0);
      await execute(a, undefined, "CREATE DATABASE IF NOT EXISTS app");
      await eventually(
        "the standby's app is empty",
        () => query(b, "SHOW TABLES FROM app"),
        (rows) => rows.length === 0,
      );
    });
  });
}
