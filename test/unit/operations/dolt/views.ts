import type { AnsweringNode } from "../../../../src/operations/dolt/candidate.ts";
import type { DoltAnswer, DoltNode, DoltView, Silence } from "../../../../src/operations/dolt/look.ts";
import type { ReplicationRow } from "../../../../src/ports/dolt-servers.ts";
import type { PodView, WorkloadView } from "../../../../src/ports/workloads.ts";
import { plainAccess } from "../../../support/plain-access.ts";

/** What a look at the target `orders` shows, made of as little as a test has to say. */
export function viewOf(nodes: readonly DoltNode[], workload: Partial<WorkloadView> = {}): DoltView {
  return {
    workload: {
      namespace: "shop",
      name: "orders",
      uid: "u1",
      replicas: nodes.length,
      isObserved: true,
      serviceName: null,
      annotations: {},
      updateRevision: "r1",
      currentRevision: "r1",
      rollsFromOrdinal: null,
      pods: nodes.map(({ name, pod }) => ({ name, pod })),
      ...workload,
    },
    credentials: plainAccess,
    nodes,
    comparisons: new Map(),
  };
}

export function answering(name: string, answer: Partial<DoltAnswer>, pod: Partial<PodView> = {}): AnsweringNode {
  const role = answer.role ?? "standby";
  const databases = answer.databases ?? ["app"];
  return {
    name,
    pod: podOf(name, pod),
    silence: null,
    answer: {
      role,
      epoch: 1,
      readOnly: role !== "primary",
      version: "2.2.3",
      databases,
      replication: [],
      privileges: { users: "u", branchControl: "b" },
      details: {
        branches: Object.fromEntries(databases.map((database) => [database, ["main"]])),
        accounts: ["root@%"],
        settings: { dolt_cluster_ack_writes_timeout_secs: "0" },
        clockMs: 1_000,
      },
      ...answer,
    },
  };
}

export function silent(name: string, kind: Silence["kind"], pod: Partial<PodView> | null = {}): DoltNode {
  return { name, pod: pod === null ? null : podOf(name, pod), answer: null, silence: { kind, text: `${kind} it is` } };
}

/** A row of the primary's status about one standby. */
export function replicated(pod: string, row: Partial<ReplicationRow> = {}): ReplicationRow {
  return {
    database: "app",
    remote: pod,
    remoteUrl: `http://${pod}.orders-internal:50051/app`,
    role: "primary",
    epoch: 1,
    lagMs: 0,
    lastUpdateMs: 1,
    error: null,
    ...row,
  };
}

export function podOf(name: string, pod: Partial<PodView> = {}): PodView {
  return {
    uid: `uid of ${name}`,
    createdAtMs: 1_000,
    ip: `10.0.0.${Number(name.split("-").at(-1)) + 1}`,
    port: 3306,
    ready: true,
    readyChangedAtMs: null,
    terminating: false,
    revision: "r1",
    labels: {},
    container: { state: "running", text: "running" },
    ...pod,
  };
}
