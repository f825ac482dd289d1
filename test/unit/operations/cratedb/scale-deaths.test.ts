import { describe, expect, it } from "vitest";
import type { Parameters } from "../../../../src/domain/plan.ts";
import { crateScaleOperation } from "../../../../src/operations/cratedb/scale.ts";
import { excludeNameSetting } from "../../../../src/ports/crate-settings.ts";
import { Random } from "../../../chaos/random.ts";
import type { MemoryOptions } from "../../../support/memory-crate/model.ts";
import { type Fate, MemoryCrateWorld } from "../../../support/memory-crate/world.ts";
import { dataSet, largeCluster, masterSet, smallCluster } from "./a-cluster.ts";

const scale = crateScaleOperation;

/** More processes than that are none that a cluster sees in one scaling. */
const mostLives = 60;

const labels = { "app.kubernetes.io/component": "backup", "app.kubernetes.io/name": "metrics" };
const nightly = {
  namespace: "db",
  name: "nightly",
  uid: "1",
  resourceVersion: "1",
  suspended: false,
  schedule: "0 1 * * *",
  labels,
  annotations: {},
  active: [],
};
const hook = ["/bin/sh", "-c", "./dc_util --min-availability PRIMARIES --timeout 720s || true"];

interface Scenario {
  /** Of random deaths and lost answers. */
  readonly seeds: number;
  readonly options: MemoryOptions;
  readonly parameters: Parameters;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  "two of four nodes leave": {
    seeds: 120,
    options: largeCluster({ cronJobs: [nightly] }),
    parameters: { nodes: "hot=2" },
  },
  "of one group that votes one leaves, with a hook that leaves settings behind": {
    seeds: 70,
    options: smallCluster(4, { sets: [dataSet("hot", 4, 4, { preStop: hook })], cronJobs: [nightly] }),
    parameters: { nodes: "hot=3", decommission: true },
  },
  "masters leave, a group grows, another shrinks": {
    seeds: 30,
    options: largeCluster({
      sets: [
        masterSet(5, 6),
        dataSet("hot", 4, 6, { isMasterEligible: false, preStop: hook }),
        dataSet("cold", 2, 6, { isMasterEligible: false }),
      ],
    }),
    parameters: { nodes: "cold=3,hot=2,masters=3" },
  },
};

describe.each(Object.entries(scenarios))(
  "a scaling whose process dies: %s",
  { timeout: 240_000 },
  (_name, scenario) => {
    it("at any write, before it, after it, or with its answer lost, ends as if nothing had happened", async () => {
      const undisturbed = await carriedOut(scenario, () => "well");
      const writes = undisturbed.world.writes.length;
      expect(writes).toBeGreaterThan(5);
      for (let index = 1; index <= writes; index += 1) {
        for (const fate of ["die_before", "die_after", "lost", "unreachable"] as const) {
          let write = 0;
          const disturbed = await carriedOut(scenario, (_call, isWrite) => {
            if (!isWrite) return "well";
            write += 1;
            return write === index ? fate : "well";
          });
          expect({ index, fate, ...disturbed.end }).toEqual({ index, fate, ...undisturbed.end });
        }
      }
    });

    it("in any call at all, ends as if nothing had happened", async () => {
      const undisturbed = await carriedOut(scenario, () => "well");
      const calls = undisturbed.world.calls.length;
      // Waits ask the same again and again: some calls stand for all of them.
      const every = Math.max(1, Math.floor(calls / 30));
      for (let index = 1; index <= calls; index += every) {
        const disturbed = await carriedOut(scenario, (_call, _isWrite, call) =>
          call === index ? "die_after" : "well",
        );
        expect({ index, ...disturbed.end }).toEqual({ index, ...undisturbed.end });
      }
    });

    it("again and again, anywhere, while answers are lost, ends as if nothing had happened", async () => {
      const { end } = await carriedOut(scenario, () => "well");
      for (let seed = 1; seed <= scenario.seeds; seed += 1) {
        const random = new Random(seed);
        const rate = 0.02 + random.next() * 0.08;
        const disturbed = await carriedOut(scenario, (): Fate => {
          const draw = random.next();
          if (draw < rate / 4) return "die_before";
          if (draw < rate / 2) return "die_after";
          if (draw < (rate * 3) / 4) return "lost";
          return draw < rate ? "unreachable" : "well";
        });
        expect({ seed, ...disturbed.end }).toEqual({ seed, ...end });
      }
    });
  },
);

/** One process after another takes it up until one of them has ended it. */
async function carriedOut({ options, parameters }: Scenario, fateOf: MemoryCrateWorld["fateOf"]) {
  const world = new MemoryCrateWorld(options);
  world.model.persistent.set(excludeNameSetting, "somebody-else");
  const plan = await world.plan(scale, parameters);
  world.calls.length = 0;
  world.fateOf = fateOf;
  let result = null;
  for (let life = 0; result === null; life += 1) {
    if (life === mostLives) throw new Error(`no process of ${mostLives} has ended it`);
    result = await world.run(scale, plan, life > 0);
  }
  const problems = result.outcome.problems.map(({ code, what }) => `${code}: ${what}`);
  return { world, end: { state: result.state, problems, ...endOf(world) } };
}

/** All of the cluster but where its shards are, which rebalance as they like. */
function endOf({ model }: MemoryCrateWorld) {
  model.pass(120_000);
  const present = model.present().map(({ name }) => name);
  return {
    violations: model.violations,
    nodes: present.toSorted(),
    arguments: model.sets.map(({ startUp }) => startUp),
    settings: model.settingsNow(),
    // What would come to light if the transient ones were lost.
    persistent: Object.fromEntries(model.persistent),
    copies: model.shards.length,
    onNobody: model.shards.filter(({ node }) => !present.includes(node)).length,
    cronJobs: model.cronJobs.map(({ suspended, annotations }) => ({ suspended, annotations })),
    acknowledged: [...model.acknowledged],
  };
}
