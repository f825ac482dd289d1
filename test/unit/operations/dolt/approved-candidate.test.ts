import { describe, expect, it } from "vitest";
import { type AnsweringNode, chooseCandidate } from "../../../../src/operations/dolt/candidate.ts";
import type { DoltView } from "../../../../src/operations/dolt/look.ts";
import type { PodView } from "../../../../src/ports/workloads.ts";

const parameters = { minCaughtUp: 0, maxLagMs: 2_000 };
const privileges = { users: "u", branchControl: "b" };

/** Of equal standbys under writes now one has the smaller lag, now the other. */
describe("the candidate, when an approved plan is looked at again", () => {
  it("is the best one as long as nobody has approved anything", () => {
    expect(chosen({ "orders-1": 514, "orders-2": 495 })).toBe("orders-2");
  });

  it("stays the approved one, though another is ahead by now", () => {
    expect(chosen({ "orders-1": 514, "orders-2": 495 }, "orders-1")).toBe("orders-1");
  });

  it("is another when the approved one is not fit any more", () => {
    expect(chosen({ "orders-1": 2_001, "orders-2": 495 }, "orders-1")).toBe("orders-2");
  });
});

function chosen(lags: Readonly<Record<string, number>>, approved?: string): string | null {
  const { view, primary } = viewWith(lags);
  const choice = chooseCandidate(view, primary, parameters, approved);
  return choice.kind === "chosen" ? choice.node.name : null;
}

function viewWith(lags: Readonly<Record<string, number>>): { view: DoltView; primary: AnsweringNode } {
  const replication = Object.entries(lags).map(([pod, lagMs]) => ({
    database: "orders",
    remote: pod,
    remoteUrl: `http://${pod}:50051/orders`,
    role: "primary" as const,
    epoch: 1,
    lagMs,
    lastUpdateMs: 1,
    error: null,
  }));
  const node = (name: string, role: "primary" | "standby"): AnsweringNode => ({
    name,
    pod: podView(name),
    silence: null,
    answer: {
      role,
      epoch: 1,
      readOnly: role === "standby",
      version: "2.2.3",
      databases: ["orders"],
      replication: role === "primary" ? replication : [],
      privileges,
    },
  });
  const primary = node("orders-0", "primary");
  const nodes = [primary, ...Object.keys(lags).map((name) => node(name, "standby"))];
  const workload = {
    namespace: "shop",
    name: "orders",
    uid: "u1",
    replicas: nodes.length,
    annotations: {},
    updateRevision: "r1",
    currentRevision: "r1",
    rollsFromOrdinal: null,
    pods: nodes.map(({ name, pod }) => ({ name, pod })),
  };
  return { view: { workload, credentials: { username: "root", password: "" }, nodes }, primary };
}

function podView(name: string): PodView {
  return {
    uid: `uid of ${name}`,
    ip: "127.0.0.2",
    port: 3306,
    ready: true,
    terminating: false,
    revision: "r1",
    labels: {},
    container: { state: "running", text: "running" },
  };
}
