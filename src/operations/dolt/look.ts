import { fail } from "../../domain/errors.ts";
import {
  type CallOptions,
  type DataState,
  type DoltAccess,
  type DoltAddress,
  DoltError,
  type DoltIdentity,
  type DoltTls,
  type ReplicationRow,
  type ServerDetails,
  type TlsTrouble,
} from "../../ports/dolt-servers.ts";
import type { PodView, WorkloadView } from "../../ports/workloads.ts";
import type { OperationContext } from "../operation.ts";
import { missingOnPrimary } from "./primary-lacks.ts";

/** How long one server may take to say what it is; the others are asked side by side, so it is also the whole look's bound. */
export const lookDeadlineMs = 2_000;

/**
 * When to look again whether the primary still lacks something. A push takes less than that, and a status has to come within
 * its 2 s all the same.
 */
const missingAgainAfterMs = 500;
/** What a second look needs of the time that is left. */
const secondLookMs = 300;

/** A target's workload and what each of its servers says of itself, all asked at the same time. */
export interface DoltView {
  readonly workload: WorkloadView;
  readonly credentials: DoltAccess;
  /** One for each ordinal, in order. */
  readonly nodes: readonly DoltNode[];
  /** By pod, how its state compares with the primary's; only of those that were compared, as their lag is unknown. */
  readonly comparisons: ReadonlyMap<string, StateComparison>;
  /** What the primary lacked in the last of two looks only, in words: it was dropped at that very moment. */
  readonly passing?: ReadonlySet<string>;
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
  /** Of a silent one that is there: only TLS is in the way, and what of it. */
  readonly tls?: TlsTrouble;
}

export interface LookOptions {
  /** How long all questions to one server may take together; without it, each of them may take `lookDeadlineMs`. */
  readonly wholeMs?: number;
}

/** Looks at the workload, its pods and every server. Throws when the workload is gone or the Kubernetes API does not answer. */
export async function lookAtDolt(context: OperationContext, options: LookOptions = {}): Promise<DoltView> {
  const { clock, signal } = context;
  const startedAtMs = clock.monotonicMs();
  const first = await lookOnce(context, options);
  const missing = new Set(missingOnPrimary(first.nodes));
  if (missing.size === 0) return first;
  // What is dropped right now is missing on the primary for as long as the next push takes: only what stays so counts.
  const leftMs = options.wholeMs === undefined ? null : options.wholeMs - (clock.monotonicMs() - startedAtMs);
  if (leftMs !== null && leftMs < missingAgainAfterMs + secondLookMs) return first;
  await clock.sleep(missingAgainAfterMs, signal);
  const second = await lookOnce(context, leftMs === null ? {} : { wholeMs: leftMs - missingAgainAfterMs });
  return { ...second, passing: new Set(missingOnPrimary(second.nodes).filter((text) => !missing.has(text))) };
}

async function lookOnce(context: OperationContext, options: LookOptions): Promise<DoltView> {
  const workload = await lookAtWorkload(context);
  const credentials = await credentialsOf(context, workload);
  const nodes = await Promise.all(
    workload.pods.map(async ({ name, pod }): Promise<DoltNode> => {
      const stopped = stoppedBecause(pod);
      if (stopped !== null) return { name, pod, answer: null, silence: { kind: "stopped", text: stopped } };
      if (pod === null) return { name, pod, answer: null, silence: { kind: "silent", text: "its pod is missing" } };
      const inquiry = new Inquiry(context, options);
      try {
        const answer = await inquiry.ask(addressOf(name, pod, credentials, workload));
        return { name, pod, answer, silence: null };
      } catch (error) {
        return { name, pod, answer: null, silence: inquiry.silenceOf(error) };
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

export function credentialsOf(context: OperationContext, workload: WorkloadView): Promise<DoltAccess> {
  return context.workloads.credentials(workload, context.signal);
}

/** Where a pod's server is reached, and as whom. Throws a DoltError `unreachable` for a pod without an address. */
export function addressOf(
  name: string,
  pod: PodView | null,
  access: DoltAccess,
  workload: Pick<WorkloadView, "namespace" | "serviceName">,
): DoltAddress {
  if (pod === null || pod.ip === null) throw new DoltError("unreachable", `${name} has no address`);
  const hosts = hostNames(name, workload);
  const [host] = access.connectBy === "host" ? hosts : [pod.ip];
  if (host === undefined) throw new DoltError("unreachable", `${name} has no host name: no serviceName is set`);
  const { username, password } = access;
  return { host, port: pod.port ?? 3306, username, password, tls: tlsFor(access, [...hosts, pod.ip]) };
}

function tlsFor({ tls }: DoltAccess, names: readonly string[]): DoltTls | null {
  if (tls === null || tls.mode === "insecure") return tls;
  const [first, ...others] = tls.serverName === null ? names : [tls.serverName];
  return { mode: "verified", ca: tls.ca, names: [first ?? "", ...others] };
}

/** A pod's names in DNS, the one that certificates have by doltclusterctl's convention first. */
function hostNames(pod: string, { namespace, serviceName }: Pick<WorkloadView, "namespace" | "serviceName">): string[] {
  if (serviceName === null) return [];
  const name = `${pod}.${serviceName}.${namespace}`;
  return [name, `${name}.svc`, `${name}.svc.cluster.local`];
}

/** The questions to one server. */
class Inquiry {
  readonly #context: OperationContext;
  readonly #endsAtMs: number | null;
  readonly #wholeMs: number;
  #heard: DoltIdentity | null = null;

  constructor(context: OperationContext, { wholeMs }: LookOptions) {
    this.#context = context;
    this.#wholeMs = wholeMs ?? lookDeadlineMs;
    this.#endsAtMs = wholeMs === undefined ? null : context.clock.monotonicMs() + wholeMs;
  }

  async ask(address: DoltAddress): Promise<DoltAnswer> {
    const session = await this.#context.dolt.connect(address, this.#options());
    try {
      const identity = await session.identity(this.#options());
      this.#heard = identity;
      const databases = await session.databases(this.#options());
      const replication = await session.replication(this.#options());
      const privileges = await session.privileges(this.#options());
      const details = await session.details(this.#options());
      return { ...identity, databases, replication, privileges, details };
    } finally {
      session.close();
    }
  }

  /** What the failure of a question says of the server. One that said what it is and then fell silent is silent all the same. */
  silenceOf(error: unknown): Silence {
    if (error instanceof DoltError && error.outcome === "login") return { kind: "login", text: error.message };
    const text = this.#isOver() ? `no answer within ${this.#wholeMs} ms` : messageOf(error);
    if (this.#heard === null) {
      const tls = error instanceof DoltError ? error.tls : null;
      return { kind: "silent", text, ...(tls === null ? {} : { tls }) };
    }
    const { role, epoch } = this.#heard;
    return { kind: "silent", text: `said that it is ${role} at epoch ${epoch}, then: ${text}` };
  }

  #options(): CallOptions {
    const { signal } = this.#context;
    if (this.#endsAtMs === null) return { deadlineMs: lookDeadlineMs, signal };
    return { deadlineMs: Math.max(1, Math.ceil(this.#endsAtMs - this.#context.clock.monotonicMs())), signal };
  }

  #isOver(): boolean {
    return this.#endsAtMs !== null && this.#context.clock.monotonicMs() >= this.#endsAtMs;
  }
}

/** Why no server can be running in this pod, or null when one may. */
function stoppedBecause(pod: PodView | null): string | null {
  return pod?.container.state === "stopped" ? pod.container.text : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
