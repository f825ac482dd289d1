import type { Expression } from "../sql/ast.ts";
import { type ResultSet, SqlError, type SqlValue } from "../sql/values.ts";
import { evaluate, likePattern, type Scope } from "./expression.ts";
import type { Session } from "./session.ts";

/** The version of MySQL that Dolt says it is. */
export const MYSQL_VERSION = "8.0.31";

/** Variables that clients set and that change nothing here. */
const ACCEPTED = new Set([
  "sql_mode",
  "time_zone",
  "character_set_client",
  "character_set_connection",
  "character_set_results",
  "collation_connection",
  "wait_timeout",
  "net_write_timeout",
  "net_read_timeout",
  "interactive_timeout",
]);

const CLUSTER_ONLY = new Set(["dolt_cluster_role", "dolt_cluster_role_epoch"]);

function known(session: Session): Record<string, SqlValue> {
  const { instance } = session;
  const standing = instance.controller?.standing;
  return {
    version: MYSQL_VERSION,
    version_comment: "Dolt",
    hostname: "localhost",
    server_uuid: instance.volume.serverUuid,
    server_id: 1,
    read_only: Number(instance.readOnly),
    super_read_only: 0,
    autocommit: Number(session.autocommit),
    max_allowed_packet: 1_073_741_824,
    dolt_cluster_ack_writes_timeout_secs: instance.ackTimeoutSecs,
    ...(standing && { dolt_cluster_role: standing.role, dolt_cluster_role_epoch: standing.epoch }),
  };
}

export function variableValue(session: Session, name: string, written: string): SqlValue {
  const value = known(session)[name];
  if (value === undefined) throw new SqlError(`Unknown system variable '${written}'`);
  return value;
}

export function showVariables(session: Session, pattern: string | undefined): ResultSet {
  const matches = pattern === undefined ? null : likePattern(pattern);
  const rows = Object.entries(known(session))
    .filter(([name]) => matches === null || matches.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]): SqlValue[] => [name, shown(name, value)]);
  return {
    columns: [
      { name: "Variable_name", type: "text" },
      { name: "Value", type: "text" },
    ],
    rows,
  };
}

const SWITCHES = new Set(["read_only", "super_read_only", "autocommit"]);

function shown(name: string, value: SqlValue): string {
  if (SWITCHES.has(name)) return value === 1 ? "ON" : "OFF";
  return String(value);
}

export function setVariable(
  session: Session,
  assignment: { readonly scope: "global" | "session" | "user"; readonly name: string; readonly value: Expression },
  scope: Omit<Scope, "column">,
): void {
  const { name } = assignment;
  const value = evaluate(assignment.value, { ...scope, column: (column) => column });
  if (CLUSTER_ONLY.has(name)) throw new SqlError(`Variable '${name}' is a read only variable`);
  if (name === "autocommit") {
    session.autocommit = ["1", "on", "true"].includes(String(value).toLowerCase());
    return;
  }
  if (name === "dolt_cluster_ack_writes_timeout_secs") {
    session.instance.setAckTimeout(Number(value));
    return;
  }
  // Accepted by Dolt too, and without effect on other sessions: nothing but the role fences.
  if (name === "read_only" || name === "super_read_only" || name === "offline_mode" || ACCEPTED.has(name)) return;
  throw new SqlError(`Unknown system variable '${name}'`);
}
