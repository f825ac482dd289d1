import { array, assert, asyncProperty, constantFrom, oneof, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { LocalCrate, superuserAccess } from "../../../sandbox/cratedb/local-cluster.ts";
import { HttpCrateServers } from "../../../src/adapters/cratedb/crate-servers.ts";
import { CrateError } from "../../../src/ports/crate-servers.ts";
import { until } from "../../support/until.ts";

const setting = "cluster.graceful_stop.timeout";
const signal = new AbortController().signal;
const names = ["data-0", "data-1", "data-2"];

const node = constantFrom(...names);
const fault = oneof(
  record({ what: constantFrom("kill", "start", "freeze", "thaw"), node }),
  record({ what: constantFrom("write"), node }),
);

/** What a caller is told of a change has to be so, whatever happens to the nodes around it. */
describe("the outcome of a change", () => {
  it("is done when it is told as done, never done when told as not, and only else unknown", async () => {
    await assert(
      asyncProperty(array(fault, { minLength: 3, maxLength: 14 }), async (faults) => {
        const local = await LocalCrate.start({ nodes: names, pace: { faultDetectionMs: 60 } });
        const crate = new HttpCrateServers().open(local.addresses(), superuserAccess);
        try {
          const told = new Map<string, "done" | CrateError["outcome"]>();
          const writing: Promise<void>[] = [];
          const up = new Set(names);
          let hasStopped = false;
          for (const [index, { what, node: name }] of faults.entries()) {
            if (what === "write") {
              const value = `${index + 10}h`;
              const write = crate.setGlobal("transient", { [setting]: value }, { deadlineMs: 250, signal }).then(
                () => void told.set(value, "done"),
                (error: unknown) => void told.set(value, error instanceof CrateError ? error.outcome : "refused"),
              );
              writing.push(write);
              // Half of them are under way when the next thing happens.
              if (index % 2 === 0) await write;
            } else {
              await happen(local, up, what, name);
              hasStopped ||= up.size === 0;
            }
          }
          await Promise.all(writing);
          for (const name of names) {
            await happen(local, up, "thaw", name);
            await happen(local, up, "start", name);
          }
          // A cluster that stopped as a whole has forgotten what was transient.
          const value = await until("it answers again", async () => {
            const { masterNodeId, settings } = await crate.state({ deadlineMs: 2000, signal });
            return masterNodeId !== null && settings.gracefulStop.timeout;
          });
          const mayBe = [...told].filter(([, outcome]) => outcome === "done" || outcome === "unknown");
          expect(["2h", ...mayBe.map(([written]) => written)]).toContain(value);
          const known = [...told.values()];
          if (known.includes("done") && !hasStopped) expect(value).not.toBe("2h");
          expect(known.filter((outcome) => !["done", "unknown", "unreachable"].includes(outcome))).toEqual([]);
        } finally {
          await crate.close();
          await local.close();
        }
      }),
      { numRuns: 25 },
    );
  });

  it("is done by the next node when the one that answered last is gone", async () => {
    const local = await LocalCrate.start({ nodes: names });
    const crate = new HttpCrateServers().open(local.addresses(), superuserAccess);
    try {
      await crate.nodes({ deadlineMs: 2000, signal });
      await local.node("data-0").kill();
      await crate.setGlobal("transient", { [setting]: "9h" }, { deadlineMs: 2000, signal });

      expect((await crate.state({ deadlineMs: 2000, signal })).settings.gracefulStop.timeout).toBe("9h");
    } finally {
      await crate.close();
      await local.close();
    }
  });
});

async function happen(local: LocalCrate, up: Set<string>, what: string, name: string): Promise<void> {
  if (what === "start" && !up.has(name)) {
    up.add(name);
    await local.startNode({ name });
  }
  if (!up.has(name)) return;
  if (what === "freeze") local.node(name).freeze();
  if (what === "thaw") local.node(name).thaw();
  if (what !== "kill") return;
  up.delete(name);
  await local.node(name).kill();
}
