import type { WrittenPolicy } from "../../src/domain/policy/written.ts";
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

const { alice, bob, carol } = people;

export const policy: WrittenPolicy = [
  {
    name: "databases",
    operations: ["dolt.*"],
    clusters: ["*"],
    namespaces: [namespace],
    targets: ["*"],
    requesters: [alice.id, bob.id],
    approvers: [bob.id, carol.id],
    approvals: 1,
    expiresAfterMinutes: 15,
  },
];
