import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { execute, open, query, untilCaughtUp, untilRow, untilStandings, withSession } from "./client.ts";
import type { DoltNodeUnderTest, StartDoltCluster } from "./cluster-under-test.ts";
import { eventually } from "./eventually.ts";
import { startWithApp } from "./start.ts";

/** What a repair needs to know of two servers whose data went different ways, and to do about them. */
export function twoSides(start: StartDoltCluster): void {
  describe("two sides that parted", () => {
    it("tell their commits, tables and changed rows, broken or not; rows that say the same have the same digest", async () => {
      const { a, b } = await startParted(start);

      const [ours, theirs] = await Promise.all([evidenceOf(a), evidenceOf(b)]);

      const base = ours.commits.find((commit) => theirs.commits.includes(commit)) ?? "";
      expect(ours.commits.indexOf(base)).toBe(1);
      expect(theirs.commits.indexOf(base)).toBe(0);
      expect(ours.branch).toMatchObject({ name: "main", head: ours.commits[0], dirty: true });
      expect(theirs.branch).toMatchObject({ name: "main", head: base, dirty: true });
      expect(ours.branch?.working).not.toBe(theirs.branch?.working);
      expect(ours.tables.same).toBe(theirs.tables.same);
      expect(ours.tables.t).not.toBe(theirs.tables.t);
      expect(await changesSince(a, base)).toEqual([{ table: "t", added: 3, modified: 1, deleted: 0 }]);
      expect(await changesSince(b, base)).toEqual([{ table: "t", added: 2, modified: 0, deleted: 1 }]);
      const [rowsOfA, rowsOfB] = await Promise.all([changedRows(a, base, 10), changedRows(b, base, 10)]);
      // 4 is on both; 5 and 6, and the changed row 1, are on the first only.
      expect(rowsOfA?.filter((row) => !rowsOfB?.includes(row))).toHaveLength(3);
      expect(rowsOfB?.filter((row) => !rowsOfA?.includes(row))).toHaveLength(2);
      expect(await changedRows(a, base, 3)).toBeNull();
    });

    it("a saved and restored database is replicated only once it is announced, which leaves nothing behind", async () => {
      const { a, b } = await startWithApp(start);
      await execute(a, "app", "INSERT INTO t VALUES (1, 'kept')");
      await untilRow(b, 1);
      const url = `file://${await backupFolder()}/deep/down/app`;
      const controlBefore = await query(a, "SELECT * FROM app.dolt_branch_control");

      await withSession(b, (session, options) => session.backups.save("app", url, options));
      await withSession(a, (session, options) => session.backups.restore(url, "app_kept", options));
      await eventually(
        "the standby knows the name",
        () => query(b, "SHOW DATABASES"),
        (rows) => rows.some((row) => row.Database === "app_kept"),
      );
      expect(await query(b, "SHOW TABLES FROM app_kept")).toEqual([]);

      await withSession(a, (session, options) => session.backups.announce("app_kept", options));
      await eventually(
        "the standby has the row",
        () => query(b, "SELECT v FROM app_kept.t").catch(() => []),
        (rows) => rows[0]?.v === "kept",
      );
      expect(await query(a, "SELECT tag_name FROM app_kept.dolt_tags")).toEqual([]);
      expect(await query(a, "SELECT * FROM app.dolt_branch_control")).toEqual(controlBefore);
      const again = withSession(a, (session, options) => session.backups.restore(url, "app_kept", options));
      await expect(again).rejects.toMatchObject({ outcome: "refused" });
    });

    it("a database that only a standby holds stays there until it is made and dropped on the primary", async () => {
      const { a, b, c, cluster } = await startWithApp(start);
      await cluster.partition(a, b);
      await query(b, "CALL dolt_assume_cluster_role('primary', 2)");
      await execute(b, undefined, "CREATE DATABASE stray");
      await query(a, "CALL dolt_assume_cluster_role('primary', 3)");
      await cluster.heal();
      await untilStandings([a, b, c], ["primary 3", "standby 3", "standby 3"]);
      const held = async () => (await query(b, "SHOW DATABASES")).map((row) => row.Database);
      expect(await held()).toContain("stray");

      await withSession(a, (session, options) => session.backups.dropOnStandbys("stray", options));

      await eventually("it is gone", held, (names) => !names.includes("stray"));
      const refused = withSession(a, (session, options) => session.backups.dropOnStandbys("app", options));
      await expect(refused).rejects.toMatchObject({ outcome: "refused" });
      expect(await query(a, "SHOW DATABASES")).toContainEqual(expect.objectContaining({ Database: "app" }));
    });

    it("cutting a server's connections ends all but the one that asked", async () => {
      const { a } = await startWithApp(start);
      const client = await open(a, { database: "app" });

      const cut = await withSession(a, async (session, options) => {
        const count = await session.backups.cutConnections(options);
        await session.identity(options);
        return count;
      });

      expect(cut).toBeGreaterThanOrEqual(1);
      await expect(client.query("INSERT INTO t VALUES (1, 'cut')")).rejects.toThrow();
      client.destroy();
    });
  });
}

/** `a` and `b` share one commit; then `a` goes on with a commit and more, `b` with rows only, and both are broken. */
async function startParted(start: StartDoltCluster) {
  const three = await startWithApp(start);
  const { a, b, c, cluster } = three;
  await execute(
    a,
    "app",
    "CREATE TABLE same (id BIGINT PRIMARY KEY)",
    "INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three')",
    "CALL dolt_commit('-Am', 'together')",
  );
  await untilCaughtUp(a, [b, c]);
  await cluster.partition(a, b);
  await query(b, "CALL dolt_assume_cluster_role('primary', 2)");
  await query(a, "CALL dolt_assume_cluster_role('primary', 2)");
  await execute(a, "app", "INSERT INTO t VALUES (4, 'both')", "INSERT INTO t VALUES (5, 'a')");
  await execute(a, "app", "CALL dolt_commit('-Am', 'on a')");
  await execute(a, "app", "INSERT INTO t VALUES (6, 'a')", "UPDATE t SET v = 'changed' WHERE id = 1");
  await execute(b, "app", "INSERT INTO t VALUES (4, 'both')", "INSERT INTO t VALUES (7, 'b')");
  await execute(b, "app", "DELETE FROM t WHERE id = 3");
  await cluster.heal();
  await untilStandings([a, b], ["detected_broken_config 2", "detected_broken_config 2"]);
  return three;
}

function evidenceOf(node: DoltNodeUnderTest) {
  return withSession(node, async ({ evidence }, options) => ({
    branch: (await evidence.branches("app", options))[0],
    commits: await evidence.commits("app", "main", 100, options),
    tables: await evidence.tables("app", "main", options),
  }));
}

function changesSince(node: DoltNodeUnderTest, commit: string) {
  return withSession(node, ({ evidence }, options) => evidence.changesSince("app", "main", commit, options));
}

function changedRows(node: DoltNodeUnderTest, commit: string, limit: number) {
  const change = { database: "app", branch: "main", commit, table: "t" };
  return withSession(node, ({ evidence }, options) => evidence.changedRows(change, limit, options));
}

async function backupFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "handover-backup-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
