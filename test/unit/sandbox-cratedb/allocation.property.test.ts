import { array, assert, asyncProperty, constant, constantFrom, integer, oneof, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { reasonsToLeave, wantedReplicas } from "../../../sandbox/cratedb/allocation/deciders.ts";
import { explain } from "../../../sandbox/cratedb/allocation/explain.ts";
import { copiesOf, partsOf, placesOf } from "../../../sandbox/cratedb/allocation/view.ts";
import { type LocalNode, SimulatedCrateCluster } from "../../../sandbox/cratedb/model/cluster.ts";
import { healthOf } from "../../../sandbox/cratedb/model/health.ts";
import { isActive } from "../../../sandbox/cratedb/model/types.ts";
import { seedTable } from "../../../sandbox/cratedb/seed.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const exclude = "cluster.routing.allocation.exclude._name";
const enable = "cluster.routing.allocation.enable";
const names = ["data-0", "data-1", "data-2", "data-3", "data-4"];

/** A cluster of up to five data nodes and one master that never goes, with three tables of different kinds. */
class World {
  readonly clock = new ManualClock();
  readonly cluster = new SimulatedCrateCluster({ name: "c", clock: this.clock, pace: { bytesPerSecond: 1000 } });
  readonly #nodes = new Map<string, LocalNode>();

  constructor(nodes: number) {
    this.cluster.start(nodeSpec("master-0", false), () => {});
    for (const name of names.slice(0, nodes)) this.start(name);
    seedTable(this.cluster, { name: "plain", shards: 3, replicas: "1", shardBytes: 5000 });
    seedTable(this.cluster, { name: "elastic", shards: 2, replicas: "0-1", shardBytes: 2000 });
    seedTable(this.cluster, { name: "everywhere", shards: 1, replicas: "0-all", shardBytes: 100 });
    this.settle();
  }

  start(name: string): void {
    if (this.#nodes.has(name)) return;
    this.#nodes.set(
      name,
      this.cluster.start(nodeSpec(name, true), () => {}),
    );
  }

  kill(name: string): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    this.#nodes.delete(name);
    this.cluster.end(node);
  }

  freeze(name: string): void {
    const node = this.#nodes.get(name);
    if (node !== undefined) this.cluster.freeze(node);
  }

  thaw(name: string): void {
    const node = this.#nodes.get(name);
    if (node !== undefined) this.cluster.thaw(node);
  }

  set(name: string, value: string): void {
    this.cluster.advance();
    this.cluster.settings.set("transient", [[name, value]]);
    this.cluster.changed();
  }

  /** More time than everything together can take. */
  settle(): void {
    void this.clock.pass(3_600_000);
    this.cluster.advance();
  }
}

function nodeSpec(name: string, holdsData: boolean) {
  return {
    name,
    holdsData,
    isMasterEligible: !holdsData,
    attributes: {},
    arguments: { "cluster.initial_master_nodes": "master-0" },
    version: "6.4.1",
    restUrl: "",
    hostname: name,
  };
}

const name = constantFrom(...names);
const step = oneof(
  record({ do: constant("start" as const), name }),
  record({ do: constant("kill" as const), name }),
  record({ do: constant("freeze" as const), name }),
  record({ do: constant("thaw" as const), name }),
  record({ do: constant("exclude" as const), list: constantFrom("", "data-0", "data-0,data-1", "data-*", "data-4") }),
  record({ do: constant("enable" as const), value: constantFrom("all", "none", "primaries", "new_primaries") }),
  record({ do: constant("pass" as const), ms: integer({ min: 1, max: 90_000 }) }),
  record({ do: constant("speed" as const), bytesPerSecond: constantFrom(1, 1000, Number.POSITIVE_INFINITY) }),
);
type StepValue =
  | { do: "start" | "kill" | "freeze" | "thaw"; name: string }
  | { do: "exclude"; list: string }
  | { do: "enable"; value: string }
  | { do: "pass"; ms: number }
  | { do: "speed"; bytesPerSecond: number };

async function take(world: World, one: StepValue): Promise<void> {
  switch (one.do) {
    case "start":
      return world.start(one.name);
    case "kill":
      return world.kill(one.name);
    case "freeze":
      return world.freeze(one.name);
    case "thaw":
      return world.thaw(one.name);
    case "exclude":
      return world.set(exclude, one.list);
    case "enable":
      return world.set(enable, one.value);
    case "pass":
      await world.clock.pass(one.ms);
      return world.cluster.advance();
    case "speed":
      return world.cluster.setPace({ bytesPerSecond: one.bytesPerSecond });
  }
}

/** What holds at every moment, whatever happened. */
function expectSound({ cluster }: World): void {
  const view = cluster.view();
  for (const part of partsOf(cluster.tables)) {
    for (const group of part.groups) {
      expect(group.copies).toHaveLength(wantedReplicas(part, view) + 1);
      expect(group.copies.filter(({ primary }) => primary)).toHaveLength(1);
      const places = group.copies.flatMap(placesOf);
      expect(new Set(places).size, "two copies of a shard are on one node").toBe(places.length);
      for (const copy of group.copies) {
        for (const place of placesOf(copy)) expect(cluster.members.has(place)).toBe(true);
        expect(copy.node === null).toBe(copy.state === "UNASSIGNED");
        expect(copy.target !== null).toBe(copy.state === "RELOCATING");
        if (copy.primary && isActive(copy)) expect(group.inSync.has(copy.node ?? "")).toBe(true);
        if (!copy.primary && isActive(copy)) {
          expect(
            group.copies.some((other) => other.primary && isActive(other)),
            "a replica outlives its primary",
          ).toBe(true);
        }
      }
    }
  }
  const all = copiesOf(cluster.tables);
  for (const id of cluster.members.keys()) {
    const incoming = all.filter((copy) => copy.target === id || (copy.node === id && copy.recovery?.type === "PEER"));
    expect(incoming.length).toBeLessThanOrEqual(4);
  }
}

describe("the allocation of shards", () => {
  it("keeps every copy, never two of a shard on one node, and the primary where its data is", async () => {
    await assert(
      asyncProperty(integer({ min: 1, max: 5 }), array(step, { maxLength: 25 }), async (nodes, steps) => {
        const world = new World(nodes);
        for (const one of steps) {
          await take(world, one);
          expectSound(world);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("leaves nothing on nodes that are drained, where there is room for everything elsewhere", async () => {
    await assert(
      asyncProperty(
        integer({ min: 3, max: 5 }),
        integer({ min: 1, max: 2 }),
        array(step, { maxLength: 8 }),
        async (nodes, leaving, steps) => {
          const world = new World(nodes);
          for (const one of steps) await take(world, one);
          for (const one of names.slice(0, nodes)) {
            world.start(one);
            world.thaw(one);
          }
          world.set(enable, "all");
          world.cluster.setPace({ bytesPerSecond: 1000 });
          const drained = names.slice(0, nodes).slice(0, Math.min(leaving, nodes - 2));
          world.set(exclude, drained.join(","));
          world.settle();

          const ids = drained.map((one) => world.cluster.idOf(one));
          const left = copiesOf(world.cluster.tables).filter((copy) =>
            placesOf(copy).some((place) => ids.includes(place)),
          );
          expect(left.map(({ group, state }) => `${group.part.table.name} ${group.id} ${state}`)).toEqual([]);
          expect(partsOf(world.cluster.tables).map((part) => healthOf(part).health)).toEqual([
            "GREEN",
            "GREEN",
            "GREEN",
          ]);
          expectSound(world);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("says of every copy that must leave and does not why no other node takes it", async () => {
    await assert(
      asyncProperty(integer({ min: 1, max: 5 }), array(step, { maxLength: 15 }), async (nodes, steps) => {
        const world = new World(nodes);
        for (const one of steps) await take(world, one);
        const view = world.cluster.view();
        for (const copy of copiesOf(world.cluster.tables)) {
          const mustLeave = copy.state === "STARTED" && reasonsToLeave(copy, view).length > 0;
          if (!mustLeave && copy.state !== "UNASSIGNED") continue;
          const { explanation, decisions } = explain(copy, view);
          expect(explanation).not.toBeNull();
          if (explanation?.startsWith("cannot move shard") === true) {
            for (const { explanations } of decisions ?? []) expect(explanations.length).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("does the same whether time is looked at often or once", async () => {
    await assert(
      asyncProperty(array(integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 }), async (pieces) => {
        const [often, once] = [new World(4), new World(4)];
        for (const world of [often, once]) world.set(exclude, "data-0,data-1");
        for (const ms of pieces) {
          await often.clock.pass(ms);
          often.cluster.advance();
        }
        await once.clock.pass(pieces.reduce((sum, ms) => sum + ms, 0));
        once.cluster.advance();

        expect(placesIn(often)).toEqual(placesIn(once));
      }),
      { numRuns: 20 },
    );
  });
});

function placesIn({ cluster }: World): string[] {
  return copiesOf(cluster.tables).map(
    ({ group, primary, node, target, state }) =>
      `${group.part.table.name} ${group.id} ${primary} ${node} ${target} ${state}`,
  );
}
