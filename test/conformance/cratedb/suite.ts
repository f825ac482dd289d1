import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpCrateServers } from "../../../src/adapters/cratedb/crate-servers.ts";
import {
  type CrateAccess,
  type CrateAddress,
  type CrateCluster,
  CrateError,
  type CrateTable,
} from "../../../src/ports/crate-servers.ts";
import { type SqlAnswer, sqlOver } from "./sql.ts";

/** A cluster to hold to its rules, and how it is spoken to: as a superuser, without whom no users can be made. */
export interface ClusterUnderTest {
  readonly addresses: readonly CrateAddress[];
  readonly access: CrateAccess;
  close(): Promise<void>;
}

const deadlineMs = 20_000;
const excludeName = "cluster.routing.allocation.exclude._name";

/**
 * What operations rely on, of the simulated cluster and of a real one. It makes and drops tables, users and roles of its own
 * (`handover_…`), puts each setting that it touches back, stops no node, and wants one at least.
 * Facts marked [ran] in the project's notes were seen on CrateDB 6.4.1; others are of crate's documentation, named with them.
 */
export function crateConformance(name: string, start: () => Promise<ClusterUnderTest>): void {
  describe(name, { timeout: 120_000 }, () => {
    const mark = `handover_${randomBytes(4).toString("hex")}`;
    const schema = mark;
    const options = { deadlineMs, signal: new AbortController().signal };
    let under: ClusterUnderTest;
    let crate: CrateCluster;
    let sql: (statement: string) => Promise<SqlAnswer>;
    const opened: CrateCluster[] = [];

    /** Throws unless it was done. */
    const done = async (statement: string) => {
      const answer = await sql(statement);
      if (answer.status !== 200) throw new Error(`${statement}: ${answer.status} ${answer.text}`);
      return answer;
    };
    const openAs = (username: string, password: string) => {
      const cluster = new HttpCrateServers().open(under.addresses, { ...under.access, username, password });
      opened.push(cluster);
      return cluster;
    };
    const own = (tables: readonly CrateTable[]) => tables.filter((table) => table.schema === schema);
    const eventually = async (what: string, isSo: () => Promise<boolean>) => {
      const signal = AbortSignal.timeout(deadlineMs);
      while (!(await isSo())) {
        if (signal.aborted) throw new Error(`${what}: not within ${deadlineMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };

    beforeAll(async () => {
      under = await start();
      crate = new HttpCrateServers().open(under.addresses, under.access);
      opened.push(crate);
      sql = sqlOver(under.addresses[0], under.access);
      await done(
        `CREATE TABLE ${schema}.plain (id text, value text) CLUSTERED INTO 3 SHARDS WITH (number_of_replicas = 0)`,
      );
      await done(
        `CREATE TABLE ${schema}.days (id text, day text) CLUSTERED INTO 2 SHARDS PARTITIONED BY (day) WITH (number_of_replicas = '0-1')`,
      );
      await done(`INSERT INTO ${schema}.days (id, day) VALUES ('1', 'monday')`);
      await done(`INSERT INTO ${schema}.days (id, day) VALUES ('2', 'tuesday')`);
      await eventually("its own tables are GREEN", async () => {
        const health = (await crate.health(options)).filter((one) => one.schema === schema);
        return health.length >= 3 && health.every((one) => one.health === "GREEN");
      });
    });

    afterAll(async () => {
      if (under === undefined) return;
      for (const user of ["under", "al", "dql", "denied", "byrole"]) await sql(`DROP USER IF EXISTS ${mark}_${user}`);
      await sql(`DROP ROLE IF EXISTS ${mark}_role`);
      for (const table of ["filtered", "nowhere", "moving"]) await sql(`DROP TABLE IF EXISTS ${schema}.${table}`);
      await sql(`DROP TABLE IF EXISTS ${schema}.plain`);
      await sql(`DROP TABLE IF EXISTS ${schema}.days`);
      await Promise.all(opened.map((one) => one.close()));
      await under.close();
    });

    describe("what there is", () => {
      it("names its nodes, each with an id, a version, a disk and what it is for", async () => {
        const nodes = await crate.nodes(options);

        expect(nodes.length).toBeGreaterThan(0);
        expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
        for (const node of nodes) {
          expect(node.answers).toBe(true);
          expect(node.version).toMatch(/^\d+\.\d+\.\d+/);
          expect(node.disk?.totalBytes).toBeGreaterThan(0);
          expect(node.disk?.availableBytes).toBeLessThanOrEqual(node.disk?.totalBytes ?? 0);
        }
      });

      it("has a master, by its node's id, and the settings in force with their defaults", async () => {
        const [{ masterNodeId, settings }, nodes] = await Promise.all([crate.state(options), crate.nodes(options)]);

        expect(nodes.map(({ id }) => id)).toContain(masterNodeId);
        expect(settings.maxShardsPerNode).toBeGreaterThan(0);
        expect(settings.disk.low.text).not.toBe("");
        expect(settings.all).toHaveProperty([excludeName]);
        expect(settings.all).toHaveProperty(["cluster.graceful_stop.min_availability"]);
      });

      it("has health by table and by partition", async () => {
        const health = (await crate.health(options)).filter((one) => one.schema === schema);

        expect(health.filter(({ table }) => table === "plain")).toEqual([
          { schema, table: "plain", partition: null, health: "GREEN", missingShards: 0, underreplicatedShards: 0 },
        ]);
        const partitions = health.filter(({ table }) => table === "days").map(({ partition }) => partition);
        expect(new Set(partitions).size).toBe(2);
        expect(partitions).not.toContain(null);
      });

      it("has every shard, on a node that there is", async () => {
        const [shards, nodes] = await Promise.all([crate.shards(options), crate.nodes(options)]);
        const plain = shards.filter((shard) => shard.schema === schema && shard.table === "plain");

        expect(plain.map(({ id }) => id).toSorted()).toEqual([0, 1, 2]);
        for (const shard of plain) {
          expect(shard).toMatchObject({
            primary: true,
            partition: null,
            routingState: "STARTED",
            relocatingNode: null,
          });
          expect(nodes.map(({ id }) => id)).toContain(shard.node?.id);
          expect(shard.recovery).toMatchObject({ stage: "DONE" });
        }
      });

      it("has tables with the bounds of their replicas, and partitions with bounds of their own", async () => {
        await done(`ALTER TABLE ${schema}.days PARTITION (day = 'monday') SET (number_of_replicas = '0-all')`);
        const tables = own(await crate.tables(options));

        expect(tables.find(({ table }) => table === "plain")).toMatchObject({
          shards: 3,
          isPartitioned: false,
          replicas: { text: "0", min: 0, max: 0 },
        });
        expect(tables.find(({ table, partition }) => table === "days" && partition === null)).toMatchObject({
          isPartitioned: true,
          replicas: { text: "0-1", min: 0, max: 1 },
        });
        const partitions = tables.filter(({ partition }) => partition !== null);
        const bounds = partitions.map(({ partitionValues, replicas }) => [partitionValues?.day, replicas.text]);
        expect(bounds.toSorted()).toEqual([
          ["monday", "0-all"],
          ["tuesday", "0-1"],
        ]);
      });

      it("refuses `all` alone as a number of replicas [ran]", async () => {
        const answer = await sql(`ALTER TABLE ${schema}.plain SET (number_of_replicas = 'all')`);

        expect(answer.status).toBe(400);
      });

      it("shows a table's own filters and its own `enable`, before it goes by them", async () => {
        await done(
          `CREATE TABLE ${schema}.filtered (id text) CLUSTERED INTO 1 SHARDS WITH (number_of_replicas = 0, "routing.allocation.exclude._name" = 'no_such_node', "routing.allocation.enable" = 'primaries')`,
        );
        const found = own(await crate.tables(options)).find(({ table }) => table === "filtered");
        await done(`DROP TABLE ${schema}.filtered`);
        const plain = own(await crate.tables(options)).find(({ table }) => table === "plain");

        expect(found?.routing).toMatchObject({ enable: "primaries", exclude: { _name: "no_such_node" }, require: {} });
        expect(plain?.routing).toEqual({
          enable: "all",
          totalShardsPerNode: null,
          require: {},
          include: {},
          exclude: {},
        });
      });

      it("checks its nodes, and lets a check be acknowledged", async () => {
        const checks = await crate.nodeChecks(options);
        const first = checks.filter(({ id }) => id === 1);
        await crate.acknowledgeChecks([1], options);
        const after = (await crate.nodeChecks(options)).filter(({ id }) => id === 1);
        if (first.some(({ acknowledged }) => !acknowledged))
          await done("UPDATE sys.node_checks SET acknowledged = FALSE WHERE id = 1");

        expect(new Set(checks.map(({ id }) => id))).toEqual(new Set([1, 2, 3, 5, 6, 7, 8]));
        expect(after.length).toBeGreaterThan(0);
        expect(after.every(({ acknowledged }) => acknowledged)).toBe(true);
      });

      it("finds no snapshot where none runs, and never its own question", async () => {
        const work = await crate.snapshotWork(options);

        expect(work.filter((one) => one.kind === "statement" && one.text.includes("sys."))).toEqual([]);
      });
    });

    describe("what it says of an allocation", () => {
      it("has the decisions before the explanation, and never after it [ran]", async () => {
        const before = await done("SELECT decisions, explanation FROM sys.allocations LIMIT 1");
        const after = await done("SELECT explanation, decisions FROM sys.allocations LIMIT 1");

        expect(before.cols).toEqual(["decisions", "explanation"]);
        expect(after.rows.map(([, decisions]) => decisions)).toEqual([null]);
      });

      it("gives every shard a state, and a problem only to those that have one", async () => {
        const nodes = await crate.nodes(options);
        const all = (await crate.allocations(options)).filter((one) => one.schema === schema && one.table === "plain");
        const some = await crate.allocations({ ...options, onNodes: [nodes[0]?.id ?? ""] });

        expect(all).toHaveLength(3);
        expect(all.every(({ problem, isStuck }) => problem === null && !isStuck)).toBe(true);
        expect(some.every(({ nodeId }) => nodeId === nodes[0]?.id)).toBe(true);
      });

      it("says of a shard that may be nowhere why it is nowhere", async () => {
        await done(
          `CREATE TABLE ${schema}.nowhere (id text) CLUSTERED INTO 1 SHARDS WITH (number_of_replicas = 0, "routing.allocation.require._name" = 'no_such_node')`,
        );
        try {
          const own = async () =>
            (await crate.allocations(options)).find(({ table, schema: of }) => of === schema && table === "nowhere");
          await eventually("it is judged", async () => (await own())?.problem !== undefined);
          const found = await own();

          expect(found).toMatchObject({ nodeId: null, state: "UNASSIGNED", isStuck: true });
          expect(found?.decisions.flatMap(({ explanations }) => explanations).join()).toContain("filter");
          const health = (await crate.health(options)).find(
            ({ table, schema: of }) => of === schema && table === "nowhere",
          );
          expect(health).toMatchObject({ health: "RED", missingShards: 1 });
          const shard = (await crate.shards(options)).find(
            ({ table, schema: of }) => of === schema && table === "nowhere",
          );
          expect(shard).toMatchObject({ node: null, routingState: "UNASSIGNED", sizeBytes: 0 });
        } finally {
          await done(`DROP TABLE ${schema}.nowhere`);
        }
      });
    });

    describe("shards that move", () => {
      const table = `${schema}.moving`;
      const mine = async () =>
        (await crate.shards(options)).filter((one) => one.schema === schema && one.table === "moving");
      const set = (setting: string, value: string) => done(`ALTER TABLE ${table} SET ("${setting}" = '${value}')`);
      let first = "";

      beforeAll(async () => {
        await done(`CREATE TABLE ${table} (id text) CLUSTERED INTO 2 SHARDS WITH (number_of_replicas = 0)`);
        await eventually("its shards are there", async () => {
          const shards = await mine();
          return shards.length === 2 && shards.every(({ routingState }) => routingState === "STARTED");
        });
        first = (await mine())[0]?.node?.name ?? "";
      });

      afterAll(async () => {
        await sql(`DROP TABLE IF EXISTS ${table}`);
      });

      it("stay under new_primaries on a node that they must leave, and say why [ran]; and go when all are allowed again", async ({
        skip,
      }) => {
        const dataNodes = new Set((await crate.shards(options)).flatMap(({ node }) => node?.id ?? []));
        if (dataNodes.size < 2) return skip("it takes two data nodes");
        await set("routing.allocation.enable", "new_primaries");
        await set("routing.allocation.exclude._name", first);
        const stuck = async () =>
          (await crate.allocations(options)).filter(
            (one) => one.schema === schema && one.table === "moving" && one.isStuck,
          );
        await eventually("a shard is stuck", async () => (await stuck()).length > 0);
        const [found] = await stuck();

        expect(found?.problem).toBe(
          "cannot move shard to another node, even though it is not allowed to remain on its current node",
        );
        expect(found?.state).toBe("STARTED");
        expect(found?.decisions.length).toBeGreaterThan(0);
        for (const { explanations } of found?.decisions ?? []) {
          expect(explanations.join()).toContain("[index.routing.allocation.enable=new_primaries]");
        }

        await set("routing.allocation.enable", "all");
        await eventually("the node is left", async () => (await mine()).every(({ node }) => node?.name !== first));
        expect(
          (await crate.health(options)).find(({ schema: of, table: name }) => of === schema && name === "moving"),
        ).toMatchObject({
          health: "GREEN",
        });
        expect((await mine()).map(({ id }) => id).toSorted()).toEqual([0, 1]);
      });
    });

    describe("settings", () => {
      /** A setting that decides nothing where it stands for a moment. */
      const setting = "cluster.graceful_stop.timeout";
      const valueNow = async () => (await crate.state(options)).settings.all[setting];

      it("lets a transient value hide a persistent one, and a reset take out both [ran]", async () => {
        const before = await valueNow();
        try {
          await crate.setGlobal("persistent", { [setting]: "3h" }, options);
          expect(await valueNow()).toBe("3h");
          await crate.setGlobal("transient", { [setting]: "4h" }, options);
          expect(await valueNow()).toBe("4h");
          await crate.setGlobal("persistent", { [setting]: "5h" }, options);
          expect(await valueNow()).toBe("4h");
        } finally {
          await crate.resetGlobal([setting], options);
        }
        if (before !== (await valueNow())) await crate.setGlobal("persistent", { [setting]: before ?? "2h" }, options);
        expect(await valueNow()).toBe(before);
      });

      it("lets an empty transient value hide a persistent one too [ran]", async ({ skip }) => {
        const filter = "cluster.routing.allocation.exclude._host";
        const inForce = async () => (await crate.state(options)).settings.filters.exclude._host;
        if ((await inForce()) !== undefined) return skip("somebody excludes hosts here");
        try {
          await crate.setGlobal("persistent", { [filter]: "handover-no-such-host" }, options);
          expect(await inForce()).toBe("handover-no-such-host");
          await crate.setGlobal("transient", { [filter]: "" }, options);
          expect(await inForce()).toBeUndefined();
        } finally {
          await crate.resetGlobal([filter], options);
        }
        expect(await inForce()).toBeUndefined();
      });

      it("refuses what is no setting, and what is no value of one, and changes nothing then", async () => {
        const nonsense = crate.setGlobal("transient", { "cluster.handover.nonsense": "1" }, options);
        await expect(nonsense).rejects.toMatchObject({ name: "CrateError", outcome: "refused" });
        const wrong = crate.setGlobal("transient", { "cluster.routing.allocation.enable": "sometimes" }, options);
        await expect(wrong).rejects.toMatchObject({ name: "CrateError", outcome: "refused" });

        expect(["all", "none", "primaries", "new_primaries"]).toContain(
          (await crate.state(options)).settings.allocationEnable,
        );
      });
    });

    describe("how it says no", () => {
      it("has 404 and 4043 for a column that is not there [ran]", async () => {
        const answer = await sql("SELECT nope FROM sys.cluster");

        expect(answer.status).toBe(404);
        expect(answer.error?.code).toBe(4043);
        expect(answer.error?.message).toContain("nope");
      });

      it("has 400 and 4000 for what it cannot read [ran]", async () => {
        const answers = [await sql("SELEKT 1"), await sql(`CREATE USER IF NOT EXISTS ${mark}_under`)];

        expect(answers.map(({ status, error }) => [status, error?.code])).toEqual([
          [400, 4000],
          [400, 4000],
        ]);
      });

      it("has 404 and 4041 for a table, and 4045 for a schema, that is not there (interfaces/http.rst)", async () => {
        const table = await sql(`SELECT * FROM ${schema}.no_such_table`);
        const of = await sql("SELECT * FROM handover_no_such_schema.t");

        expect([table.status, table.error?.code]).toEqual([404, 4041]);
        expect([of.status, of.error?.code]).toEqual([404, 4045]);
      });

      it("answers a failed login in plain text with 401, which is not a missing privilege [ran]", async () => {
        const nobody = openAs(`${mark}_nobody`, "wrong");
        const answer = await sqlOver(under.addresses[0], {
          ...under.access,
          username: `${mark}_nobody`,
          password: "x",
        })("SELECT 1");

        expect(answer.status).toBe(401);
        expect(answer.error).toBeNull();
        await expect(nobody.nodes(options)).rejects.toMatchObject({ outcome: "login", code: null });
      });
    });

    describe("privileges", () => {
      const password = randomBytes(9).toString("base64url");
      const create = async (user: string, ...grants: string[]) => {
        await done(`CREATE USER ${mark}_${user} WITH (password = '${password}')`);
        for (const grant of grants) await done(grant.replace("ME", `${mark}_${user}`));
        return openAs(`${mark}_${user}`, password);
      };
      const rejected = async (work: Promise<unknown>) => {
        const error: unknown = await work.then(() => null).catch((one: unknown) => one);
        expect(error).toBeInstanceOf(CrateError);
        return error instanceof CrateError ? [error.outcome, error.code] : [];
      };

      it("are enough with AL, DQL on sys and DML on sys.node_checks, but for a decommission [ran]", async () => {
        const cluster = await create(
          "under",
          "GRANT AL TO ME",
          "GRANT DQL ON SCHEMA sys TO ME",
          "GRANT DML ON TABLE sys.node_checks TO ME",
        );

        expect((await cluster.nodes(options)).length).toBeGreaterThan(0);
        expect(own(await cluster.tables(options)).length).toBeGreaterThanOrEqual(4);
        expect((await cluster.shards(options)).filter((one) => one.schema === schema).length).toBeGreaterThan(0);
        await cluster.setGlobal("transient", { "cluster.graceful_stop.timeout": "2h" }, options);
        await cluster.resetGlobal(["cluster.graceful_stop.timeout"], options);
        await cluster.acknowledgeChecks([8], options);
        const user = await cluster.user(options);
        expect(user).toMatchObject({ name: `${mark}_under`, superuser: false });
        expect(
          user.privileges.map(({ type, class: of, ident, state }) => `${state} ${type} ${of} ${ident}`).toSorted(),
        ).toEqual(["GRANT AL CLUSTER null", "GRANT DML TABLE sys.node_checks", "GRANT DQL SCHEMA sys"]);
        expect(await rejected(cluster.decommission("no-such-node", options))).toEqual(["privilege", 4010]);
      });

      it("are not enough with AL alone: every table of sys is refused with 4011 [ran]", async () => {
        const cluster = await create("al", "GRANT AL TO ME");

        expect(await rejected(cluster.nodes(options))).toEqual(["privilege", 4011]);
        expect(await rejected(cluster.shards(options))).toEqual(["privilege", 4011]);
      });

      it("with DQL on sys alone show a falsely empty cluster, and let nothing be set [ran]", async () => {
        const cluster = await create("dql", "GRANT DQL ON SCHEMA sys TO ME");

        expect((await cluster.nodes(options)).length).toBeGreaterThan(0);
        expect(await cluster.shards(options)).toEqual([]);
        expect(await cluster.health(options)).toEqual([]);
        expect(await cluster.allocations(options)).toEqual([]);
        expect(await cluster.tables(options)).toEqual([]);
        const set = cluster.setGlobal("transient", { "cluster.graceful_stop.timeout": "2h" }, options);
        expect(await rejected(set)).toEqual(["privilege", 4011]);
      });

      it("hide the shards of what is denied, and say so in sys.privileges alone [ran]", async () => {
        const cluster = await create(
          "denied",
          "GRANT AL TO ME",
          "GRANT DQL ON SCHEMA sys TO ME",
          `DENY DQL ON SCHEMA ${schema} TO ME`,
        );

        expect((await cluster.shards(options)).filter((one) => one.schema === schema)).toEqual([]);
        const { privileges } = await cluster.user(options);
        expect(privileges).toContainEqual({
          grantee: `${mark}_denied`,
          state: "DENY",
          type: "DQL",
          class: "SCHEMA",
          ident: schema,
        });
      });

      it("come from roles too", async () => {
        await done(`CREATE ROLE ${mark}_role`);
        await done(`GRANT AL TO ${mark}_role`);
        await done(`GRANT DQL ON SCHEMA sys TO ${mark}_role`);
        const cluster = await create("byrole", `GRANT ${mark}_role TO ME`);
        const user = await cluster.user(options);

        expect(user.roles).toEqual([`${mark}_role`]);
        expect(user.privileges.map(({ grantee, type }) => [grantee, type]).toSorted()).toEqual([
          [`${mark}_role`, "AL"],
          [`${mark}_role`, "DQL"],
        ]);
        expect((await cluster.shards(options)).filter((one) => one.schema === schema).length).toBeGreaterThan(0);
      });
    });
  });
}
