import { fail } from "../../../../src/domain/errors.ts";
import type { OperationContext } from "../../../../src/operations/operation.ts";
import type { CrateClusters } from "../../../../src/ports/crate-clusters.ts";
import { type CrateCluster, CrateError } from "../../../../src/ports/crate-servers.ts";
import type { Workloads } from "../../../../src/ports/workloads.ts";

/** `before`: the cluster never hears of the write; `after`: it was done, and nobody heard; `lost`: only its answer is lost. */
export type Death = "before" | "after" | "lost";

/** The real ports of a process that dies at its n-th write: from then on nothing that it asked is answered. */
export class DyingPorts {
  readonly #at: number;
  readonly #how: Death;
  readonly #died = Promise.withResolvers<"dead">();
  #writes = 0;
  #isDead = false;

  /** @param at from 1; infinity: never */
  constructor(at: number, how: Death) {
    this.#at = at;
    this.#how = how;
  }

  get died(): Promise<"dead"> {
    return this.#died.promise;
  }

  get writes(): number {
    return this.#writes;
  }

  of(context: OperationContext): Pick<OperationContext, "workloads" | "crateClusters" | "crate"> {
    return {
      workloads: this.#workloads(context.workloads),
      crateClusters: this.#clusters(context.crateClusters),
      crate: { open: (addresses, access) => this.#database(context.crate.open(addresses, access)) },
    };
  }

  async #write<T>(lost: () => Error, work: () => Promise<T>): Promise<T> {
    if (this.#isDead) return await never();
    this.#writes += 1;
    const isNow = this.#writes === this.#at;
    if (isNow && this.#how === "before") return await this.#die();
    const result = await work();
    if (isNow && this.#how === "after") return await this.#die();
    if (isNow) throw lost();
    return result;
  }

  #die<T>(): Promise<T> {
    this.#isDead = true;
    this.#died.resolve("dead");
    return never();
  }

  #kubernetes<T>(work: () => Promise<T>): Promise<T> {
    return this.#write(() => fail("kubernetes_away", { doing: "writing", why: "the answer was lost" }), work);
  }

  #sql(work: () => Promise<void>): Promise<void> {
    return this.#write(() => new CrateError("unknown", "the answer was lost"), work);
  }

  #workloads(real: Workloads): Workloads {
    return {
      scaling: real.scaling,
      rollouts: real.rollouts,
      targets: (...words) => real.targets(...words),
      marks: (...words) => real.marks(...words),
      look: (...words) => real.look(...words),
      labelPod: (...words) => real.labelPod(...words),
      evictPod: (...words) => this.#kubernetes(() => real.evictPod(...words)),
      events: (...words) => real.events(...words),
      podLog: (...words) => real.podLog(...words),
      surroundings: (...words) => real.surroundings(...words),
      credentials: (...words) => real.credentials(...words),
      freezes: (...words) => real.freezes(...words),
    };
  }

  #clusters(real: CrateClusters): CrateClusters {
    return {
      look: (...words) => (this.#isDead ? never() : real.look(...words)),
      access: (...words) => real.access(...words),
      autoscalers: (...words) => real.autoscalers(...words),
      cronJobs: (...words) => real.cronJobs(...words),
      jobs: (...words) => real.jobs(...words),
      deployments: (...words) => real.deployments(...words),
      missingRights: (...words) => real.missingRights(...words),
      setReplicas: (...words) => this.#kubernetes(() => real.setReplicas(...words)),
      setStartUpArguments: (...words) => this.#kubernetes(() => real.setStartUpArguments(...words)),
      annotate: (...words) => this.#kubernetes(() => real.annotate(...words)),
      label: (...words) => this.#kubernetes(() => real.label(...words)),
      changeCronJob: (...words) => this.#kubernetes(() => real.changeCronJob(...words)),
      scaleDeployment: (...words) => this.#kubernetes(() => real.scaleDeployment(...words)),
    };
  }

  #database(real: CrateCluster): CrateCluster {
    return {
      nodes: (options) => real.nodes(options),
      state: (options) => real.state(options),
      health: (options) => real.health(options),
      shards: (options) => real.shards(options),
      tables: (options) => real.tables(options),
      allocations: (options) => real.allocations(options),
      nodeChecks: (options) => real.nodeChecks(options),
      acknowledgeChecks: (...words) => this.#sql(() => real.acknowledgeChecks(...words)),
      snapshotWork: (options) => real.snapshotWork(options),
      user: (options) => real.user(options),
      setGlobal: (...words) => this.#sql(() => real.setGlobal(...words)),
      resetGlobal: (...words) => this.#sql(() => real.resetGlobal(...words)),
      decommission: (...words) => this.#sql(() => real.decommission(...words)),
      reachable: (options) => real.reachable(options),
      useAddresses: (addresses) => real.useAddresses(addresses),
      close: () => real.close(),
    };
  }
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}
