import type { CallOptions, DoltAddress, DoltServers, DoltSession } from "../../../../src/ports/dolt-servers.ts";
import type { Eviction, PodReference, Workloads, WorkloadView } from "../../../../src/ports/workloads.ts";

/** What a test does around a call that changes roles: the place where a fault has to come at that very moment. */
export interface RoleCalls {
  readonly beforeDemotion?: (host: string) => Promise<void>;
  readonly afterDemotion?: (host: string) => Promise<void>;
  /** How long a demotion's answer is waited for; default: what the operation says. */
  readonly demotionDeadlineMs?: number;
  /** The demotion was called, and whether it was done is not known. */
  readonly demotionLost?: () => Promise<void>;
  readonly beforeRole?: (host: string, role: "primary" | "standby", epoch: number) => Promise<void>;
  readonly afterRole?: (host: string, role: "primary" | "standby", epoch: number) => Promise<void>;
}

/** Real servers, with a test's acts around the calls that change roles. */
export class InterceptedServers implements DoltServers {
  readonly #real: DoltServers;
  readonly #calls: RoleCalls;

  constructor(real: DoltServers, calls: RoleCalls) {
    this.#real = real;
    this.#calls = calls;
  }

  async connect(address: DoltAddress, options: CallOptions): Promise<DoltSession> {
    const real = await this.#real.connect(address, options);
    const calls = this.#calls;
    const { host } = address;
    return {
      evidence: real.evidence,
      backups: real.backups,
      identity: (call) => real.identity(call),
      databases: (call) => real.databases(call),
      replication: (call) => real.replication(call),
      privileges: (call) => real.privileges(call),
      details: (call) => real.details(call),
      dataState: (call) => real.dataState(call),
      close: () => real.close(),
      async assumeRole(role, epoch, call) {
        await calls.beforeRole?.(host, role, epoch);
        await real.assumeRole(role, epoch, call);
        await calls.afterRole?.(host, role, epoch);
      },
      async transitionToStandby(epoch, minCaughtUp, call) {
        await calls.beforeDemotion?.(host);
        const deadlineMs = calls.demotionDeadlineMs ?? call.deadlineMs;
        const rows = await real
          .transitionToStandby(epoch, minCaughtUp, { ...call, deadlineMs })
          .catch(async (error) => {
            await calls.demotionLost?.();
            throw error;
          });
        await calls.afterDemotion?.(host);
        return rows;
      },
    };
  }
}

/** Real workloads, with a test's act before each look and around each label. */
export function interceptedWorkloads(
  real: Workloads,
  calls: {
    readonly beforeLook?: () => Promise<void>;
    /** What a look shows instead of what there is. */
    readonly seen?: (view: WorkloadView) => WorkloadView;
    readonly beforeLabel?: (pod: PodReference, value: string) => Promise<void>;
    readonly afterLabel?: (pod: PodReference, value: string) => Promise<void>;
    readonly beforeEviction?: (pod: PodReference) => Promise<void>;
    readonly afterEviction?: (pod: PodReference, eviction: Eviction) => Promise<void>;
  },
): Workloads {
  return {
    targets: (signal) => real.targets(signal),
    marks: (target, signal) => real.marks(target, signal),
    async look(target, signal) {
      await calls.beforeLook?.();
      const view = await real.look(target, signal);
      return view === null || calls.seen === undefined ? view : calls.seen(view);
    },
    async labelPod(pod, label, value, signal) {
      await calls.beforeLabel?.(pod, value);
      await real.labelPod(pod, label, value, signal);
      await calls.afterLabel?.(pod, value);
    },
    async evictPod(pod, signal) {
      await calls.beforeEviction?.(pod);
      const eviction = await real.evictPod(pod, signal);
      await calls.afterEviction?.(pod, eviction);
      return eviction;
    },
    events: (object, signal) => real.events(object, signal),
    podLog: (pod, lines, signal) => real.podLog(pod, lines, signal),
    scaling: real.scaling,
    rollouts: real.rollouts,
    surroundings: (target, signal) => real.surroundings(target, signal),
    freezes: (namespace, signal) => real.freezes(namespace, signal),
    credentials: (view, signal) => real.credentials(view, signal),
  };
}
