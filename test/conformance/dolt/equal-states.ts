import { describe, expect, it } from "vitest";
import { dataStateOf, execute, open, query, untilCaughtUp } from "./client.ts";
import type { DoltNodeUnderTest, StartDoltCluster } from "./cluster-under-test.ts";
import { eventually } from "./eventually.ts";
import { startWithApp } from "./start.ts";

export function equalStates(start: StartDoltCluster): void {
  describe("the state of the data", () => {
    it("is equal on caught-up nodes, and tells every kind of change apart", async () => {
      const { a, b, c, cluster } = await startWithApp(start);
      await execute(a, "app", "INSERT INTO t VALUES (1, 'committed')", "CALL dolt_commit('-Am', 'first')");
      await execute(a, "app", "CALL dolt_branch('feature/side')", "CALL dolt_tag('v1')");
      await execute(a, "app/feature/side", "INSERT INTO t VALUES (2, 'on a branch')");
      await execute(a, undefined, "CREATE USER app@'%' IDENTIFIED BY 'secret'", "GRANT ALL ON app.* TO app@'%'");
      await untilCaughtUp(a, [b, c]);

      for (const [database, sql] of CHANGES) {
        await cluster.partition(a, b);
        const before = await dataStateOf(b);
        await execute(a, database, sql);

        expect(await dataStateOf(a), sql).not.toEqual(before);
        expect(await dataStateOf(b), sql).toEqual(before);

        await cluster.heal();
        await untilCaughtUp(a, [b, c]);
      }
    });

    it("replicates a new user, who can then log in on a standby", async () => {
      const { a, b } = await startWithApp(start);
      await execute(a, undefined, "CREATE USER reader@'%' IDENTIFIED BY 'secret'", "GRANT ALL ON app.* TO reader@'%'");

      const login = async (node: DoltNodeUnderTest) => {
        const connection = await open(node, { user: "reader", password: "secret" });
        connection.destroy();
        return true;
      };

      await eventually(
        "the standby knows the user",
        () => login(b),
        (known) => known,
      );
    });

    it("replicates the dropping of a database", async () => {
      const { a, b } = await startWithApp(start);

      await execute(a, undefined, "DROP DATABASE app");

      await eventually(
        "it is gone from the standby",
        () => query(b, "SHOW DATABASES"),
        (rows) => rows.every((row) => row.Database !== "app"),
      );
    });
  });
}

/** One change of each kind that the comparison has to see: database to connect to, statement. */
const CHANGES: readonly (readonly [string | undefined, string])[] = [
  ["app", "INSERT INTO t VALUES (10, 'working set of main')"],
  ["app/feature/side", "INSERT INTO t VALUES (11, 'working set of another branch')"],
  ["app", "CALL dolt_add('-A')"],
  ["app", "CALL dolt_commit('-m', 'staged rows')"],
  ["app", "CALL dolt_branch('new')"],
  ["app", "CALL dolt_tag('v2')"],
  [undefined, "CREATE USER other@'%' IDENTIFIED BY 'secret'"],
  [undefined, "GRANT ALL ON app.* TO other@'%'"],
  ["app", "INSERT INTO dolt_branch_control VALUES ('app', 'main', 'other', '%', 'read')"],
  ["app", "DELETE FROM dolt_branch_control WHERE `user` = 'other'"],
  [undefined, "CREATE DATABASE more"],
];
