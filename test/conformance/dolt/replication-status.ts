import { describe, expect, it } from "vitest";
import { columnsOf, execute, open, query, rowsOf, statusOf, untilRow } from "./client.ts";
import type { StartDoltCluster } from "./cluster-under-test.ts";
import { eventually } from "./eventually.ts";
import { startThree, startWithApp } from "./start.ts";

/** Codes of the MySQL protocol. */
const TEXT = 252;
const BIGINT = 8;
const DATETIME = 12;

export function replicationStatus(start: StartDoltCluster): void {
  describe("the replication status", () => {
    it("has these columns, and no rows without a database", async () => {
      const { a } = await startThree(start);

      expect(await columnsOf(a, "SELECT * FROM dolt_cluster.dolt_cluster_status")).toEqual([
        ["database", TEXT],
        ["standby_remote", TEXT],
        ["role", TEXT],
        ["epoch", BIGINT],
        ["replication_lag_millis", BIGINT],
        ["last_update", DATETIME],
        ["current_error", TEXT],
      ]);
      expect(await query(a, "SELECT * FROM dolt_cluster.dolt_cluster_status")).toEqual([]);
    });

    it("shows a row for each standby on a primary with its lag, and on a standby no lag", async () => {
      const { a, b, c } = await startWithApp(start);

      const onPrimary = await statusOf(a, "app");
      const onStandby = await statusOf(b, "app");

      expect(onPrimary).toMatchObject({
        [b.name]: {
          role: "primary",
          epoch: 1,
          lagMs: 0,
          error: null,
          remoteUrl: `http://${b.replicationAddress(a)}/app`,
        },
        [c.name]: { role: "primary", epoch: 1, lagMs: 0, error: null },
      });
      expect(onStandby).toMatchObject({
        [a.name]: { role: "standby", epoch: 1, lagMs: null, error: null },
        [c.name]: { role: "standby", epoch: 1, lagMs: null, error: null },
      });
    });

    it("does not show a dead standby while nothing is written, then shows its lag and the error, and recovers", async () => {
      const { a, b, c } = await startWithApp(start);
      await c.kill();
      expect((await statusOf(a, "app"))[c.name]).toMatchObject({ lagMs: 0, error: null });

      await execute(a, "app", "INSERT INTO t VALUES (1, 'behind')");

      const behind = await eventually(
        "the primary tells why",
        () => statusOf(a, "app"),
        (status) => (status[c.name]?.error ?? null) !== null,
      );
      expect(behind[c.name]?.lagMs).toBeGreaterThan(0);
      await eventually(
        "the other standby is caught up",
        () => statusOf(a, "app"),
        (status) => status[b.name]?.lagMs === 0,
      );
      await c.start();
      await untilRow(c, 1);
      await eventually(
        "it is caught up",
        () => statusOf(a, "app"),
        (status) => status[c.name]?.lagMs === 0 && status[c.name]?.error === null,
      );
    });

    it("has no lag on a restarted primary until its first push to that standby", async () => {
      const { a, b, c } = await startWithApp(start);
      await c.kill();
      await a.kill();

      await a.start();

      const status = await eventually(
        "it reaches one standby and not the other",
        () => statusOf(a, "app"),
        (rows) => rows[b.name]?.lagMs === 0 && (rows[c.name]?.error ?? null) !== null,
      );
      expect(status[c.name]).toMatchObject({ lagMs: null, lastUpdateMs: null });
    });

    it("ticks last_update on a standby while its primary lives", async () => {
      const { a, b } = await startWithApp(start);
      const lastUpdate = async () => (await statusOf(b, "app"))[a.name]?.lastUpdateMs ?? 0;

      const first = await eventually("it is there", lastUpdate, (at) => at > 0);

      await eventually("it moves with nothing written", lastUpdate, (at) => at > first);
    });

    it("acknowledges a commit that its standbys do not have in time, with warning 3024", async () => {
      const { a, b, c } = await startWithApp(start);
      await execute(a, undefined, "SET GLOBAL dolt_cluster_ack_writes_timeout_secs = 1");
      const writer = await open(a, { database: "app" });
      await writer.query("INSERT INTO t VALUES (1, 'in time')");
      expect(await rowsOf(writer, "SHOW WARNINGS")).toEqual([]);
      c.freeze();

      await writer.query("INSERT INTO t VALUES (2, 'not in time')");
      const warnings = await rowsOf(writer, "SHOW WARNINGS");

      expect(warnings).toEqual([
        { Level: "Warning", Code: 3024, Message: "Timed out replication of commit to 1 out of 2 replicas." },
      ]);
      expect(await query(a, "SELECT v FROM app.t WHERE id = 2")).toEqual([{ v: "not in time" }]);
      // Each server has its own.
      expect(await query(b, "SELECT @@GLOBAL.dolt_cluster_ack_writes_timeout_secs AS secs")).toEqual([{ secs: 0 }]);
      // A silent standby is no error: nobody has said no.
      expect((await statusOf(a, "app"))[c.name]).toMatchObject({ error: null });
      c.thaw();
      await untilRow(c, 2);
      writer.destroy();
    });
  });
}
