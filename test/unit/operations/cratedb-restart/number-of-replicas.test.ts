import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  judgeReplicas,
  parseNumberOfReplicas,
  tableText,
} from "../../../../src/operations/cratedb/number-of-replicas.ts";

const table = (text: string, partitionValues: Readonly<Record<string, unknown>> | null = null) => {
  const replicas = parseNumberOfReplicas(text);
  if (replicas === null) throw new Error(`${text} is no number of replicas`);
  return { schema: "doc", table: "t1", partition: partitionValues && "04732d1g60", partitionValues, replicas };
};

describe("number_of_replicas", () => {
  it.each([
    ["0", 0, 0],
    ["5", 5, 5],
    ["0-1", 0, 1],
    ["1-7", 1, 7],
    ["5-all", 5, null],
    ["all", Number.POSITIVE_INFINITY, null],
    ["all-all", Number.POSITIVE_INFINITY, null],
  ])("%s is from %d to %s", (text, min, max) => {
    expect(parseNumberOfReplicas(text)).toEqual({ text, min, max });
  });

  it.each(["", "-1", "1-", "-", "x", "1-2-3", "1.5", "2-1", "all-1"])("%j is none", (text) => {
    expect(parseNumberOfReplicas(text)).toBeNull();
  });

  it("reads back what it is written from", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.option(fc.nat(1000)), (least, more) => {
        const text = more === null ? `${least}-all` : `${least}-${least + more}`;
        expect(parseNumberOfReplicas(text)).toEqual({ text, min: least, max: more === null ? null : least + more });
      }),
    );
  });
});

describe("what tables need of the nodes that remain", () => {
  it("refuses the lower end, warns of the upper one", () => {
    const { tooMany, fewer } = judgeReplicas([table("2"), table("1-2"), table("0-1")], 2);
    expect(tooMany).toEqual([{ name: "doc.t1", replicas: "2", nodesNeeded: 3 }]);
    expect(fewer).toEqual([{ name: "doc.t1", replicas: "1-2", nodesNeeded: 3 }]);
  });

  it("names a partition by its values", () => {
    expect(judgeReplicas([table("3", { day: 1 })], 2).tooMany.map(({ name }) => name)).toEqual([
      "doc.t1 partition day=1",
    ]);
    expect(tableText(table("1"))).toBe("doc.t1");
    expect(tableText(table("1", {}))).toBe("doc.t1 partition 04732d1g60");
  });

  it("lets n-all shrink in silence, but not to a single copy", () => {
    expect(judgeReplicas([table("0-all")], 2)).toEqual({ tooMany: [], fewer: [] });
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
