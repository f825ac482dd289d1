import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  majorityOf,
  type NodeTotals,
  rewriteForTotals,
  settingInArguments,
} from "../../../../src/operations/cratedb/start-up-arguments.ts";

const operatorCommand = (data: number) => [
  "/docker-entrypoint.sh",
  "crate",
  "-Ccluster.name=metrics",
  "-Cnode.name=data-hot-$(hostname | awk -F- '{print $NF}')",
  `-Cgateway.recover_after_data_nodes=${majorityOf(data)}`,
  `-Cgateway.expected_data_nodes=${data}`,
  "-Cnode.master=true",
];

function rewrite(items: readonly string[], totals: NodeTotals) {
  const { startUp, changes, unreadable } = rewriteForTotals({ command: items, args: null }, totals);
  return { items: startUp.command ?? [], changes, unreadable };
}

describe("start-up arguments that depend on the total", () => {
  it.each([
    [1, 2, 2],
    [2, 3, 2],
    [4, 8, 5],
    [16, 31, 16],
  ])("from %i data nodes to %i: a majority of %i", (from, to, majority) => {
    const { items } = rewrite(operatorCommand(from), { masters: 3, data: to });
    expect(items).toContain(`-Cgateway.recover_after_data_nodes=${majority}`);
    expect(items).toContain(`-Cgateway.expected_data_nodes=${to}`);
  });

  it("counts masters too under the names from before 4.7", () => {
    const before = ["-Cgateway.recover_after_nodes=3", "-Cgateway.expected_nodes=5"];
    expect(rewrite(before, { masters: 3, data: 4 }).items).toEqual([
      "-Cgateway.recover_after_nodes=4",
      "-Cgateway.expected_nodes=7",
    ]);
  });

  it("says what changes, and nothing where all is right", () => {
    expect(rewrite(operatorCommand(3), { masters: 0, data: 4 }).changes).toEqual([
      { setting: "gateway.recover_after_data_nodes", from: 2, to: 3 },
      { setting: "gateway.expected_data_nodes", from: 3, to: 4 },
    ]);
    expect(rewrite(operatorCommand(3), { masters: 3, data: 3 }).changes).toEqual([]);
  });

  it("reads them where a chart puts them: behind a flag of their own, or in a line for a shell", () => {
    const items = [
      "-C",
      "gateway.expected_data_nodes=3",
      "exec crate -Cgateway.expected_data_nodes=3 -C gateway.recover_after_data_nodes=2 -Cnode.name=$HOSTNAME",
      "gateway.expected_data_nodes=3",
    ];
    expect(rewrite(items, { masters: 0, data: 5 }).items).toEqual([
      "-C",
      "gateway.expected_data_nodes=5",
      "exec crate -Cgateway.expected_data_nodes=5 -C gateway.recover_after_data_nodes=3 -Cnode.name=$HOSTNAME",
      "gateway.expected_data_nodes=3",
    ]);
  });

  it("leaves alone what holds no number, and names it", () => {
    const items = ["-Cgateway.expected_data_nodes=$(NODES)"];
    const rewritten = rewrite(items, { masters: 0, data: 5 });
    expect(rewritten).toEqual({ items, changes: [], unreadable: ["gateway.expected_data_nodes=$(NODES)"] });
  });

  it("changes nothing else, adds nothing, and changes nothing the second time", () => {
    const name = fc.constantFrom(
      "expected_data_nodes",
      "recover_after_data_nodes",
      "expected_nodes",
      "recover_after_nodes",
    );
    const other = fc.oneof(
      fc.string().filter((text) => !/gateway\./.test(text)),
      fc.constantFrom(
        "-Cgateway.recover_after_time=5m",
        "-Cgateway.expected_data_nodes_x=1",
        "-C",
        "-Xgateway.expected_nodes=3",
      ),
    );
    const dependentItem = fc.tuple(name, fc.nat(500)).map(([setting, value]) => `-Cgateway.${setting}=${value}`);
    fc.assert(
      fc.property(fc.array(fc.oneof(dependentItem, other)), fc.nat(50), fc.nat(50), (items, masters, data) => {
        const totals = { masters, data };
        const { items: rewritten, changes } = rewrite(items, totals);
        expect(rewritten).toHaveLength(items.length);
        for (const [index, item] of items.entries()) {
          const match = /^-Cgateway\.(expected|recover_after)(_data)?_nodes=\d+$/.exec(item);
          if (match === null) expect(rewritten[index]).toBe(item);
          else {
            const total = match[2] === undefined ? masters + data : data;
            const value = match[1] === "expected" ? total : majorityOf(total);
            expect(rewritten[index]).toBe(item.replace(/\d+$/, String(value)));
          }
        }
        expect(changes).toHaveLength(
          items.filter(
            (item, index) =>
              item !== rewritten[index] && Number(item.split("=")[1]) !== Number(rewritten[index]?.split("=")[1]),
          ).length,
        );
        expect(rewrite(rewritten, totals)).toEqual({ items: rewritten, changes: [], unreadable: [] });
      }),
    );
  });

  it("more than half are always a majority, and one less never is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (nodes) => {
        expect(majorityOf(nodes) * 2).toBeGreaterThan(nodes);
        expect((majorityOf(nodes) - 1) * 2).toBeLessThanOrEqual(nodes);
      }),
    );
  });

  it("rewrites a chart's args as well, and leaves what the image brings to the image", () => {
    const { startUp } = rewriteForTotals(
      { command: null, args: ["-Cgateway.expected_nodes=3"] },
      { masters: 0, data: 4 },
    );
    expect(startUp).toEqual({ command: null, args: ["-Cgateway.expected_nodes=4"] });
  });

  it("reads a setting, the last one where there are several", () => {
    expect(settingInArguments(operatorCommand(3), "node.master")).toBe("true");
    expect(settingInArguments(["-Cnode.master=true", "-C", "node.master=false"], "node.master")).toBe("false");
    expect(settingInArguments(["exec crate -Cnode.master=false -Cx=1"], "node.master")).toBe("false");
    expect(settingInArguments(["node.master=false"], "node.master")).toBeNull();
    expect(settingInArguments([], "node.master")).toBeNull();
  });
});
