import { AppsV1Api, CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { ROLE_LABEL } from "../../../sandbox/dolt-manifests.ts";
import type { DoltTarget, DoltTargetSpec } from "../../../sandbox/handle.ts";
import { certificateAuthority } from "../../../sandbox/kubernetes/tls/certificate.ts";
import { TargetSql } from "../../support/target-sql.ts";
import { untilWithin } from "../../support/until.ts";
import type { RealCluster } from "../cluster/real-cluster.ts";
import { HandoverProcess } from "./handover-process.ts";

type Setup = Partial<Pick<DoltTargetSpec, "replicas" | "databases" | "sqlPort">> & {
  readonly tls?: "offered" | "required";
  /** Default false: as doltclusterctl finds a cluster, with no label on any pod. */
  readonly labelled?: boolean;
  /** Default true. False: without any annotation, as a newcomer's. */
  readonly annotated?: boolean;
  /** Default true: as StatefulSets are without a word about it. */
  readonly rolling?: boolean;
};

const patient = untilWithin(60_000);

/** A StatefulSet `dolt` like the one that doltclusterctl's own tests make, in a namespace of its own, and `npx handover` against it. */
export class DoltclusterctlCluster {
  readonly namespace: string;
  readonly target: DoltTarget;
  readonly sql: TargetSql;
  readonly handover: HandoverProcess;
  readonly #kubeConfig: KubeConfig;
  /** PEM of the CA behind the servers' certificates, which are for doltclusterctl's names. */
  readonly ca: string;

  private constructor(
    parts: Pick<DoltclusterctlCluster, "namespace" | "target" | "sql" | "handover" | "ca">,
    kubeConfig: KubeConfig,
  ) {
    this.namespace = parts.namespace;
    this.target = parts.target;
    this.sql = parts.sql;
    this.handover = parts.handover;
    this.ca = parts.ca;
    this.#kubeConfig = kubeConfig;
  }

  static async create(cluster: RealCluster, namespace: string, setup: Setup = {}): Promise<DoltclusterctlCluster> {
    const { replicas = 2, databases = [], tls, labelled = false, annotated = true, rolling = true, sqlPort } = setup;
    const authority = certificateAuthority("e2e test root");
    const pods = Array.from({ length: replicas }, (_, ordinal) => `dolt-${ordinal}.dolt-internal.${namespace}`);
    const { certificatePem: certificate, privateKeyPem: key } = authority.issue([...pods, `dolt-rw.${namespace}`]);
    const target = await cluster.createDoltTarget({
      namespace,
      name: "dolt",
      replicas,
      databases,
      labelled,
      ...(sqlPort === undefined ? {} : { sqlPort }),
      ...(tls === undefined ? {} : { tls: { certificate, key, required: tls === "required" } }),
    });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(cluster.kubeconfig);
    const sql = await TargetSql.open(target, kubeConfig, { tls: tls !== undefined });
    const handover = await HandoverProcess.prepare(cluster.kubeconfig);
    const made = new DoltclusterctlCluster(
      { namespace, target, sql, handover, ca: authority.certificatePem },
      kubeConfig,
    );
    if (rolling) await made.patch({ spec: { updateStrategy: { type: "RollingUpdate" } } });
    if (!annotated) await made.annotate({ "handover.dev/engine": null, "handover.dev/name": null });
    return made;
  }

  /** `npx handover dolt VERB NAMESPACE/dolt …`; what changes something gets its reason and its yes. */
  dolt(verb: string, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const changing = verb === "status" || words.includes("--plan") ? [] : ["--reason", "a scenario", "--yes"];
    return this.handover.run(["dolt", verb, `${this.namespace}/dolt`, ...words, ...changing], env);
  }

  patch(body: object): Promise<unknown> {
    return this.#kubeConfig
      .makeApiClient(AppsV1Api)
      .patchNamespacedStatefulSet(
        { name: "dolt", namespace: this.namespace, body },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
  }

  annotate(annotations: Readonly<Record<string, string | null>>): Promise<unknown> {
    return this.patch({ metadata: { annotations } });
  }

  async createConfigMap(name: string, data: Record<string, string>): Promise<void> {
    await this.#core.createNamespacedConfigMap({ namespace: this.namespace, body: { metadata: { name }, data } });
  }

  async label(pod: string, value: string | null): Promise<void> {
    await this.#core.patchNamespacedPod(
      { name: pod, namespace: this.namespace, body: { metadata: { labels: { [ROLE_LABEL]: value } } } },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
  }

  /** By pod: the role label, `none` where there is none. */
  async labels(): Promise<Record<string, string>> {
    const { items } = await this.#core.listNamespacedPod({ namespace: this.namespace });
    const all = items.map(({ metadata }) => [metadata?.name ?? "", metadata?.labels?.[ROLE_LABEL] ?? "none"]);
    return Object.fromEntries(all.toSorted(([a = ""], [b = ""]) => a.localeCompare(b)));
  }

  /** By pod: its UID, which another pod of the same name has not. */
  async uids(): Promise<Record<string, string>> {
    const { items } = await this.#core.listNamespacedPod({ namespace: this.namespace });
    return Object.fromEntries(items.map(({ metadata }) => [metadata?.name ?? "", metadata?.uid ?? ""]));
  }

  /** What is in the credentials Secret. */
  password(): string {
    return this.sql.password;
  }

  async roleOf(pod: string): Promise<unknown> {
    return await this.sql.value(pod, "SELECT @@GLOBAL.dolt_cluster_role AS value");
  }

  /** Creates the table of doltclusterctl's data tests on the primary and waits until these standbys hold it. */
  async createData(primary: string, standbys: readonly string[]): Promise<void> {
    const connection = await this.sql.connect(primary);
    try {
      await connection.query("CREATE DATABASE somedata");
      await connection.query("CREATE TABLE somedata.vals (id BIGINT PRIMARY KEY)");
      await connection.query("INSERT INTO somedata.vals VALUES (1), (2), (3)");
    } finally {
      connection.destroy();
    }
    for (const pod of standbys) await patient(`${pod} holds the data`, async () => (await this.count(pod)) === 3);
  }

  /** Rows of the data tests that a pod holds. */
  async count(pod: string): Promise<number> {
    return Number(await this.sql.value(pod, "SELECT COUNT(*) AS value FROM somedata.vals"));
  }

  async insert(pod: string, ...ids: readonly number[]): Promise<void> {
    await this.sql.rows(pod, `INSERT INTO somedata.vals VALUES ${ids.map((id) => `(${id})`).join(", ")}`);
  }

  /** As the tests' own proxy breaks a remotes API: nobody replicates to this pod any more. */
  async disableRemotesApi(pod: string): Promise<void> {
    for (const other of this.target.pods) {
      if (other !== pod) await this.target.faults.partition(other, pod);
    }
  }

  /** Waits until the primary itself says that it cannot replicate to this one, or has not for longer than any bound. */
  async untilBehind(primary: string, standby: string): Promise<void> {
    const sql = `SELECT COUNT(*) AS value FROM dolt_cluster.dolt_cluster_status WHERE standby_remote = '${standby}' AND (current_error IS NOT NULL OR replication_lag_millis > 2500)`;
    await patient(
      `${primary} says that ${standby} is behind`,
      async () => Number(await this.sql.value(primary, sql)) > 0,
    );
  }

  close(): Promise<void> {
    return this.handover.close();
  }

  get #core(): CoreV1Api {
    return this.#kubeConfig.makeApiClient(CoreV1Api);
  }
}
