import { type Column, type SqlValue, secondsText } from "../sql/values.ts";
import type { Accounts } from "./accounts.ts";
import type { Source } from "./select.ts";

const USER_PRIVILEGES = [
  "Select_priv",
  "Insert_priv",
  "Update_priv",
  "Delete_priv",
  "Create_priv",
  "Drop_priv",
  "Reload_priv",
  "Shutdown_priv",
  "Process_priv",
  "File_priv",
  "Grant_priv",
  "References_priv",
  "Index_priv",
  "Alter_priv",
  "Show_db_priv",
  "Super_priv",
  "Create_tmp_table_priv",
  "Lock_tables_priv",
  "Execute_priv",
  "Repl_slave_priv",
  "Repl_client_priv",
  "Create_view_priv",
  "Show_view_priv",
  "Create_routine_priv",
  "Alter_routine_priv",
  "Create_user_priv",
  "Event_priv",
  "Trigger_priv",
  "Create_tablespace_priv",
];
const DATABASE_PRIVILEGES = [
  "Select_priv",
  "Insert_priv",
  "Update_priv",
  "Delete_priv",
  "Create_priv",
  "Drop_priv",
  "Grant_priv",
  "References_priv",
  "Index_priv",
  "Alter_priv",
  "Create_tmp_table_priv",
  "Lock_tables_priv",
  "Create_view_priv",
  "Show_view_priv",
  "Create_routine_priv",
  "Alter_routine_priv",
  "Execute_priv",
  "Event_priv",
  "Trigger_priv",
];

/** All tables of `mysql`, in the order of SHOW TABLES. Those that this server never fills are empty. */
export const MYSQL_TABLE_NAMES = [
  "db",
  "help_category",
  "help_keyword",
  "help_relation",
  "help_topic",
  "procs_priv",
  "role_edges",
  "slave_master_info",
  "tables_priv",
  "user",
];

/** Columns of the tables that are always empty here, in full for those that hold privileges. */
const EMPTY_TABLES: Readonly<Record<string, readonly string[]>> = {
  role_edges: ["FROM_HOST", "FROM_USER", "TO_HOST", "TO_USER", "WITH_ADMIN_OPTION"],
  tables_priv: ["Host", "Db", "User", "Table_name", "Grantor", "Timestamp", "Table_priv", "Column_priv"],
  procs_priv: ["Host", "Db", "User", "Routine_name", "Routine_type", "Grantor", "Proc_priv", "Timestamp"],
};

/** Rows of one table of `mysql`, or undefined when there is none of that name. */
export function mysqlTables(accounts: Accounts, table: string): Source | undefined {
  const { users, grants } = accounts;
  const columns = (names: readonly string[]) =>
    names.map(
      (name): Column => ({
        name,
        type: name === "password_last_changed" ? "datetime" : "text",
        table,
        schema: "mysql",
      }),
    );
  if (table === "user") {
    const rows = users.map((account): SqlValue[] => [
      account.host,
      account.user,
      ...USER_PRIVILEGES.map(() => (account.superuser ? "Y" : "N")),
      "mysql_native_password",
      account.verifier === "" ? "" : `*${account.verifier.toUpperCase()}`,
      secondsText(account.passwordChangedMs),
      account.locked ? "Y" : "N",
      "",
    ]);
    return {
      columns: columns([
        "Host",
        "User",
        ...USER_PRIVILEGES,
        "plugin",
        "authentication_string",
        "password_last_changed",
        "account_locked",
        "identity",
      ]),
      rows,
    };
  }
  if (table === "db") {
    const rows = grants.map((grant): SqlValue[] => [
      grant.host,
      grant.database,
      grant.user,
      ...DATABASE_PRIVILEGES.map((privilege) => (privilege === "Grant_priv" ? "N" : "Y")),
    ]);
    return { columns: columns(["Host", "Db", "User", ...DATABASE_PRIVILEGES]), rows };
  }
  const names = EMPTY_TABLES[table];
  return names === undefined ? undefined : { columns: columns(names), rows: [] };
}
