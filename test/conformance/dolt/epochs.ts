import { describe, expect, it } from "vitest";
import { execute, failureOf, open, query, rowsOf, standings, untilRow, untilStandings } from "./client.ts";
import type { DoltNodeUnderTest, StartDoltCluster } from "./cluster-under-test.ts";
import { startWithApp } from "./start.ts";

const refusal = async (node: DoltNodeUnderTest, call: string) => {
  const { errno, message } = await failureOf(query(node, `CALL ${call}`));
  return `${errno} ${message}`;
};

export function epochs(start: StartDoltCluster): void {
  describe("epochs", () => {
    it("refuses the role procedures at a lower epoch, and at the same one with another role", async () => {
      const { a, b, nodes } = await startWithApp(start);

      expect(await refusal(a, "dolt_cluster_transition_to_standby(1, 1)")).toBe(
        "1105 error assuming role 'standby' at epoch 1; already at epoch 1 with different role, 'primary'",
      );
      expect(await refusal(a, "dolt_cluster_transition_to_standby(0, 1)")).toBe(
        "1105 error assuming role 'standby' at epoch 0; already at epoch 1",
      );
      expect(await refusal(b, "dolt_assume_cluster_role('primary', 1)")).toBe(
        "1105 error assuming role 'primary' at epoch 1; already at epoch 1 with different role, 'standby'",
      );
      expect(await refusal(b, "dolt_assume_cluster_role('primary', 0)")).toBe(
        "1105 error assuming role 'primary' at epoch 0; already at epoch 1",
      );
      expect(await standings(nodes)).toEqual(["primary 1", "standby 1", "standby 1"]);
    });

    it("takes the same role at the same epoch as nothing to do, and leaves connections alone", async () => {
      const { a, b } = await startWithApp(start);
      for (const [node, role] of [
        [a, "primary"],
        [b, "standby"],
      ] as const) {
        const connection = await open(node);
        expect(await rowsOf(connection, `CALL dolt_assume_cluster_role('${role}', 1)`)).toEqual([{ status: 0 }]);
        expect(await rowsOf(connection, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
        connection.destroy();
      }
    });

    it("raises the epoch of a primary and its standbys follow, over many epochs", async () => {
      const { a, nodes } = await startWithApp(start);
      const connection = await open(a);
      await connection.query("CALL dolt_assume_cluster_role('primary', 4)");
      await untilStandings(nodes, ["primary 4", "standby 4", "standby 4"]);

      await connection.query("CALL dolt_assume_cluster_role('primary', 50)");

      await untilStandings(nodes, ["primary 50", "standby 50", "standby 50"]);
      expect(await rowsOf(connection, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
      connection.destroy();
    });

    it("raises a standby's epoch as a fence against lower promotions, and not against replication", async () => {
      const { a, b } = await startWithApp(start);

      expect(await query(b, "CALL dolt_assume_cluster_role('standby', 9)")).toEqual([{ status: 0 }]);

      expect(await refusal(b, "dolt_assume_cluster_role('primary', 5)")).toBe(
        "1105 error assuming role 'primary' at epoch 5; already at epoch 9",
      );
      await execute(a, "app", "INSERT INTO t VALUES (1, 'from a primary at a lower epoch')");
      await untilRow(b, 1);
      expect(await standings([a, b])).toEqual(["primary 1", "standby 9"]);
    });

    it("knows two roles to ask for", async () => {
      const { b } = await startWithApp(start);

      expect(await refusal(b, "dolt_assume_cluster_role('leader', 2)")).toBe(
        "1105 error assuming role 'leader'; valid roles are 'primary' and 'standby'",
      );
      expect(await refusal(b, "dolt_assume_cluster_role('detected_broken_config', 2)")).toBe(
        "1105 cannot set role to detected_broken_config; valid values are 'primary' and 'standby'",
      );
      expect(await refusal(b, "dolt_assume_cluster_role('primary')")).toBe(
        "1105 `dolt_assume_cluster_role` expected `2` parameters but got `1`",
      );
    });

    it("refuses the demotion procedure on a standby, and the epoch does not move", async () => {
      const { b } = await startWithApp(start);

      expect(await refusal(b, "dolt_cluster_transition_to_standby(2, 1)")).toBe(
        "1105 database server is set to read only mode",
      );
      expect(await standings([b])).toEqual(["standby 1"]);
    });
  });
}
