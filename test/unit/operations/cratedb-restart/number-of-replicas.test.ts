import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  judgeReplicas,
  parseNumberOfReplicas,
  tableText,
} from "../../../../src/operations/cratedb/number-of-replicas.ts";

const table = (numberOfReplicas: string, partition: string | null = null) => ({
  schema: "doc",
  table: "t1",
  partition,
  numberOfReplicas,
});

describe("number_of_replicas", () => {
  it.each([
    ["0", 0, 0],
    ["5", 5, 5],
    ["0-1", 0, 1],
    ["1-7", 1, 7],
    ["5-all", 5, Number.POSITIVE_INFINITY],
    ["all", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["all-all", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])("%s is from %d to %d", (text, least, most) => {
    expect(parseNumberOfReplicas(text)).toEqual({ least, most });
  });

  it.each(["", "-1", "1-", "-", "x", "1-2-3", "1.5", "2-1", "all-1"])("%j is none", (text) => {
    expect(parseNumberOfReplicas(text)).toBeNull();
  });

  it("reads back what it is written from", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.option(fc.nat(1000)), (least, more) => {
        const text = more === null ? `${least}-all` : `${least}-${least + more}`;
        expect(parseNumberOfReplicas(text)).toEqual({
          least,
          most: more === null ? Number.POSITIVE_INFINITY : least + more,
        });
      }),
    );
  });
});

describe("what tables need of the nodes that remain", () => {
  it("refuses the lower end, warns of the upper one", () => {
    const { tooMany, fewer, unreadable } = judgeReplicas([table("2"), table("1-2"), table("0-1"), table("what")], 2);
    expect(tooMany).toEqual([{ name: "doc.t1", numberOfReplicas: "2", nodesNeeded: 3 }]);
    expect(fewer).toEqual([{ name: "doc.t1", numberOfReplicas: "1-2", nodesNeeded: 3 }]);
    expect(unreadable.map(({ numberOfReplicas }) => numberOfReplicas)).toEqual(["what"]);
  });

  it("names a partition by its values", () => {
    expect(judgeReplicas([table("3", "day=1")], 2).tooMany.map(({ name }) => name)).toEqual(["doc.t1 partition day=1"]);
    expect(tableText(table("1"))).toBe("doc.t1");
  });

  it("lets n-all shrink in silence, but not to a single copy", () => {
    expect(judgeReplicas([table("0-all")], 2)).toEqual({ tooMany: [], fewer: [], unreadable: [] });
    expect(judgeReplicas([table("0-all")], 1).fewer).toHaveLength(1);
    expect(judgeReplicas([table("1-all")], 1).tooMany).toHaveLength(1);
  });

  it("never calls fine what has no place for its least copies, nor refuses what has; more nodes never hurt", () => {
    const need = fc.tuple(fc.nat(6), fc.option(fc.nat(6), { nil: undefined }), fc.boolean());
    fc.assert(
      fc.property(need, fc.integer({ min: 1, max: 8 }), ([least, more, open], nodes) => {
        const text = open ? `${least}-all` : more === undefined ? `${least}` : `${least}-${least + more}`;
        const { tooMany, fewer } = judgeReplicas([table(text)], nodes);
        expect(tooMany.length === 1).toBe(least + 1 > nodes);
        expect(tooMany.length + fewer.length).toBeLessThanOrEqual(1);
        const after = judgeReplicas([table(text)], nodes + 1);
        expect(after.tooMany.length).toBeLessThanOrEqual(tooMany.length);
        if (!open && tooMany.length === 0) expect(fewer.length === 1).toBe(least + (more ?? 0) + 1 > nodes);
      }),
    );
  });
});
