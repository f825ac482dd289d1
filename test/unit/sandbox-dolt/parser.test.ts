import { describe, expect, it } from "vitest";
import { parseStatement } from "../../../sandbox/dolt/sql/parser.ts";

describe("the simulated server's SQL", () => {
  it.each([
    "SELECT 1",
    "select @@GLOBAL.dolt_cluster_role as role, dolt_version() version;",
    "SELECT * FROM dolt_cluster.dolt_cluster_status WHERE `database` = 'app' ORDER BY standby_remote DESC LIMIT 3",
    "SELECT id FROM t WHERE NOT (id < 3 AND v IS NOT NULL) OR id NOT IN (4, 5) -- why",
    "INSERT INTO `app/side`.t (id, v) VALUES (1, 'it''s'), (?, NULL) ON DUPLICATE KEY UPDATE v = VALUES(v)",
    "CALL dolt_assume_cluster_role('primary', 4)",
    "CREATE USER IF NOT EXISTS bob@'%' IDENTIFIED BY 'x'",
    "GRANT ALL PRIVILEGES ON *.* TO 'bob'@'%' WITH GRANT OPTION",
    "CREATE TABLE IF NOT EXISTS t (id BIGINT NOT NULL, v VARCHAR(20), PRIMARY KEY (id))",
    "SET @@session.autocommit = ON, GLOBAL read_only = 1",
    "USE app/side",
    "KILL CONNECTION 7",
  ])("reads %s", (sql) => {
    expect(() => parseStatement(sql)).not.toThrow();
  });

  it.each([
    ["SELEKT 1", "syntax error at position 7 near 'SELEKT'"],
    ["SELECT 1 FROM", "syntax error at position 14 near 'FROM'"],
    ["ALTER TABLE t ADD x INT", "syntax error at position 6 near 'ALTER'"],
    ["SELECT 1; SELECT 2", "syntax error at position 17 near 'SELECT'"],
    ["SELECT * FROM a JOIN b", "syntax error at position 21 near 'JOIN'"],
    ["GRANT SELECT ON app.* TO bob", "syntax error at position 13 near 'SELECT'"],
    ["SELECT 'open", "syntax error at position 13 near 'open'"],
    ["LOCK TABLES t WRITE", "syntax error at position 5 near 'LOCK'"],
  ])("refuses %s", (sql, message) => {
    expect(() => parseStatement(sql)).toThrow(message);
  });

  it("counts placeholders, and knows one in a text from a real one", () => {
    expect(parseStatement("SELECT '?' FROM t WHERE id IN (?, ?)").parameterCount).toBe(2);
  });
});
