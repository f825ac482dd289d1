import { describe, expect, it } from "vitest";
import { systemClock } from "../../../../src/adapters/clock.ts";
import type { AnsweringNode } from "../../../../src/operations/dolt/candidate.ts";
import type { DoltNode } from "../../../../src/operations/dolt/look.ts";
import { ReplicationWatch } from "../../../../src/operations/dolt/replicating.ts";
import type { OperationContext } from "../../../../src/operations/operation.ts";
import {
  type DataState,
  DoltError,
  type DoltSession,
  type ReplicationRow,
} from "../../../../src/ports/dolt-servers.ts";
import { noCluster } from "../../../support/no-cluster.ts";
import { answering, replicated, viewOf } from "./views.ts";

const name = "orders-1";

/** A standby whose own row says when it last heard of its primary. */
function standby(lastUpdateMs: number | null, uid = "new"): AnsweringNode {
  const replication = [replicated("orders-0", { role: "standby", lagMs: null, lastUpdateMs })];
  return answering(name, { replication }, { uid });
}

function primaryThatSays(row: Partial<ReplicationRow>): AnsweringNode {
  return answering("orders-0", { role: "primary", replication: [replicated(name, row)] });
}

/** What a watch says after each of these looks. */
async function judged(looks: readonly [AnsweringNode, DoltNode][], states: readonly DataState[] = []) {
  const watch = new ReplicationWatch(2_000);
  const context = contextWith(states);
  const told: string[] = [];
  for (const [primary, node] of looks) {
    const judgement = (await watch.judge(context, viewOf([primary, node]), primary, [name])).get(name);
    told.push(judgement !== undefined && "why" in judgement ? judgement.why : "replicates");
  }
  return told;
}

function contextWith(states: readonly DataState[]): OperationContext {
  const left = [...states];
  let nowMs = 0;
  return {
    ...noCluster,
    target: { namespace: "shop", workload: "orders" },
    targetName: "orders",
    // Each look is long after the one before.
    clock: { ...systemClock, monotonicMs: () => (nowMs += 10_000) },
    signal: AbortSignal.timeout(5_000),
    dolt: {
      connect: async () => {
        const state = left.shift();
        if (state === undefined) throw new DoltError("unreachable", "nobody is to be asked");
        return sessionWith({ dataState: async () => state });
      },
    },
  };
}

/** A session of which every other call is a failure of the test. */
function sessionWith(calls: Partial<DoltSession>): DoltSession {
  const known: DoltSession = Object.create({ close: () => undefined });
  return Object.assign(known, calls);
}

const state = (app: string): DataState => ({ databases: { app }, users: "u", branchControl: "b" });
const quiet = { lagMs: 0, error: null };
const silentSince = "it has not heard of app from orders-0 since its start";

describe("a standby that was restarted", () => {
  it("replicates again once its own last update has moved, whatever the primary says before", async () => {
    const primary = primaryThatSays(quiet);
    expect(
      await judged([
        [primary, standby(null)],
        [primary, standby(1_000)],
        [primary, standby(1_000)],
        [primary, standby(2_000)],
      ]),
    ).toEqual([silentSince, silentSince, silentSince, "replicates"]);
  });

  it("begins anew when its server was started again", async () => {
    const primary = primaryThatSays(quiet);
    expect(
      await judged([
        [primary, standby(5_000)],
        [primary, standby(null)],
        [primary, standby(6_000)],
        [primary, standby(7_000)],
      ]),
    ).toEqual([silentSince, silentSince, silentSince, "replicates"]);
  });

  it("is not the pod of its name that was seen before", async () => {
    const primary = primaryThatSays(quiet);
    expect(
      await judged([
        [primary, standby(5_000, "old")],
        [primary, standby(6_000, "new")],
        [primary, standby(7_000, "new")],
      ]),
    ).toEqual([silentSince, silentSince, "replicates"]);
  });

  it("waits while the lag is beyond the bound", async () => {
    const primary = primaryThatSays({ lagMs: 2_001, error: null });
    expect(
      await judged([
        [primary, standby(1_000)],
        [primary, standby(2_000)],
      ]),
    ).toEqual(["lag 2001 ms, more than 2000 ms", "lag 2001 ms, more than 2000 ms"]);
  });

  it.each([
    ["equal", state("same"), "replicates"],
    ["unequal", state("other"), expect.stringMatching(/it differs from the primary in database app/)],
  ])("is compared where the primary still tells of an old error: states %s", async (_, other, expected) => {
    const primary = primaryThatSays({ lagMs: 0, error: "dial tcp: connection refused" });
    const told = await judged(
      [
        [primary, standby(1_000)],
        [primary, standby(2_000)],
      ],
      [state("same"), other],
    );
    expect(told).toEqual(["replication of app fails: dial tcp: connection refused", expected]);
  });

  it("is behind as long as users or branch control are", async () => {
    const primary = primaryThatSays(quiet);
    const behind = (lastUpdateMs: number): DoltNode => {
      const node = standby(lastUpdateMs);
      return { ...node, answer: { ...node.answer, privileges: { users: "old", branchControl: "b" } } };
    };
    expect(
      await judged([
        [primary, behind(1_000)],
        [primary, behind(2_000)],
      ]),
    ).toEqual(["users and grants are behind", "users and grants are behind"]);
  });
});
