import { SqlError } from "../../../sandbox/dolt/sql/values.ts";
import { LEASES } from "../../../sandbox/kubernetes/resources.ts";
import {
  type Address,
  type ClientConnection,
  type Environment,
  type FaultTargets,
  Refusal,
  type WorkerEvents,
} from "../environment.ts";
import type { End, EndNode } from "../history.ts";
import { type Act, thief } from "../scenario.ts";
import { database, namespace, type SimulatedCluster, targetName } from "./cluster.ts";
import type { SqlConnection } from "./dolt-servers.ts";
import { SimulatedWorker, type Tamper } from "./worker.ts";

/** A simulated cluster as scenarios see it. */
export function simulatedEnvironment(cluster: SimulatedCluster, tamper?: Tamper): Environment {
  const addressed = (pod: string): Address | null => {
    const ip = cluster.kubelet.addressOf(pod);
    return ip === null ? null : { pod, ip };
  };
  return {
    clock: cluster.time,
    pods: cluster.pods,
    target: `${namespace}/${targetName}`,
    pace: { warmUpMs: 1_500, operationMs: 400_000, settleMs: 60_000, settleLookMs: 2_000, writeMs: 30_000 },
    clients: {
      routed: () => {
        const pod = cluster.routed();
        return pod === null ? null : addressed(pod);
      },
      addressOf: addressed,
      connect: async ({ ip }, client) => asClient(await cluster.connectTo(ip, client)),
    },
    newWorker: (name: string, events: WorkerEvents) => new SimulatedWorker(cluster, name, events, tamper),
    perform: (act, on) => perform(cluster, act, on),
    heal: () => cluster.heal(),
    nodes: () => Promise.all(cluster.wantedPods().map((pod) => nodeOf(cluster, pod))),
    labelled: async () => cluster.labelled(),
    lease: async () => leaseOf(cluster),
  };
}

function asClient(connection: SqlConnection): ClientConnection {
  const refused = (error: unknown) => (error instanceof SqlError ? new Refusal(error.message) : error);
  return {
    insert: async (id) => {
      try {
        const { warnings } = await connection.query(`INSERT INTO ${database}.t VALUES (?, 'w')`, [id]);
        return warnings.some((warning) => warning.code === 3024) ? "ok_3024" : "ok";
      } catch (error) {
        throw refused(error);
      }
    },
    isWritable: async () => (await connection.query("SELECT @@GLOBAL.read_only AS n")).rows[0]?.n === 0,
    ids: async () => {
      const { rows } = await connection.query(`SELECT id FROM ${database}.t`);
      return new Set(rows.map((row) => Number(row.id)));
    },
    close: () => connection.close(),
  };
}

async function nodeOf(cluster: SimulatedCluster, name: string): Promise<EndNode> {
  const server = cluster.kubelet.serverOf(name);
  const standing = cluster.kubelet.isFrozen(name) ? undefined : server?.standing;
  const ids = cluster.kubelet.heldBy(name, database);
  return { name, role: standing?.role ?? null, epoch: standing?.epoch ?? null, ids };
}

function leaseOf(cluster: SimulatedCluster): End["lease"] {
  const lease = cluster.kubernetes.registry.store.get(LEASES, namespace, leaseName);
  if (lease === undefined) return null;
  const { holderIdentity } = Object(lease.spec);
  const open = Object.keys(lease.metadata.annotations ?? {}).some((key) => key.endsWith("/execution"));
  return { holder: typeof holderIdentity === "string" && holderIdentity !== "" ? holderIdentity : null, open };
}

const leaseName = `handover-${targetName}`;

async function perform(cluster: SimulatedCluster, act: Act, on: FaultTargets): Promise<void> {
  const { kubelet, replication, kubernetes, sql, time } = cluster;
  const { worker, podOf } = on;
  const later = (forMs: number | null, undo: () => void) => {
    if (forMs !== null) time.at(forMs, undo);
  };
  switch (act.kind) {
    case "kill worker":
      return worker.life.kill();
    case "stop worker":
      worker.life.stop();
      return later(act.forMs, () => worker.life.goOn());
    case "kill":
      return await kubelet.kill(podOf(act.part));
    case "crash": {
      const pod = podOf(act.part);
      later(act.forMs, () => void kubelet.crashLoop(pod, false));
      return await kubelet.crashLoop(pod, true);
    }
    case "freeze": {
      const pod = podOf(act.part);
      kubelet.freeze(pod);
      return later(act.forMs, () => kubelet.thaw(pod));
    }
    case "empty volume":
      return await kubelet.emptyVolume(podOf(act.part));
    case "delete pod":
      return kubelet.deletePod(podOf(act.part));
    case "slow":
      return replication.slow(podOf(act.from), podOf(act.to), act.delayMs);
    case "partition": {
      const [a, b] = [podOf(act.a), podOf(act.b)];
      replication.partition(a, b);
      return later(act.forMs, () => replication.rejoin(a, b));
    }
    case "isolate": {
      const pod = podOf(act.part);
      const others = cluster.pods.filter((other) => other !== pod);
      for (const other of others) replication.partition(pod, other);
      return later(act.forMs, () => {
        for (const other of others) replication.rejoin(pod, other);
      });
    }
    case "cut clients":
      return sql.cut(podOf(act.part), (client) => client !== worker.name);
    case "cut worker": {
      const pod = podOf(act.part);
      return later(act.afterMs, () => sql.cut(pod, (client) => client === worker.name));
    }
    case "api":
      kubernetes.reach = act.reach;
      return later(act.forMs, () => {
        kubernetes.reach = "open";
      });
    case "api refuses":
      return kubernetes.failNext(act.times, act.code);
    case "api answers lost":
      kubernetes.answersToLose += act.times;
      return;
    case "label":
      return cluster.label(podOf(act.part), act.value);
    case "second primary": {
      const { epoch = 1 } = kubelet.serverOf(podOf("old"))?.standing ?? {};
      return cluster.makePrimary(podOf(act.part), epoch + 1);
    }
    case "lease stolen":
      return stealLease(cluster);
    case "rival worker":
      return on.startRival();
  }
}

/** Somebody writes themselves into the Lease, whoever holds it, and then does nothing more. */
function stealLease({ kubernetes }: SimulatedCluster): void {
  const { registry } = kubernetes;
  if (registry.store.get(LEASES, namespace, leaseName) === undefined) return;
  registry.update(LEASES, namespace, leaseName, (current) => ({
    ...current,
    spec: { ...Object(current.spec), holderIdentity: thief },
  }));
}
