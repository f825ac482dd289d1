import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp, execute, failureOf, identityOf, open, query, rowsOf, withConnection } from "./client.ts";
import type { DoltClusterUnderTest, DoltNodeUnderTest, StartDoltCluster } from "./cluster-under-test.ts";
import { threeOf } from "./start.ts";

export function statements(start: StartDoltCluster): void {
  describe("statements", () => {
    let cluster: DoltClusterUnderTest;
    let primary: DoltNodeUnderTest;
    let standby: DoltNodeUnderTest;

    beforeAll(async () => {
      cluster = await start([
        { role: "primary", epoch: 1 },
        { role: "standby", epoch: 1 },
        { role: "standby", epoch: 1 },
      ]);
      const { a, b, c } = threeOf(cluster);
      primary = a;
      standby = b;
      await createApp(a, [b, c]);
    });

    afterAll(() => cluster.close());

    const refused = async (node: DoltNodeUnderTest, sql: string, database?: string) => {
      const { errno, message } = await failureOf(query(node, sql, database));
      return `${errno} ${message}`;
    };

    it("tell role, epoch, read_only and version in one answer", async () => {
      expect(await identityOf(primary)).toEqual({ role: "primary", epoch: 1, readOnly: false, version: "2.2.3" });
      expect(await identityOf(standby)).toEqual({ role: "standby", epoch: 1, readOnly: true, version: "2.2.3" });
    });

    it("refuse to write on a standby", async () => {
      const readOnlyDatabase = "1105 Database app is read-only.";
      const readOnlyServer = "1105 database server is set to read only mode";

      expect(await refused(standby, "INSERT INTO app.t VALUES (1, 'x')")).toBe(readOnlyDatabase);
      expect(await refused(standby, "UPDATE t SET v = 'x' WHERE id = 1", "app")).toBe(readOnlyDatabase);
      expect(await refused(standby, "DELETE FROM t WHERE id = 1", "app")).toBe(readOnlyDatabase);
      expect(await refused(standby, "CREATE TABLE u (id INT PRIMARY KEY)", "app")).toBe(readOnlyDatabase);
      expect(await refused(standby, "CREATE DATABASE IF NOT EXISTS app")).toBe(readOnlyServer);
      expect(await refused(standby, "CREATE USER nobody@'%' IDENTIFIED BY 'x'")).toBe(readOnlyServer);
      expect(await refused(standby, "DELETE FROM dolt_branch_control", "app")).toBe(readOnlyDatabase);
      expect(await refused(standby, "CALL dolt_branch('b')", "app")).toBe(readOnlyServer);
      expect(await refused(standby, "CALL dolt_commit('-Am', 'x')", "app")).toBe(readOnlyServer);
    });

    it("refuse what does not exist, each with its error", async () => {
      expect(await refused(primary, "SELEKT 1")).toBe("1105 syntax error at position 7 near 'SELEKT'");
      expect(await refused(primary, "SELECT * FROM missing", "app")).toBe("1146 table not found: missing");
      expect(await refused(primary, "SELECT missing FROM t", "app")).toBe(
        '1105 column "missing" could not be found in any table in scope',
      );
      expect(await refused(primary, "SELECT * FROM missing.t")).toBe("1049 database not found: missing");
      expect(await refused(primary, "SELECT @@missing")).toBe("1105 Unknown system variable '@@missing'");
      expect(await refused(primary, "CALL missing()", "app")).toBe('1105 stored procedure "missing" does not exist');
      expect(await refused(primary, "SELECT * FROM dolt_branch_control")).toBe("1105 no database selected");
      expect(await refused(primary, "SET GLOBAL dolt_cluster_role = 'standby'")).toBe(
        "1105 Variable 'dolt_cluster_role' is a read only variable",
      );
      expect(await refused(primary, "SET GLOBAL dolt_cluster_ack_writes_timeout_secs = 61")).toBe(
        "1105 Variable 'dolt_cluster_ack_writes_timeout_secs' can't be set to the value of '61'",
      );
      expect(await refused(primary, "CREATE DATABASE app")).toBe("1007 can't create database app; database exists");
    });

    it("let nobody in with a wrong password", async () => {
      expect(await failureOf(open(primary, { password: "wrong" }))).toMatchObject({
        code: "ER_ACCESS_DENIED_ERROR",
        errno: 1045,
      });
    });

    it("write, read, change and delete rows", async () => {
      await withConnection(primary, "app", async (connection) => {
        await connection.query("INSERT INTO t VALUES (101, 'a'), (102, 'b'), (103, 'c')");
        expect((await failureOf(connection.query("INSERT INTO t VALUES (101, 'again')"))).message).toBe(
          "duplicate primary key given: [101]",
        );
        await connection.query("INSERT INTO t (id, v) VALUES (101, 'aa') ON DUPLICATE KEY UPDATE v = VALUES(v)");
        await connection.query("UPDATE t SET v = 'bb' WHERE id = 102");
        await connection.query("DELETE FROM t WHERE id IN (103)");

        expect(await rowsOf(connection, "SELECT id, v FROM t WHERE id > 100 AND id < 200 ORDER BY id DESC")).toEqual([
          { id: 102, v: "bb" },
          { id: 101, v: "aa" },
        ]);
        expect(await rowsOf(connection, "SELECT count(*) AS n, max(id) AS top FROM t WHERE id IN (101, 102)")).toEqual([
          { n: 2, top: 102 },
        ]);
      });
    });

    it("run prepared, with parameters", async () => {
      await withConnection(primary, "app", async (connection) => {
        await connection.execute("INSERT INTO t VALUES (?, ?), (?, ?)", [201, "it's", 202, null]);
        const [rows] = await connection.execute("SELECT id, v FROM t WHERE id IN (?, ?) ORDER BY id", [201, 202]);
        const [roles] = await connection.execute("SELECT @@GLOBAL.dolt_cluster_role AS role");

        expect(rows).toEqual([
          { id: 201, v: "it's" },
          { id: 202, v: null },
        ]);
        expect(roles).toEqual([{ role: "primary" }]);
      });
    });

    it("keep a transaction's writes to itself until it commits", async () => {
      const writer = await open(primary, { database: "app" });
      const ids = () => query(primary, "SELECT id FROM t WHERE id IN (301, 302)", "app");
      await writer.query("START TRANSACTION");
      await writer.query("INSERT INTO t VALUES (301, 'x')");
      expect(await rowsOf(writer, "SELECT id FROM t WHERE id = 301")).toEqual([{ id: 301 }]);
      expect(await ids()).toEqual([]);
      await writer.query("ROLLBACK");
      await writer.query("SET autocommit = 0");
      await writer.query("INSERT INTO t VALUES (302, 'y')");
      expect(await ids()).toEqual([]);
      await writer.query("COMMIT");

      expect(await ids()).toEqual([{ id: 302 }]);
      writer.destroy();
    });

    it("list the databases: the user's, and the server's own", async () => {
      expect((await query(primary, "SHOW DATABASES")).map((row) => row.Database)).toEqual([
        "app",
        "dolt_cluster",
        "information_schema",
        "mysql",
      ]);
    });

    it("list branches, and connect to one of them", async () => {
      await execute(primary, "app", "CALL dolt_branch('aside')");
      await execute(primary, "app/aside", "CREATE TABLE only_here (id INT PRIMARY KEY)");

      const branches = await query(primary, "SELECT name, dirty FROM dolt_branches ORDER BY name", "app");
      const hashes = await query(
        primary,
        "SELECT dolt_hashof_db('WORKING') AS working, dolt_hashof_db('STAGED') AS staged, database() AS name, active_branch() AS branch",
        "app/aside",
      );

      const makers = "SELECT `user`, permissions FROM dolt_branch_control WHERE branch = 'aside'";
      expect(await query(primary, makers, "app")).toEqual([{ user: "root", permissions: "admin" }]);
      expect(branches).toEqual([
        { name: "aside", dirty: 1 },
        { name: "main", dirty: 1 },
      ]);
      expect(hashes).toEqual([
        {
          working: expect.stringMatching(/^[0-9a-v]{32}$/),
          staged: expect.stringMatching(/^[0-9a-v]{32}$/),
          name: "app/aside",
          branch: "aside",
        },
      ]);
      expect(hashes[0]?.working).not.toBe(hashes[0]?.staged);
      expect(await refused(primary, "SELECT * FROM only_here", "app")).toBe("1146 table not found: only_here");
      await execute(primary, "app", "CALL dolt_branch('-D', 'aside')");
    });

    it("know the remote of each standby, with its stored URL", async () => {
      const remotes = await query(primary, "SELECT name, url FROM app.dolt_remotes ORDER BY name");

      expect(remotes).toEqual(
        cluster.nodes
          .filter((node) => node !== primary)
          .map((node) => ({ name: node.name, url: `http://${node.replicationAddress(primary)}/app` })),
      );
    });

    it("say in a warning that a database was there already", async () => {
      await withConnection(primary, undefined, async (connection) => {
        await connection.query("CREATE DATABASE IF NOT EXISTS app");
        expect(await rowsOf(connection, "SHOW WARNINGS")).toEqual([
          { Level: "Note", Code: 1007, Message: "Can't create database app; database exists " },
        ]);
      });
    });

    it("cut a connection that is killed", async () => {
      const victim = await open(primary);
      const cut = new Promise((resolve) => victim.on("error", resolve));
      const [row] = await rowsOf(victim, "SELECT connection_id() AS id");

      await execute(primary, undefined, `KILL ${row?.id}`);

      expect(await cut).toMatchObject({ code: "PROTOCOL_CONNECTION_LOST" });
      victim.destroy();
    });

    it("give dates as dates", async () => {
      const [row] = await query(primary, "SELECT NOW(6) AS at");

      expect(row?.at).toBeInstanceOf(Date);
    });
  });
}
