import {
  type Connection,
  createConnection,
  type FieldPacket,
  type ResultSetHeader,
  type RowDataPacket,
} from "mysql2/promise";
import { z } from "zod";
import { MysqlDoltServers } from "../../../src/adapters/dolt/dolt-servers.ts";
import type { DataState, DoltIdentity, DoltSession, ReplicationRow } from "../../../src/ports/dolt-servers.ts";
import type { DoltNodeUnderTest } from "./cluster-under-test.ts";
import { eventually } from "./eventually.ts";

export type Rows = RowDataPacket[];

/** An error as mysql2 reports it, in full. */
export interface SqlFailure {
  /** `ER_…` from the server; `PROTOCOL_CONNECTION_LOST`, `ECONNREFUSED` … from the connection. */
  readonly code: string | undefined;
  readonly errno: number | undefined;
  readonly message: string;
}

const failureSchema = z.object({ code: z.string().optional(), errno: z.number().optional(), message: z.string() });

/** A connection to one node that does not end the process when it is lost. */
export async function open(
  node: DoltNodeUnderTest,
  options: { database?: string; user?: string; password?: string } = {},
): Promise<Connection> {
  const connection = await createConnection({ ...node.address, user: "root", timezone: "Z", ...options });
  connection.on("error", () => undefined);
  return connection;
}

/** Runs one statement on a connection of its own. */
export async function query(node: DoltNodeUnderTest, sql: string, database?: string): Promise<Rows> {
  return await withConnection(node, database, (connection) => rowsOf(connection, sql));
}

/** Runs statements that give no rows, one after another on one connection. */
export async function execute(
  node: DoltNodeUnderTest,
  database: string | undefined,
  ...statements: readonly string[]
): Promise<ResultSetHeader | undefined> {
  return await withConnection(node, database, async (connection) => {
    let header: ResultSetHeader | undefined;
    for (const sql of statements) [header] = await connection.query<ResultSetHeader>(sql);
    return header;
  });
}

export async function withConnection<Result>(
  node: DoltNodeUnderTest,
  database: string | undefined,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await open(node, database === undefined ? {} : { database });
  try {
    return await use(connection);
  } finally {
    connection.destroy();
  }
}

export async function rowsOf(connection: Connection, sql: string): Promise<Rows> {
  const [rows] = await connection.query<Rows>(sql);
  return rows;
}

/** Names and type codes of a statement's columns. */
export async function columnsOf(node: DoltNodeUnderTest, sql: string): Promise<[string, number | undefined][]> {
  return await withConnection(node, undefined, async (connection) => {
    const [, fields]: [Rows, FieldPacket[]] = await connection.query<Rows>(sql);
    return fields.map((field) => [field.name, field.columnType]);
  });
}

/** The error that this ends with. Throws when it ends well. */
export async function failureOf(attempt: Promise<unknown>): Promise<SqlFailure> {
  const outcome = await attempt.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in outcome) throw new Error(`An error was expected, and this came: ${JSON.stringify(outcome.value)}`);
  const { code, errno, message } = failureSchema.parse(outcome.error);
  return { code, errno, message };
}

const CALL = () => ({ deadlineMs: 30_000, signal: AbortSignal.timeout(30_000) });

/** Reads with Handover's own adapter, so that its statements are proven on this server. */
export async function withSession<Result>(
  node: DoltNodeUnderTest,
  use: (session: DoltSession, options: ReturnType<typeof CALL>) => Promise<Result>,
): Promise<Result> {
  const session = await new MysqlDoltServers().connect({ ...node.address, username: "root", password: "" }, CALL());
  try {
    return await use(session, CALL());
  } finally {
    session.close();
  }
}

export const identityOf = (node: DoltNodeUnderTest): Promise<DoltIdentity> =>
  withSession(node, (session, options) => session.identity(options));

export const dataStateOf = (node: DoltNodeUnderTest): Promise<DataState> =>
  withSession(node, (session, options) => session.dataState(options));

/** Status rows of one database, by the name of the standby. */
export async function statusOf(node: DoltNodeUnderTest, database: string): Promise<Record<string, ReplicationRow>> {
  const rows = await withSession(node, (session, options) => session.replication(options));
  return Object.fromEntries(rows.filter((row) => row.database === database).map((row) => [row.remote, row]));
}

/** `role epoch` of each node. */
export async function standings(nodes: readonly DoltNodeUnderTest[]): Promise<string[]> {
  const identities = await Promise.all(nodes.map((node) => identityOf(node)));
  return identities.map(({ role, epoch }) => `${role} ${epoch}`);
}

export async function untilStandings(nodes: readonly DoltNodeUnderTest[], expected: readonly string[]): Promise<void> {
  await eventually(
    `the nodes are ${expected.join(", ")}`,
    () => standings(nodes),
    (answer) => answer.every((standing, index) => standing === expected[index]),
  );
}

/** Makes `app` with an empty table `t (id, v)` on the primary, and waits until every standby has it. */
export async function createApp(primary: DoltNodeUnderTest, standbys: readonly DoltNodeUnderTest[]): Promise<void> {
  await execute(primary, undefined, "CREATE DATABASE app");
  await execute(primary, "app", "CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT)");
  for (const standby of standbys) {
    await eventually(
      `${standby.name} has app.t`,
      () => query(standby, "SELECT count(*) AS n FROM t", "app"),
      ([row]) => row?.n === 0,
    );
  }
  await untilCaughtUp(primary);
}

/** Waits until the primary has pushed all it has to every standby, and users and branch control are equal everywhere. */
export async function untilCaughtUp(
  primary: DoltNodeUnderTest,
  standbys: readonly DoltNodeUnderTest[] = [],
): Promise<void> {
  await eventually(
    `${primary.name} has pushed everything`,
    () => withSession(primary, (session, options) => session.replication(options)),
    (rows) => rows.every((row) => row.lagMs === 0 && row.error === null),
  );
  for (const standby of standbys) {
    await eventually(
      `${standby.name} is equal to ${primary.name}`,
      async () => [await dataStateOf(primary), await dataStateOf(standby)],
      ([ours, theirs]) => JSON.stringify(ours) === JSON.stringify(theirs),
    );
  }
}

export async function untilRow(node: DoltNodeUnderTest, id: number): Promise<void> {
  await eventually(
    `${node.name} has row ${id}`,
    () => query(node, `SELECT v FROM app.t WHERE id = ${id}`),
    (rows) => rows.length === 1,
  );
}
