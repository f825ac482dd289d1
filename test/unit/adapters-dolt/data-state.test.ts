import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  quoted,
  type Read,
  readDatabases,
  readDataState,
  readPrivileges,
} from "../../../src/adapters/dolt/data-state.ts";

type Table = readonly Record<string, unknown>[];

/** A server whose tables are given by the statement that reads them; a table that is not given is empty. */
function server(tables: Readonly<Record<string, Table>>): {
  read: Read;
  used: string[];
  use: (database: string) => Promise<void>;
} {
  const used: string[] = [];
  const read: Read = async (sql, row) => {
    const rows = Object.entries(tables).find(([part]) => sql.includes(part))?.[1] ?? [];
    return z.array(row).parse(rows);
  };
  return { read, used, use: async (database) => void used.push(database) };
}

const databases: Table = ["mysql", "app", "dolt_cluster", "information_schema", "app/side"].map((Database) => ({
  Database,
}));
const roots: Table = [{ working: "w", staged: "s" }];

describe("what two Dolt servers are compared by", () => {
  it("leaves out the databases that a server makes itself, and branches listed as databases", async () => {
    expect(await readDatabases(server({ "SHOW DATABASES": databases }).read)).toEqual(["app"]);
  });

  it("is equal whatever the order of rows, and whatever the server's own local user is", async () => {
    const root = { User: "root", Host: "%" };
    const app = { User: "app", Host: "%" };
    const local = (password: string) => ({
      User: "__dolt_local_user__",
      Host: "localhost",
      authentication_string: password,
    });
    const one = await readPrivileges(server({ "mysql.user": [root, app, local("a")] }).read);
    const other = await readPrivileges(server({ "mysql.user": [local("b"), app, root] }).read);
    expect(one).toEqual(other);
    expect(await readPrivileges(server({ "mysql.user": [root, local("a")] }).read)).not.toEqual(one);
  });

  it("holds no password hash", async () => {
    const { users } = await readPrivileges(
      server({ "mysql.user": [{ User: "root", authentication_string: "*14E65567" }] }).read,
    );
    expect(users).toMatch(/^[0-9a-f]{64}$/);
  });

  it("looks into every branch, each as the session's current one", async () => {
    const branches: Table = [
      { name: "main", hash: "h1", dirty: 0 },
      { name: "feature/a.b", hash: "h2", dirty: 1 },
    ];
    const { read, use, used } = server({ "SHOW DATABASES": databases, dolt_branches: branches, dolt_hashof_db: roots });
    await readDataState(read, use);
    expect(used).toEqual(["app/main", "app/feature/a.b"]);
  });

  it.each<[string, Record<string, Table>]>([
    ["a head", { dolt_branches: [{ name: "main", hash: "other", dirty: 0 }] }],
    ["uncommitted rows", { dolt_hashof_db: [{ working: "other", staged: "s" }] }],
    ["staged rows", { dolt_hashof_db: [{ working: "w", staged: "other" }] }],
    ["a tag", { dolt_tags: [{ tag_name: "v1", tag_hash: "h1" }] }],
    ["a database", { "SHOW DATABASES": [{ Database: "app" }, { Database: "more" }] }],
    ["a grant", { "mysql.db": [{ User: "app", Db: "app" }] }],
    ["branch control", { dolt_branch_control: [{ branch: "main", permissions: "admin" }] }],
  ])("tells %s apart", async (_, different) => {
    const common = {
      "SHOW DATABASES": databases,
      dolt_branches: [{ name: "main", hash: "h1", dirty: 0 }],
      dolt_hashof_db: roots,
    };
    const stateOf = ({ read, use }: ReturnType<typeof server>) => readDataState(read, use);
    expect(await stateOf(server({ ...common, ...different }))).not.toEqual(await stateOf(server(common)));
  });
});

describe("an identifier", () => {
  it("is quoted whole, whatever it holds", () => {
    expect(quoted("app/feature`x.y")).toBe("`app/feature``x.y`");
  });
});
