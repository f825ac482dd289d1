import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { z } from "zod";
import { ROOT_USER, SQL_PORT } from "../../../sandbox/dolt-manifests.ts";
import { type ClientConnection, Refusal } from "../environment.ts";

const connectTimeoutMs = 1_000;
/** A frozen server keeps its connections: what asks it gives up. */
const answerMs = 3_000;

const serverErrorSchema = z.object({ errno: z.number(), sqlMessage: z.string() });
/** A server that takes no writes says so; an empty one has no such database or table. */
const refusals = /read.only|database not found|table not found|unknown database/i;

export interface Login {
  readonly ip: string;
  readonly password: string;
}

export async function openSql({ ip, password }: Login): Promise<Connection> {
  const connection = await createConnection({
    host: ip,
    port: SQL_PORT,
    user: ROOT_USER,
    password,
    connectTimeout: connectTimeoutMs,
  });
  connection.on("error", () => undefined);
  return connection;
}

/** The rows of one statement over a connection of its own. Rejects when they do not come in time. */
export async function rowsOf(login: Login, sql: string): Promise<RowDataPacket[]> {
  const connection = await openSql(login);
  const late = setTimeout(() => connection.destroy(), answerMs);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    clearTimeout(late);
    connection.destroy();
  }
}

/** A client of one table. */
export async function openClient(login: Login, table: string): Promise<ClientConnection> {
  const connection = await openSql(login);
  return {
    insert: async (id) => {
      try {
        const [result] = await connection.query<ResultSetHeader>(`INSERT INTO ${table} VALUES (?, 'w')`, [id]);
        return result.warningStatus > 0 && (await hasWarning(connection, 3024)) ? "ok_3024" : "ok";
      } catch (error) {
        const answer = serverErrorSchema.safeParse(error);
        if (answer.success && refusals.test(answer.data.sqlMessage)) throw new Refusal(answer.data.sqlMessage);
        throw error;
      }
    },
    isWritable: async () => {
      const [rows] = await connection.query<RowDataPacket[]>("SELECT @@GLOBAL.read_only AS n");
      return Number(rows[0]?.n) === 0;
    },
    ids: async () => {
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT id FROM ${table}`);
      return new Set(rows.map((row) => Number(row.id)));
    },
    close: () => connection.destroy(),
  };
}

async function hasWarning(connection: Connection, code: number): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW WARNINGS");
  return rows.some((row) => Number(row.Code) === code);
}
