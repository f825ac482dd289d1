import { afterEach, describe, expect, it } from "vitest";
import { partsOf } from "../../../sandbox/cratedb/allocation/view.ts";
import { LocalCrate, type LocalCrateOptions, superuserAccess } from "../../../sandbox/cratedb/local-cluster.ts";
import { healthOf } from "../../../sandbox/cratedb/model/health.ts";
import { HttpCrateServers } from "../../../src/adapters/cratedb/crate-servers.ts";
import type { CrateCluster } from "../../../src/ports/crate-servers.ts";
import { allocationEnableSetting, excludeNameSetting } from "../../../src/ports/crate-settings.ts";
import { until } from "../../support/until.ts";

const options = { deadlineMs: 5000, signal: new AbortController().signal };
const gibibyte = 1024 ** 3;

/** Facts that the notes on CrateDB list, those that a suite against a foreign cluster cannot try: it may stop no node of it. */
describe("a simulated CrateDB cluster", () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one.close();
  });

  const start = async (given: LocalCrateOptions = {}): Promise<{ local: LocalCrate; crate: CrateCluster }> => {
    const local = await LocalCrate.start(given);
    open.push(local);
    const crate = new HttpCrateServers().open(local.addresses(), superuserAccess);
    open.push(crate);
    return { local, crate };
  };
  const exclude = (crate: CrateCluster, names: string) =>
    crate.setGlobal("transient", { [excludeNameSetting]: names }, options);
  const enable = (crate: CrateCluster, value: string) =>
    crate.setGlobal("transient", { [allocationEnableSetting]: value }, options);
  const shardsOn = async (crate: CrateCluster, node: string) =>
    (await crate.shards(options)).filter((shard) => shard.node?.name === node);

  describe("drained by names", () => {
    it.each([["data-hot-2"], ["data-hot-0,data-hot-2"], ["*-2"], [" data-hot-2 , nobody "]])(
      "leaves the nodes of “%s” without shards",
      async (names) => {
        const { crate } = await start({ tables: [{ name: "t", shards: 4, replicas: "0" }] });
        await exclude(crate, names);

        expect(await shardsOn(crate, "data-hot-2")).toEqual([]);
        expect(await crate.shards(options)).toHaveLength(4);
      },
    );

    it("cannot touch a table that has any filter of its own", async () => {
      const settings = { "routing.allocation.exclude.tier": "cold" };
      const { crate } = await start({ tables: [{ name: "own", shards: 3, replicas: "0", settings }] });
      const before = await shardsOn(crate, "data-hot-1");
      await exclude(crate, "data-hot-1");

      expect(before.length).toBeGreaterThan(0);
      expect(await shardsOn(crate, "data-hot-1")).toHaveLength(before.length);
      expect((await crate.allocations(options)).every(({ problem }) => problem === null)).toBe(true);
    });

    it("moves no shard under new_primaries and none, no replica under primaries, and all under all", async () => {
      const { crate } = await start({ tables: [{ name: "t", shards: 3, replicas: "1" }] });
      const all = (await shardsOn(crate, "data-hot-0")).length;
      const replicas = (await shardsOn(crate, "data-hot-0")).filter(({ primary }) => !primary).length;
      expect(replicas).toBeGreaterThan(0);
      const left: number[] = [];
      for (const value of ["new_primaries", "none", "primaries", "all"]) {
        await enable(crate, value);
        await exclude(crate, "data-hot-0");
        left.push((await shardsOn(crate, "data-hot-0")).length);
      }

      expect(left).toEqual([all, all, replicas, 0]);
    });

    it("says of replicas that stay under primaries which setting holds them", async () => {
      const { crate } = await start({ tables: [{ name: "t", shards: 3, replicas: "1" }] });
      await enable(crate, "primaries");
      await exclude(crate, "data-hot-0");
      const stuck = (await crate.allocations(options)).filter(({ isStuck }) => isStuck);

      expect(stuck.length).toBeGreaterThan(0);
      for (const { decisions } of stuck) {
        expect(decisions.flatMap(({ explanations }) => explanations)).toContain(
          "replica allocations are forbidden due to cluster setting [cluster.routing.allocation.enable=primaries]",
        );
      }
    });

    it("goes by a table's own `enable` before the cluster's", async () => {
      const settings = { "routing.allocation.enable": "none" };
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "0" }] });
      for (const { parts } of local.cluster.tables)
        for (const part of parts) for (const [key, value] of Object.entries(settings)) part.settings.set(key, value);
      const before = (await shardsOn(crate, "data-hot-0")).length;
      await exclude(crate, "data-hot-0");

      expect((await shardsOn(crate, "data-hot-0")).length).toBe(before);
    });

    it("lets `0-all` give copies up by itself, GREEN all the while", async () => {
      const { crate } = await start({ tables: [{ name: "everywhere", shards: 1, replicas: "0-all" }] });
      expect(await crate.shards(options)).toHaveLength(3);
      await exclude(crate, "data-hot-1");

      expect((await crate.shards(options)).map(({ node }) => node?.name).toSorted()).toEqual([
        "data-hot-0",
        "data-hot-2",
      ]);
      expect((await crate.health(options)).map(({ health }) => health)).toEqual(["GREEN"]);
    });

    it("cannot drain where a table has as many copies as there are nodes", async () => {
      const { crate } = await start({ tables: [{ name: "t", shards: 1, replicas: "2" }] });
      await exclude(crate, "data-hot-1");
      const [stuck] = (await crate.allocations(options)).filter(({ isStuck }) => isStuck);

      expect(stuck?.problem).toContain("even though it is not allowed to remain");
      expect(stuck?.decisions.flatMap(({ explanations }) => explanations).join()).toContain(
        "a copy of this shard is already allocated to this node",
      );
    });

    it("takes as long as its shards are large, and shows them on their way", async () => {
      const tables = [{ name: "t", shards: 3, replicas: "0", shardBytes: 1_000_000 }];
      const { crate, local } = await start({ tables });
      local.cluster.setPace({ bytesPerSecond: 10_000 });
      await exclude(crate, "data-hot-0");
      const moving = (await crate.shards(options)).filter(({ routingState }) => routingState === "RELOCATING");
      const nodes = await crate.nodes(options);
      local.cluster.setPace({ bytesPerSecond: Number.POSITIVE_INFINITY });

      expect(moving).toHaveLength(1);
      expect(moving[0]?.node?.name).toBe("data-hot-0");
      expect(nodes.map(({ id }) => id)).toContain(moving[0]?.relocatingNode);
      expect(await shardsOn(crate, "data-hot-0")).toEqual([]);
    });
  });

  describe("without room", () => {
    it("moves nothing to a node above its low watermark, and nothing that would bring one above its high one", async () => {
      const tables = [{ name: "big", shards: 3, replicas: "0", shardBytes: 4 * gibibyte }];
      const { crate } = await start({ tables, diskBytes: 8 * gibibyte });
      await exclude(crate, "data-hot-0");
      const [stuck] = (await crate.allocations(options)).filter(({ isStuck }) => isStuck);

      expect(stuck?.decisions.flatMap(({ explanations }) => explanations).join()).toContain("watermark");
      const { disk } = (await crate.nodes(options))[0] ?? {};
      expect(disk).toEqual({ totalBytes: 8 * gibibyte, usedBytes: 4 * gibibyte, availableBytes: 4 * gibibyte });
    });

    it("obeys total_shards_per_node, the cluster's and a table's", async () => {
      const { crate } = await start({ tables: [{ name: "t", shards: 3, replicas: "0" }] });
      await crate.setGlobal("transient", { "cluster.routing.allocation.total_shards_per_node": 1 }, options);
      await exclude(crate, "data-hot-0");
      const [stuck] = (await crate.allocations(options)).filter(({ isStuck }) => isStuck);

      expect(stuck?.decisions.flatMap(({ explanations }) => explanations).join()).toContain(
        "too many shards [1] allocated to this node, cluster setting [cluster.routing.allocation.total_shards_per_node=1]",
      );
    });

    it("refuses new tables beyond max_shards_per_node × data nodes", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "1" }] });
      await crate.setGlobal("transient", { "cluster.max_shards_per_node": 2 }, options);
      const answer = await post(local, "CREATE TABLE more (id text) CLUSTERED INTO 1 SHARDS");

      expect(answer).toMatchObject({ status: 400, body: { error: { code: 4000 } } });
    });

    it("keeps copies apart by zone, and leaves one nowhere when a forced zone is empty", async () => {
      const node = (name: string, zone: string) => ({ name, attributes: { zone } });
      const { crate } = await start({
        nodes: [node("a-0", "a"), node("a-1", "a"), node("b-0", "b")],
        tables: [{ name: "t", shards: 2, replicas: "1" }],
      });
      const awareness = "cluster.routing.allocation.awareness";
      await crate.setGlobal(
        "persistent",
        { [`${awareness}.attributes`]: "zone", [`${awareness}.force.zone.values`]: "a,b" },
        options,
      );
      const { settings } = await crate.state(options);
      await exclude(crate, "b-0");
      const stuck = (await crate.allocations(options)).filter(({ isStuck }) => isStuck);

      expect(settings.awareness).toEqual({ attributes: ["zone"], forced: { zone: ["a", "b"] } });
      expect(stuck).toHaveLength(2);
      expect(stuck[0]?.decisions.flatMap(({ explanations }) => explanations).join()).toContain(
        "there are too many copies of the shard allocated to nodes with attribute [zone]",
      );
    });
  });

  describe("its master", () => {
    it("is gone when two of three voters are, and SET GLOBAL hangs; both come back with one of them", async () => {
      const { crate, local } = await start();
      await local.node("data-hot-1").kill();
      await local.node("data-hot-2").kill();
      const { masterNodeId } = await crate.state(options);
      const short = { ...options, deadlineMs: 500 };
      const set = crate.setGlobal("transient", { "cluster.graceful_stop.timeout": "1h" }, short);

      expect(masterNodeId).toBeNull();
      await expect(set).rejects.toMatchObject({ outcome: "unknown" });
      await local.startNode({ name: "data-hot-1" });
      expect((await crate.state(options)).masterNodeId).not.toBeNull();
      // What was asked and not answered was done after all.
      await until(
        "the setting is in force",
        async () => (await crate.state(options)).settings.gracefulStop.timeout === "1h",
      );
    });

    it("stays when nodes leave one at a time, down to three voters and no further", async () => {
      const names = ["data-0", "data-1", "data-2", "data-3", "data-4"];
      const { crate, local } = await start({ nodes: names });
      await local.node("data-4").kill();
      await local.node("data-3").kill();
      expect([...local.cluster.voting.config]).toHaveLength(3);
      expect((await crate.state(options)).masterNodeId).not.toBeNull();
      await local.node("data-2").kill();
      expect([...local.cluster.voting.config]).toHaveLength(3);
      expect((await crate.state(options)).masterNodeId).not.toBeNull();
      await local.node("data-1").kill();

      expect((await crate.state(options)).masterNodeId).toBeNull();
    });

    it("of two nodes only one votes: the other may go, that one may not", async () => {
      const { local } = await start({ nodes: ["data-0", "data-1"] });
      const [voter] = local.cluster.voting.config;
      const other = voter === local.cluster.idOf("data-0") ? "data-1" : "data-0";

      expect(local.cluster.voting.config.size).toBe(1);
      await local.node(other).kill();
      expect(local.cluster.masterId).toBe(voter);
    });

    it("changes when it freezes, once that is noticed; until then nothing can be set", async () => {
      const { crate, local } = await start({ pace: { faultDetectionMs: 300 } });
      const { masterNodeId } = await crate.state(options);
      const master = (await crate.nodes(options)).find(({ id }) => id === masterNodeId)?.name ?? "";
      local.node(master).freeze();
      await crate.setGlobal("transient", { "cluster.graceful_stop.timeout": "1h" }, options);
      const state = await crate.state(options);

      expect(state.masterNodeId).not.toBe(masterNodeId);
      expect((await crate.nodes(options)).map(({ name }) => name)).not.toContain(master);
    });
  });

  describe("its nodes", () => {
    it("leave their replicas for a minute to come back to, and their primaries to others at once", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "1" }] });
      await local.node("data-hot-0").kill();
      const [health] = await crate.health(options);
      const [waiting] = (await crate.allocations(options)).filter(({ problem }) => problem !== null);

      expect(health).toMatchObject({ health: "YELLOW", missingShards: 0 });
      expect(waiting?.problem).toContain("still waiting");
      expect(waiting?.isStuck).toBe(false);
      await local.startNode({ name: "data-hot-0" });
      expect((await crate.health(options))[0]?.health).toBe("GREEN");
    });

    it("take their only copies with them: RED, and back with them", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "0" }] });
      await local.node("data-hot-0").kill();
      expect((await crate.health(options))[0]).toMatchObject({ health: "RED", missingShards: 1 });
      const write = await post(local, "SELECT count(*) FROM t", 300);
      expect(write).toBe("no answer");
      await local.startNode({ name: "data-hot-0" });

      expect((await crate.health(options))[0]?.health).toBe("GREEN");
    });

    it("do not get their own primaries back under new_primaries", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "0" }] });
      await enable(crate, "new_primaries");
      await local.node("data-hot-0").kill();
      await local.startNode({ name: "data-hot-0" });
      expect((await crate.health(options))[0]?.health).toBe("RED");
      await enable(crate, "primaries");

      expect((await crate.health(options))[0]?.health).toBe("GREEN");
    });

    it("that answer nothing are null in every column but id and name, and hold up what asks every node", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "1" }] });
      local.node("data-hot-2").freeze();
      const frozen = (await crate.nodes(options)).find(({ name }) => name === "data-hot-2");

      expect(frozen).toMatchObject({ answers: false, version: null, disk: null });
      await expect(crate.shards({ ...options, deadlineMs: 600 })).rejects.toMatchObject({ outcome: "unknown" });
      local.node("data-hot-2").thaw();
      expect(await crate.shards(options)).toHaveLength(6);
    });

    it("forget what was set TRANSIENT when all have stopped, and keep what was set PERSISTENT", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "1" }] });
      await crate.setGlobal("persistent", { [excludeNameSetting]: "kept" }, options);
      await crate.setGlobal("transient", { [excludeNameSetting]: "lost" }, options);
      for (const name of ["data-hot-0", "data-hot-1", "data-hot-2"]) await local.node(name).kill();
      for (const name of ["data-hot-0", "data-hot-1", "data-hot-2"]) await local.startNode({ name });

      expect((await crate.state(options)).settings.filters.exclude._name).toBe("kept");
      expect(partsOf(local.cluster.tables).map((part) => healthOf(part).health)).toEqual(["GREEN"]);
    });

    it("check whether as many were expected as there are", async () => {
      const node = (name: string) => ({
        name,
        arguments: { "gateway.expected_data_nodes": "2", "gateway.recover_after_data_nodes": "2" },
      });
      const { crate } = await start({ nodes: [node("data-0"), node("data-1"), node("data-2")] });
      const failed = async () =>
        (await crate.nodeChecks(options)).filter(({ passed, acknowledged }) => !passed && !acknowledged);
      expect((await failed()).map(({ id }) => id)).toEqual([1, 1, 1]);
      await crate.acknowledgeChecks([1], options);

      expect(await failed()).toEqual([]);
    });
  });

  describe("a decommission", () => {
    it("is for superusers, empties a node of what can move, and ends it", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "1" }] });
      await crate.setGlobal("transient", { "cluster.graceful_stop.min_availability": "full" }, options);
      const left = local.node("data-hot-0").left;
      await crate.decommission("data-hot-0", options);
      await left;

      expect((await crate.nodes(options)).map(({ name }) => name)).toEqual(["data-hot-1", "data-hot-2"]);
      expect((await crate.health(options))[0]?.health).toBe("GREEN");
    });

    it("answers that all is well, and the node is gone, though a shard could not leave: RED", async () => {
      const settings = { "routing.allocation.require._name": "data-hot-0" };
      const { crate, local } = await start({ tables: [{ name: "t", shards: 1, replicas: "0", settings }] });
      const left = local.node("data-hot-0").left;
      await crate.decommission("data-hot-0", options);
      await left;

      expect((await crate.health(options))[0]).toMatchObject({ health: "RED", missingShards: 1 });
    });
  });

  describe("a snapshot", () => {
    it("holds the primaries that it reads where they are, until it is done", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 3, replicas: "0" }] });
      local.cluster.snapshots.createRepository("backups", "fs");
      const snapshot = local.cluster.beginSnapshot("backups", "nightly", local.cluster.tables, null);
      await exclude(crate, "data-hot-0");
      const held = (await crate.allocations(options)).filter(({ problem }) => problem !== null);

      expect(held).toHaveLength(1);
      expect(held[0]).toMatchObject({ isStuck: false });
      expect(held[0]?.decisions.flatMap(({ explanations }) => explanations).join()).toContain("snapshotting");
      expect(await crate.snapshotWork(options)).toMatchObject([
        { kind: "snapshot", repository: "backups", name: "nightly" },
      ]);
      local.cluster.endSnapshot(snapshot);
      expect(await shardsOn(crate, "data-hot-0")).toEqual([]);
      expect(await crate.snapshotWork(options)).toEqual([]);
    });

    it("returns before it is done, so that no statement stands for it; with wait_for_completion one does", async () => {
      const { crate, local } = await start({ tables: [{ name: "t", shards: 1 }], pace: { snapshotMs: 60_000 } });
      await post(local, "CREATE REPOSITORY backups TYPE fs WITH (location = '/backups')");
      await post(local, "CREATE SNAPSHOT backups.one ALL");
      const without = await crate.snapshotWork(options);
      const waiting = post(local, "CREATE SNAPSHOT backups.two ALL WITH (wait_for_completion = true)", 2000);
      await until("the statement is seen", async () => (await crate.snapshotWork(options)).length === 3);
      const withIt = await crate.snapshotWork(options);

      expect(without.map(({ kind }) => kind)).toEqual(["snapshot"]);
      expect(withIt.filter(({ kind }) => kind === "statement")).toMatchObject([
        { text: "CREATE SNAPSHOT backups.two ALL", username: "crate" },
      ]);
      await waiting;
    });
  });
});

async function post(
  local: LocalCrate,
  stmt: string,
  timeoutMs = 5000,
): Promise<{ status: number; body: unknown } | "no answer"> {
  const [address] = local.addresses().slice(-1);
  try {
    const response = await fetch(`http://${address?.host}:${address?.port}/_sql`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("crate:").toString("base64")}` },
      body: JSON.stringify({ stmt }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, body: await response.json() };
  } catch {
    return "no answer";
  }
}
