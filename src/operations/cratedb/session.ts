import { fail } from "../../domain/errors.ts";
import type { CrateClusterView, CrateSetView } from "../../ports/crate-clusters.ts";
import type { CrateAddress, CrateCallOptions, CrateCluster } from "../../ports/crate-servers.ts";
import type { OperationContext } from "../operation.ts";

/** How long one question to the cluster may take, all nodes tried. */
export const askWithinMs = 10_000;

/** One cluster as an operation works with it: its StatefulSets, and a client that follows its pods. */
export class CrateSession {
  /** Asks whichever node answers. */
  readonly database: CrateCluster;
  readonly #context: OperationContext;
  #cluster: CrateClusterView;

  private constructor(context: OperationContext, cluster: CrateClusterView, database: CrateCluster) {
    this.#context = context;
    this.#cluster = cluster;
    this.database = database;
  }

  /** Throws `crate_gone`, `dolt_access_invalid`, and as the Kubernetes API does. No node is dialled yet. */
  static async open(context: OperationContext): Promise<CrateSession> {
    const cluster = await readCluster(context, context.signal);
    const access = await context.crateClusters.access(cluster, context.signal);
    const database = context.crate.open(addressesOf(cluster, access.connectBy), access);
    return new CrateSession(context, cluster, database);
  }

  /** The StatefulSets as they were last read. */
  get cluster(): CrateClusterView {
    return this.#cluster;
  }

  /** Reads the StatefulSets again, and follows their pods: they come and go. */
  async refresh(signal: AbortSignal): Promise<CrateClusterView> {
    this.#cluster = await readCluster(this.#context, signal);
    const access = await this.#context.crateClusters.access(this.#cluster, signal);
    this.database.useAddresses(addressesOf(this.#cluster, access.connectBy));
    return this.#cluster;
  }

  options(signal: AbortSignal, deadlineMs = askWithinMs): CrateCallOptions {
    return { deadlineMs, signal };
  }

  async close(): Promise<void> {
    await this.database.close();
  }
}

async function readCluster(context: OperationContext, signal: AbortSignal): Promise<CrateClusterView> {
  const cluster = await context.crateClusters.look(context.target, signal);
  if (cluster === null) throw fail("crate_gone", { target: context.targetName });
  return cluster;
}

/** Ready ones first, and of these the ones that are not on their way out. */
export function addressesOf(cluster: CrateClusterView, connectBy: "ip" | "host"): CrateAddress[] {
  const found = cluster.sets.flatMap((set) =>
    set.pods.flatMap(({ name, pod }) => {
      if (pod === null || pod.ip === null) return [];
      const hosts = hostNames(set, name);
      const host = connectBy === "host" ? hosts[0] : pod.ip;
      if (host === undefined) return [];
      const rank = (pod.terminating ? 2 : 0) + (pod.ready ? 0 : 1);
      const tlsNames = [...hosts, pod.ip].filter((one) => one !== host);
      return [{ rank, address: { name, host, port: pod.port ?? 4200, tlsNames } }];
    }),
  );
  return found.toSorted((one, other) => one.rank - other.rank).map(({ address }) => address);
}

function hostNames({ serviceName, namespace }: CrateSetView, pod: string): string[] {
  if (serviceName === null) return [];
  const name = `${pod}.${serviceName}.${namespace}`;
  return [`${name}.svc`, name, `${name}.svc.cluster.local`];
}
