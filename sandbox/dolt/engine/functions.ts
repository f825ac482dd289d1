import { dateTimeText, SqlError, type SqlValue } from "../sql/values.ts";
import { rootHash } from "./database.ts";
import type { Session } from "./session.ts";

/** The version of Dolt whose behaviour this server copies. */
export const DOLT_VERSION = "2.2.3";

export function callFunction(session: Session, name: string, args: readonly SqlValue[]): SqlValue {
  switch (name) {
    case "dolt_version":
      return DOLT_VERSION;
    case "database":
    case "schema":
      return session.database ?? null;
    case "active_branch":
      return session.database === undefined ? null : session.current().branch;
    case "connection_id":
      return session.id;
    case "user":
    case "current_user":
      return `${session.user}@${session.host}`;
    case "now":
    case "current_timestamp":
    case "utc_timestamp": {
      const digits = Number(args[0] ?? 0);
      const text = dateTimeText(session.instance.clock.nowMs());
      return digits === 0 ? text.slice(0, 19) : text.slice(0, 20 + digits);
    }
    case "sleep":
      return 0;
    case "coalesce":
    case "ifnull":
      return args.find((value) => value !== null) ?? null;
    case "concat":
      return args.includes(null) ? null : args.join("");
    case "length":
      return args[0] === null || args[0] === undefined ? null : Buffer.byteLength(String(args[0]));
    case "dolt_hashof_db":
      return hashOfDatabase(session, args);
    case "dolt_hashof_table":
      return hashOfTable(session, args);
    default:
      throw new SqlError(`function: '${name}' not found`);
  }
}

function hashOfTable(session: Session, args: readonly SqlValue[]): string {
  const { database, branch } = session.current();
  const table = session.state(database).branches.get(branch)?.working.get(String(args[0]));
  if (table === undefined) throw new SqlError(`table not found: ${args[0]}`, 1146, "HY000");
  return table.hash;
}

function hashOfDatabase(session: Session, args: readonly SqlValue[]): string {
  const { database, branch: branchName } = session.current();
  const state = session.state(database);
  const wanted = String(args[0] ?? "WORKING");
  const branch = state.branches.get(branchName);
  if (branch === undefined) throw new SqlError(`branch not found: ${branchName}`);
  switch (wanted.toUpperCase()) {
    case "WORKING":
      return rootHash(branch.working);
    case "STAGED":
      return rootHash(branch.staged);
    case "HEAD":
      return rootHash(branch.head.root);
    default: {
      const named = state.branches.get(wanted);
      if (named === undefined) throw new SqlError(`branch not found: ${wanted}`);
      return rootHash(named.head.root);
    }
  }
}
