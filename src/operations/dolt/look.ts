import { fail } from "../../domain/errors.ts";
import {
  type DataState,
  type DoltAddress,
  DoltError,
  type DoltIdentity,
  type DoltSession,
  type ReplicationRow,
  type ServerDetails,
} from "../../ports/dolt-servers.ts";
import type { PodView, WorkloadView } from "../../ports/workloads.ts";
import type { OperationContext } from "../operation.ts";

/** How long one server may take to say what it is; the others are asked side by side, so it is also the whole look's bound. */
export const lookDeadlineMs = 2_000;

/** A target's workload and what each of its servers says of itself, all asked at the same time. */
export interface DoltView {
  readonly workload: WorkloadView;
  readonly credentials: { readonly username: string; readonly password: string };
  /** One for each ordinal, in order. */
  readonly nodes: readonly DoltNode[];
  /** By pod, how its state compares with the primary's; only of those that were compared, as their lag is unknown. */
  readonly comparisons: ReadonlyMap<string, StateComparison>;
  /** By pod, the configuration its server starts with; missing where nobody looked, or where it could not be seen. */
  readonly configurations?: ReadonlyMap<string, ServerConfiguration>;
}

/** What a server's YAML says of its cluster (dolt.md, “Server configuration”). */
export interface ServerConfiguration {
  /** What it is when its volume is empty; an empty value means primary. */
  readonly bootstrapRole: "primary" | "standby";
  readonly bootstrapEpoch: number;
  readonly remotes: readonly { readonly name: string; readonly urlTemplate: string }[];
  /** Port of the remotes API, over which it is replicated to. */
  readonly remotesPort: number;
}

export type StateComparison =
  | { readonly kind: "equal" }
  | { readonly kind: "unequal"; readonly differences: readonly string[] }
  | { readonly kind: "failed"; readonly why: string };

export interface DoltNode {
  readonly name: string;
  readonly pod: PodView | null;
  /** What the server answered; null when it did not, and then `silence` says why. */
  readonly answer: DoltAnswer | null;
  readonly silence: Silence | null;
}

export interface DoltAnswer extends DoltIdentity {
  readonly databases: readonly string[];
  readonly replication: readonly ReplicationRow[];
  readonly privileges: Pick<DataState, "users" | "branchControl">;
  readonly details: ServerDetails;
}

/**
 * - `stopped`: the kubelet saw its container terminated and none started since: it cannot be a primary now.
 * - `login`: it answers and refuses the credentials.
 * - `silent`: it may run and be anything; its silence proves nothing. So does a missing pod object: a node that is lost
 *   goes on running what was deleted by force.
 */
export interface Silence {
  readonly kind: "stopped" | "login" | "silent";
  readonly text: string;
}

/** Looks at the workload, its pods and every server. Throws when the workload is gone or the Kubernetes API does not answer. */
export async function lookAtDolt(context: OperationContext): Promise<DoltView> {
  const workload = await lookAtWorkload(context);
  const credentials = await credentialsOf(context, workload);
  const nodes = await Promise.all(
    workload.pods.map(async ({ name, pod }): Promise<DoltNode> => {
      const stopped = stoppedBecause(pod);
      if (stopped !== null) return { name, pod, answer: null, silence: { kind: "stopped", text: stopped } };
      if (pod === null) return { name, pod, answer: null, silence: { kind: "silent", text: "its pod is missing" } };
      try {
        return { name, pod, answer: await ask(context, addressOf(name, pod, credentials)), silence: null };
      } catch (error) {
        return { name, pod, answer: null, silence: silenceOf(error) };
      }
    }),
  );
  return { workload, credentials, nodes, comparisons: new Map() };
}

export async function lookAtWorkload(context: OperationContext): Promise<WorkloadView> {
  const workload = await context.workloads.look(context.target, context.signal);
  if (workload === null) throw fail("target_unknown", { given: context.targetName, known: [] });
  return workload;
}

/** The annotated Secret's credentials; without one, Dolt's own default: root without a password. */
export async function credentialsOf(context: OperationContext, workload: WorkloadView) {
  return (await context.workloads.credentials(workload, context.signal)) ?? { username: "root", password: "" };
}

/** Where a pod's server is reached. Throws a DoltError `unreachable` for a pod without an address. */
export function addressOf(
  name: string,
  pod: PodView | null,
  credentials: { readonly username: string; readonly password: string },
): DoltAddress {
  if (pod === null || pod.ip === null) throw new DoltError("unreachable", `${name} has no address`);
  return { host: pod.ip, port: pod.port ?? 3306, ...credentials };
}

async function ask(context: OperationContext, address: DoltAddress): Promise<DoltAnswer> {
  const options = { deadlineMs: lookDeadlineMs, signal: context.signal };
  const session = await context.dolt.connect(address, options);
  try {
    return await answerOf(session, options);
  } finally {
    session.close();
  }
}

async function answerOf(
  session: DoltSession,
  options: { deadlineMs: number; signal: AbortSignal },
): Promise<DoltAnswer> {
  const identity = await session.identity(options);
  const databases = await session.databases(options);
  const replication = await session.replication(options);
  const privileges = await session.privileges(options);
  const details = await session.details(options);
  return { ...identity, databases, replication, privileges, details };
}

/** Why no server can be running in this pod, or null when one may. */
function stoppedBecause(pod: PodView | null): string | null {
  return pod?.container.state === "stopped" ? pod.container.text : null;
}

function silenceOf(error: unknown): Silence {
  if (error instanceof DoltError && error.outcome === "login") return { kind: "login", text: error.message };
  return { kind: "silent", text: error instanceof Error ? error.message : String(error) };
}
