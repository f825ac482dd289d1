import { describe, expect, it } from "vitest";
import { execute, query, untilStandings } from "./client.ts";
import type { StartDoltCluster } from "./cluster-under-test.ts";
import { eventually } from "./eventually.ts";
import { startThree } from "./start.ts";

/** What a server's configuration means to those that replicate to it. */
export function namedRemotes(start: StartDoltCluster): void {
  describe("a server that a standby's configuration does not name", () => {
    it("cannot replicate to it, though its role is heard", async () => {
      const { a, b, c, nodes } = await startThree(start, [
        { role: "primary", epoch: 3 },
        { role: "standby", epoch: 1 },
        { role: "standby", epoch: 1, remotes: [1] },
      ]);
      await execute(a, undefined, "CREATE DATABASE app");

      const status = `SELECT current_error AS error FROM dolt_cluster.dolt_cluster_status WHERE standby_remote = '${c.name}'`;
      await eventually(
        `${a.name} is refused by ${c.name}`,
        () => query(a, status),
        (rows) => String(rows[0]?.error).includes("rpc error: code = Unauthenticated desc = unauthenticated"),
      );
      await eventually(
        `${b.name} has it`,
        () => query(b, "SHOW DATABASES"),
        (rows) => rows.some((row) => row.Database === "app"),
      );
      await untilStandings(nodes, ["primary 3", "standby 3", "standby 3"]);
      const databases = (await query(c, "SHOW DATABASES")).map((row) => row.Database);
      expect(databases).not.toContain("app");
    });
  });
}
