import { describe, expect, it } from "vitest";
import { execute, failureOf, open, query, rowsOf, standings } from "./client.ts";
import type { StartDoltCluster } from "./cluster-under-test.ts";
import { startWithApp } from "./start.ts";

/** Each demotion here waits the 10 s that Dolt gives its standbys. */
export function deadStandby(start: StartDoltCluster): void {
  describe("a dead standby", () => {
    it("fails a demotion that demands it, cuts every connection, and the node is primary again at its old epoch", async () => {
      const { a, c } = await startWithApp(start);
      await c.kill();
      // Without a write the primary would not know that its standby is behind.
      await execute(a, "app", "INSERT INTO t VALUES (1, 'one standby misses this')");
      const caller = await open(a);
      const bystander = await open(a);
      const cut = new Promise((resolve) => bystander.on("error", resolve));

      const failure = await failureOf(rowsOf(caller, "CALL dolt_cluster_transition_to_standby(2, 2)"));

      expect(failure).toEqual({
        code: "ER_UNKNOWN_ERROR",
        errno: 1105,
        message:
          "cluster/controller: failed to transition from primary to standby gracefully; could not ensure 2 replicas were caught up on all 3 databases. Only caught up 1 standbys fully.",
      });
      expect(await cut).toMatchObject({ code: "PROTOCOL_CONNECTION_LOST" });
      expect(await standings([a])).toEqual(["primary 1"]);
      expect(await rowsOf(caller, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
      await execute(a, "app", "INSERT INTO t VALUES (2, 'writable again')");

      const rows = await query(a, "CALL dolt_cluster_transition_to_standby(2, 1)");

      expect(rows.filter((row) => row.database === "app").map((row) => [row.remote, row.caught_up])).toEqual([
        ["dolt-1", 1],
        ["dolt-2", 0],
      ]);
      expect(await standings([a])).toEqual(["standby 2"]);
      caller.destroy();
    });

    it("fails dolt_assume_cluster_role('standby'), which demands all; meanwhile the node is read-only", async () => {
      const { a, b, c } = await startWithApp(start);
      await c.kill();
      await execute(a, "app", "INSERT INTO t VALUES (1, 'one standby misses this')");

      const demotion = failureOf(query(a, "CALL dolt_assume_cluster_role('standby', 2)"));
      const during = await failureOf(
        untilRefused(() => execute(a, "app", "INSERT INTO t VALUES (2, 'x')", "DELETE FROM t WHERE id = 2")),
      );

      expect(during.message).toBe("Database app is read-only.");
      expect((await demotion).message).toBe(
        "cluster/controller: failed to transition from primary to standby gracefully; could not replicate databases to standby in a timely manner.",
      );
      expect(await standings([a, b])).toEqual(["primary 1", "standby 1"]);
    });
  });
}

/** Repeats until it rejects by the server's own word. */
async function untilRefused(act: () => Promise<unknown>): Promise<never> {
  for (;;) {
    try {
      await act();
    } catch (error) {
      // A connection cut by the demotion is not yet an answer.
      if (error instanceof Error && "errno" in error && error.errno === 1105) throw error;
    }
  }
}
