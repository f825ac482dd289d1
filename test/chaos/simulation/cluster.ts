import { ReplicationNetwork } from "../../../sandbox/dolt/network.ts";
import {
  doltObjects,
  doltPods,
  ROLE_LABEL,
  ROOT_USER,
  replicationServiceAddress,
} from "../../../sandbox/dolt-manifests.ts";
import { givenObject } from "../../../sandbox/kubernetes/object.ts";
import {
  CONFIG_MAPS,
  NAMESPACES,
  PODS,
  type Resource,
  SECRETS,
  SERVICES,
  STATEFUL_SETS,
} from "../../../sandbox/kubernetes/resources.ts";
import { becomesTrue } from "../environment.ts";
import type { Random } from "../random.ts";
import { type SqlConnection, SqlNetwork } from "./dolt-servers.ts";
import { SimulatedKubelet } from "./kubelet.ts";
import { SimulatedKubernetes } from "./kubernetes.ts";
import type { VirtualTime } from "./virtual-time.ts";

export const namespace = "shop";
export const targetName = "orders";
export const database = "app";
const rootPassword = "simulated";
const settleDeadlineMs = 120_000;

/** A Dolt target in a cluster that is nowhere but in this process' memory, on a time of its own. */
export class SimulatedCluster {
  readonly time: VirtualTime;
  readonly kubernetes: SimulatedKubernetes;
  readonly kubelet: SimulatedKubelet;
  readonly replication: ReplicationNetwork;
  readonly sql: SqlNetwork;
  readonly pods: readonly string[];
  readonly #labels = new Map<string, string>();
  readonly #routing: string[] = [];

  private constructor(time: VirtualTime, random: Random, replicas: number) {
    this.time = time;
    this.kubernetes = new SimulatedKubernetes(time, random);
    this.replication = new ReplicationNetwork(time);
    const { registry } = this.kubernetes;
    const configMap = `${targetName}-config`;
    this.kubelet = new SimulatedKubelet({
      registry,
      network: this.replication,
      time,
      random,
      namespace,
      configMap,
      rootPassword,
    });
    this.sql = new SqlNetwork(this.kubelet, time, random);
    this.pods = doltPods({ name: targetName, replicas });
    registry.store.listen(PODS, ({ object, type }) => {
      const { name, labels } = object.metadata;
      const label = type === "DELETED" ? "" : (labels?.[ROLE_LABEL] ?? "");
      time.at(random.int(2, 40), () => this.#route(name, label));
    });
  }

  /** Brings it up: every server answers, holds the database and has replicated, and the labels say who is primary. */
  static async start(
    time: VirtualTime,
    random: Random,
    setup: { replicas: number; startPrimary: number; ackTimeoutSecs: number },
  ): Promise<SimulatedCluster> {
    const cluster = new SimulatedCluster(time, random, setup.replicas);
    cluster.#createObjects(setup.replicas);
    await cluster.#bringUp(setup);
    return cluster;
  }

  /** The pod that clients are led to: the one whose label came last. */
  routed(): string | null {
    return this.#routing.at(-1) ?? null;
  }

  /** As many as the StatefulSet is to have now. */
  wantedPods(): string[] {
    const statefulSet = this.kubernetes.registry.get(STATEFUL_SETS, namespace, targetName);
    const { replicas } = Object(statefulSet.spec);
    return doltPods({ name: targetName, replicas: Number(replicas) });
  }

  /** Pods that carry the primary's label. */
  labelled(): string[] {
    const { store } = this.kubernetes.registry;
    return this.wantedPods().filter(
      (pod) => store.get(PODS, namespace, pod)?.metadata.labels?.[ROLE_LABEL] === "primary",
    );
  }

  connect(pod: string, client: string): Promise<SqlConnection> {
    return this.connectTo(this.kubelet.addressOf(pod) ?? "", client);
  }

  connectTo(ip: string, client: string): Promise<SqlConnection> {
    return this.sql.connect(ip, { user: ROOT_USER, password: rootPassword }, client);
  }

  /** One statement over a connection of its own. */
  async query(pod: string, sql: string) {
    const connection = await this.connect(pod, "test");
    try {
      return (await connection.query(sql)).rows;
    } finally {
      connection.close();
    }
  }

  /** By a role procedure, as somebody does by hand. */
  async makePrimary(pod: string, epoch: number): Promise<void> {
    await this.query(pod, `CALL dolt_assume_cluster_role('primary', ${epoch})`);
  }

  async heal(): Promise<void> {
    this.kubernetes.heal();
    this.replication.heal();
    await this.kubelet.heal();
  }

  async close(): Promise<void> {
    await this.kubelet.close();
    this.kubernetes.stop();
  }

  #route(name: string, label: string): void {
    if (this.#labels.get(name) === label) return;
    this.#labels.set(name, label);
    const at = this.#routing.indexOf(name);
    if (at !== -1) this.#routing.splice(at, 1);
    if (label === "primary") this.#routing.push(name);
  }

  #createObjects(replicas: number): void {
    const spec = { namespace, name: targetName, replicas, databases: [database] };
    const objects = doltObjects(spec, {
      image: "dolt",
      volumesFolder: "/simulated",
      listenAddress: "0.0.0.0",
      replicationAddress: (_from, to) => replicationServiceAddress(namespace, to),
      rootPassword,
    });
    const { registry } = this.kubernetes;
    const create = (resource: Resource, object: unknown) => {
      const where = resource === NAMESPACES ? undefined : namespace;
      registry.create(resource, where, givenObject(JSON.parse(JSON.stringify(object))));
    };
    create(NAMESPACES, objects.namespace);
    create(SECRETS, objects.secret);
    create(CONFIG_MAPS, objects.configMap);
    for (const service of objects.services) create(SERVICES, service);
    create(STATEFUL_SETS, objects.statefulSet);
  }

  async #bringUp(setup: { startPrimary: number; ackTimeoutSecs: number }): Promise<void> {
    const [first = "", ...others] = this.pods;
    await this.#demand("every server answers", () => this.pods.every((pod) => this.kubelet.serverOf(pod) !== null));
    await this.query(first, `CREATE DATABASE ${database}`);
    await this.query(first, `CREATE TABLE ${database}.t (id BIGINT PRIMARY KEY, v TEXT)`);
    await this.#demand("every standby holds the table", async () => {
      for (const pod of others) await this.query(pod, `SELECT id FROM ${database}.t`);
      return true;
    });
    const primary = this.pods[setup.startPrimary] ?? first;
    if (primary !== first) await this.#switch(first, primary);
    for (const pod of this.pods) {
      await this.query(pod, `SET @@GLOBAL.dolt_cluster_ack_writes_timeout_secs = ${setup.ackTimeoutSecs}`);
      this.label(pod, pod === primary ? "primary" : "standby");
    }
    await this.query(primary, `INSERT INTO ${database}.t VALUES (0, 'first')`);
    await this.#demand("lag is known", async () => {
      const rows = await this.query(
        primary,
        "SELECT replication_lag_millis AS lag FROM dolt_cluster.dolt_cluster_status",
      );
      return rows.length >= others.length && rows.every((row) => row.lag !== null);
    });
    await this.#demand("every pod is Ready", () => this.pods.every((pod) => this.#isReady(pod)));
  }

  async #switch(from: string, to: string): Promise<void> {
    await this.#demand("the demotion succeeds", async () => {
      await this.query(from, "CALL dolt_cluster_transition_to_standby(2, 0)");
      return true;
    });
    await this.query(to, "CALL dolt_assume_cluster_role('primary', 2)");
  }

  /** Changes a label beside Handover. */
  label(pod: string, role: string): void {
    this.kubernetes.registry.update(PODS, namespace, pod, (current) => ({
      ...current,
      metadata: { ...current.metadata, labels: { ...current.metadata.labels, [ROLE_LABEL]: role } },
    }));
  }

  #isReady(pod: string): boolean {
    const status = this.kubernetes.registry.store.get(PODS, namespace, pod)?.status;
    return JSON.stringify(status ?? null).includes('"type":"Ready","status":"True"');
  }

  async #demand(what: string, ask: () => boolean | Promise<boolean>): Promise<void> {
    if (!(await becomesTrue(this.time, settleDeadlineMs, ask)))
      throw new Error(`the simulated cluster did not come up: never ${what}`);
  }
}
