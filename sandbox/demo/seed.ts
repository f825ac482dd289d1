import type { WrittenPolicy } from "../../src/domain/policy/written.ts";
import type { CrateTargetSpec } from "../crate-target.ts";
import type { DoltTargetSpec } from "../handle.ts";
import { people } from "../slack/people.ts";

/** The namespace of everything in the demo's cluster. */
export const namespace = "databases";

/** What the Runbook button opens. */
const runbook = "https://docs.dolthub.com/sql-reference/server/replication";

interface SeededTarget extends DoltTargetSpec {
  /** The database that its application writes to. */
  readonly writesTo: string;
}

/** What the demo's cluster holds. */
export const targets: readonly SeededTarget[] = [dolt("orders", "orders"), dolt("billing", "invoices", "ledger")];

function dolt(name: string, writesTo: string, ...others: readonly string[]): SeededTarget {
  const annotations = { "handover.dev/runbook": runbook };
  return { namespace, name, replicas: 3, databases: [writesTo, ...others], writesTo, annotations };
}

const mebibyte = 1024 ** 2;

/** How fast shards are copied there, when nobody slows it down: slowly enough to be watched. */
export const crateBytesPerSecond = 64 * mebibyte;

/** A CrateDB cluster of three nodes, simulated. */
export const crateTarget: CrateTargetSpec = {
  namespace,
  name: "metrics",
  groups: { hot: 3 },
  pace: { bytesPerSecond: crateBytesPerSecond, faultDetectionMs: 5000, snapshotMs: 20_000 },
  diskBytes: 10 * 1024 * mebibyte,
  annotations: { "handover.dev/runbook": "https://cratedb.com/docs/guide/admin/" },
  tables: [
    {
      name: "samples",
      shards: 4,
      replicas: "1",
      shardBytes: 96 * mebibyte,
      days: ["2026-11-19", "2026-11-20", "2026-11-21"],
    },
    { name: "devices", shards: 2, replicas: "0-1", shardBytes: 8 * mebibyte },
  ],
};

const { alice, bob, carol } = people;

export const policy: WrittenPolicy = [
  {
    name: "databases",
    operations: ["dolt.*", "cratedb.*"],
    clusters: ["*"],
    namespaces: [namespace],
    targets: ["*"],
    requesters: [alice.id, bob.id],
    approvers: [bob.id, carol.id],
    approvals: 1,
    expiresAfterMinutes: 15,
  },
  {
    name: "freezing",
    operations: ["handover.freeze", "handover.unfreeze"],
    requesters: [alice.id, bob.id],
    approvals: 0,
  },
];
