import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeVoting, masterCountObjection } from "../../../../src/operations/cratedb/voting.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `master-${index}`);
/** The last ones leave, as a StatefulSet lets them. */
const judge = (before: number, after: number, master: string | null = "master-0") =>
  judgeVoting(names(before), names(before).slice(after), master);

describe("the majority that has to stay", () => {
  it.each([
    [3, 1],
    [5, 1],
    [3, 0],
    [1, 0],
    [2, 0],
  ])("%i to %i is refused", (before, after) => {
    expect(judge(before, after).kind).toBe("refused");
  });

  it.each([
    [5, 3],
    [4, 3],
    [7, 5],
    [3, 3],
  ])("%i to %i is allowed without a word", (before, after) => {
    expect(judge(before, after)).toEqual({ kind: "allowed", warning: null });
  });

  it("3 to 2 is a warning", () => {
    expect(judge(3, 2)).toMatchObject({ kind: "allowed", warning: expect.stringContaining("both are needed") });
  });

  it("2 to 1 is refused when the master leaves, or when nobody knows who it is", () => {
    expect(judge(2, 1, "master-1")).toMatchObject({ kind: "refused", why: expect.stringContaining("master-1") });
    expect(judge(2, 1, null).kind).toBe("refused");
    expect(judge(2, 1, "master-0")).toMatchObject({ kind: "allowed", warning: expect.stringContaining("two votes") });
  });

  it("nodes that may not be elected leave as they like", () => {
    expect(judgeVoting(names(3), ["data-hot-2"], "master-0")).toEqual({ kind: "allowed", warning: null });
  });

  /** A model of Elasticsearch's reconfigurator: an odd configuration, never below three once it had three, changed only with a majority. */
  it("never allows what a model of the voting configuration loses its master by", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(9), (before, leaving) => {
        const after = Math.max(0, before - leaving);
        const verdict = judge(before, after);
        if (verdict.kind === "allowed" && verdict.warning === null) expect(keepsMaster(before, after)).toBe(true);
        if (!keepsMaster(before, after)) expect(verdict.kind).toBe("refused");
      }),
    );
  });
});

function keepsMaster(before: number, after: number): boolean {
  const live = new Set(names(before));
  let configuration = reconfigured(live, new Set(), before);
  for (const leaving of names(before).slice(after).reverse()) {
    live.delete(leaving);
    const votes = [...configuration].filter((name) => live.has(name)).length;
    if (votes * 2 <= configuration.size) return false;
    configuration = reconfigured(live, configuration, configuration.size);
  }
  return live.size > 0;
}

function reconfigured(live: ReadonlySet<string>, current: ReadonlySet<string>, size: number): ReadonlySet<string> {
  const odd = live.size - (live.size % 2 === 0 ? 1 : 0);
  const target = Math.max(odd, Math.min(3, size - (size % 2 === 0 ? 1 : 0)));
  const kept = [...current].sort((one, other) => Number(live.has(other)) - Number(live.has(one)));
  return new Set([...new Set([...live, ...kept])].slice(0, target));
}

describe("the number of dedicated masters", () => {
  it("is odd and at least three, or none", () => {
    fc.assert(
      fc.property(fc.nat(20), (masters) => {
        const isGood = masters === 0 || [3, 5, 7, 9, 11, 13, 15, 17, 19].includes(masters);
        expect(masterCountObjection(masters) === null).toBe(isGood);
      }),
    );
  });
});
