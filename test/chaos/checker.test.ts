import { describe, expect, it } from "vitest";
import { check, type Promises } from "./checker.ts";
import type { End, History, Read, Report, Write } from "./history.ts";

/** A checker that cannot fail is a defect: each promise is broken here once, and seen. */
describe("the checker of histories", () => {
  it("finds nothing in a hand-over that kept every promise", () => {
    expect(rulesOf({ writes: handOver })).toEqual([]);
  });

  describe("a write that was acknowledged and is gone", () => {
    const lost = [...handOver, write(9, "orders-1", 60, 61)];

    it("is lost", () => expect(rulesOf({ writes: lost })).toEqual(["write lost"]));
    it("is lost although a standby still has it: the primary will take it away", () => {
      const end = endWith({ nodes: nodes({ "orders-0": [1, 2, 3, 9], "orders-1": [1, 2, 3] }) });
      expect(rulesOf({ writes: lost, end })).toEqual(["write lost"]);
    });
    it("is lost with warning 3024 too: it was acknowledged", () => {
      expect(rulesOf({ writes: [...handOver, write(9, "orders-1", 60, 61, { outcome: "ok_3024" })] })).toEqual([
        "write lost",
      ]);
    });
    it.each(["maybe", "refused"] as const)("is not lost when its answer was “%s”", (outcome) => {
      expect(rulesOf({ writes: [...handOver, write(9, "orders-1", 60, 61, { outcome })] })).toEqual([]);
    });
    it("is not the operation's loss when only the emptied volume had it", () => {
      expect(rulesOf({ writes: lost }, { lostWithVolume: new Set([9]) })).toEqual([]);
    });
    it("is not lost while any server has it and none is the one primary", () => {
      const states = nodes({ "orders-0": [1, 2, 3, 9], "orders-1": [1, 2, 3] }).map((node) => ({
        ...node,
        role: "standby",
      }));
      const end = endWith({
        nodes: states,
        routed: [],
        takesWrites: false,
        reports: [told("npx handover dolt repair")],
      });
      expect(rulesOf({ writes: lost, end })).toEqual([]);
    });
  });

  describe("an unplanned promotion", () => {
    const writes = [...handOver, write(9, "orders-0", 60, 61)];

    it("may lose what no standby had acknowledged", () => {
      expect(rulesOf({ writes }, { kind: "unplanned" })).toEqual([]);
    });
    it("may not lose an OK that waited for every standby", () => {
      expect(rulesOf({ writes }, { kind: "unplanned", acknowledgedByStandbys: true })).toEqual(["write lost"]);
    });
    it("may lose an OK that warned that a standby was late", () => {
      const warned = [...handOver, write(9, "orders-0", 60, 61, { outcome: "ok_3024" })];
      expect(rulesOf({ writes: warned }, { kind: "unplanned", acknowledgedByStandbys: true })).toEqual([]);
    });
    it("may have two servers writable until they meet", () => {
      expect(rulesOf({ writes: both }, { kind: "unplanned" })).toEqual([]);
    });
  });

  describe("two servers that accept writes", () => {
    it("at one time are found, though no reader saw it", () => {
      expect(rulesOf({ writes: both })).toEqual(["two writable"]);
    });
    it("are found when a single write of one lies between two of the other's connection", () => {
      const between = [
        write(1, "orders-0", 0, 1),
        write(2, "orders-1", 5, 6, { connection: "b" }),
        write(3, "orders-0", 10, 11),
        write(4, "orders-1", 7, 8, { connection: "b" }),
      ];
      expect(rulesOf({ writes: between, end: endWith({ nodes: nodes({ "orders-1": [1, 2, 3, 4] }) }) })).toEqual([
        "two writable",
      ]);
    });
    it("one after the other, and back again over a new connection, are a hand-over undone", () => {
      const undone = [
        write(1, "orders-0", 0, 1),
        write(2, "orders-1", 5, 6, { connection: "b" }),
        write(3, "orders-0", 10, 11, { connection: "a again" }),
      ];
      expect(rulesOf({ writes: undone })).toEqual([]);
    });
    it("are not told from one another while a write's answer was on its way", () => {
      const late = [write(1, "orders-0", 0, 1), write(2, "orders-0", 2, 30), write(3, "orders-1", 20, 21)];
      expect(rulesOf({ writes: late })).toEqual([]);
    });
  });

  describe("a server that takes writes and lacks one acknowledged before it was asked", () => {
    it("was promoted with an older state", () => {
      expect(rulesOf({ writes: handOver, reads: [read("orders-1", 50, [1, 2])] })).toEqual(["stale read"]);
    });
    it.each([
      ["is a standby", { writable: false }],
      ["was asked before the acknowledgement", { startMs: 2 }],
    ])("is no such one when it %s", (_why, change) => {
      expect(rulesOf({ writes: handOver, reads: [{ ...read("orders-1", 50, [1]), ...change }] })).toEqual([]);
    });
  });

  it("finds a refused write that is there", () => {
    expect(rulesOf({ writes: [...handOver, write(3, "orders-0", 21, 22, { outcome: "refused" })] })).toEqual([
      "refused write kept",
    ]);
  });

  describe("an end", () => {
    const unrouted = { routed: [], takesWrites: false };

    it.each([
      ["no pod carries the label", unrouted],
      ["two carry it", { routed: ["orders-0", "orders-1"] }],
      ["another than the primary carries it", { routed: ["orders-0"] }],
      ["the routed primary takes no write", { takesWrites: false }],
    ])("without a word is broken when %s", (_what, change) => {
      expect(rulesOf({ writes: handOver, end: endWith(change) })).toEqual(["no routed primary"]);
    });
    it("needs a message that names a pod and a command", () => {
      const ask = (next: string) => rulesOf({ writes: handOver, end: endWith({ ...unrouted, reports: [told(next)] }) });
      expect(ask("Run: npx handover dolt relabel shop/orders")).toEqual([]);
      expect(ask("Look at the target's status.")).toEqual(["no advice"]);
    });
    it("is judged by the last word, not by one before it", () => {
      const reports = [told("npx handover dolt repair"), { ...told(""), problems: [] }];
      expect(rulesOf({ writes: handOver, end: endWith({ ...unrouted, reports }) })).toEqual(["no routed primary"]);
    });
    it.each([
      ["a holder that is gone", { holder: "worker-1", open: false }],
      ["an execution that nobody finished", { holder: null, open: true }],
    ])("leaves no lease with %s", (_what, lease) => {
      expect(rulesOf({ writes: handOver, end: endWith({ lease }) })).toEqual(["lease held"]);
    });
    it("may leave a lease that nobody holds", () => {
      expect(rulesOf({ writes: handOver, end: endWith({ lease: { holder: null, open: false } }) })).toEqual([]);
    });
  });
});

function rulesOf(given: Partial<History>, promises: Partial<Promises> = {}): string[] {
  const history = { writes: [], reads: [], end: endWith({}), ...given };
  const kept: Promises = {
    kind: "planned",
    acknowledgedByStandbys: false,
    lostWithVolume: new Set(),
    primaryLostItsVolume: false,
    ...promises,
  };
  return check(history, kept).map(({ rule }) => rule);
}

function write(id: number, server: string, startMs: number, endMs: number, change: Partial<Write> = {}): Write {
  return { id, client: "writer 1", server, connection: server, startMs, endMs, outcome: "ok", ...change };
}

function read(server: string, startMs: number, ids: number[]): Read {
  return { client: "reader 1", server, startMs, endMs: startMs + 1, writable: true, ids: new Set(ids) };
}

function nodes(held: Readonly<Record<string, readonly number[]>>): End["nodes"] {
  return Object.entries(held).map(([name, ids]) => {
    return { name, role: name === "orders-1" ? "primary" : "standby", epoch: 2, ids: new Set(ids) };
  });
}

function endWith(change: Partial<End>): End {
  return {
    nodes: nodes({ "orders-0": [1, 2, 3], "orders-1": [1, 2, 3] }),
    routed: ["orders-1"],
    lease: null,
    takesWrites: true,
    reports: [],
    ...change,
  };
}

function told(next: string): Report {
  return { exitCode: 4, state: "unknown", summary: null, problems: [{ code: "x", what: "orders-0 is broken.", next }] };
}

/** `orders-0` hands over to `orders-1`. */
const handOver = [write(1, "orders-0", 0, 1), write(2, "orders-0", 10, 11), write(3, "orders-1", 20, 21)];

/** Both take writes by turns, each over one connection. */
const both = [
  write(1, "orders-0", 0, 1),
  write(2, "orders-1", 5, 6),
  write(3, "orders-0", 10, 11),
  write(3, "orders-1", 15, 16),
];
