import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { ROOT_USER } from "../../sandbox/dolt-manifests.ts";
import type { DoltTarget } from "../../sandbox/handle.ts";

const CONNECT_TIMEOUT_MS = 5_000;

/** SQL to the servers of a target, each by its own address, as the user of its credentials Secret. */
export class TargetSql {
  readonly #target: DoltTarget;
  readonly password: string;
  readonly #tls: boolean;

  private constructor(target: DoltTarget, password: string, tls: boolean) {
    this.#target = target;
    this.password = password;
    this.#tls = tls;
  }

  /** `tls`: over TLS, without a look at certificates. */
  static async open(target: DoltTarget, kubeConfig: KubeConfig, { tls = false } = {}): Promise<TargetSql> {
    const { namespace, name } = target;
    const core = kubeConfig.makeApiClient(CoreV1Api);
    const { data } = await core.readNamespacedSecret({ namespace, name: `${name}-credentials` });
    return new TargetSql(target, Buffer.from(data?.password ?? "", "base64").toString("utf8"), tls);
  }

  /** A connection that is the caller's to end. */
  async connect(pod: string): Promise<Connection> {
    const address = await this.#target.address(pod);
    return createConnection({
      ...address,
      ...(this.#tls ? { ssl: { rejectUnauthorized: false } } : {}),
      user: ROOT_USER,
      password: this.password,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
  }

  /** The rows that one statement gives, over a connection of its own. */
  async rows(pod: string, sql: string): Promise<RowDataPacket[]> {
    const connection = await this.connect(pod);
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows;
    } finally {
      connection.destroy();
    }
  }

  /** The column `value` of the first row, or undefined where there is none. */
  async value(pod: string, sql: string): Promise<unknown> {
    return (await this.rows(pod, sql))[0]?.value;
  }
}
