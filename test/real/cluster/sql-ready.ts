import { createConnection } from "mysql2/promise";
import { ROOT_USER, SQL_PORT } from "../../../sandbox/dolt-manifests.ts";
import type { ContainerSpec } from "../../../sandbox/node-agent/runtime.ts";

const CONNECT_TIMEOUT_MS = 5_000;

/** Whether the Dolt server of a container answers a query; its port opens before it does. */
export async function answersQuery(spec: ContainerSpec, signal: AbortSignal): Promise<boolean> {
  try {
    const connection = await createConnection({
      host: spec.pod.ip,
      port: SQL_PORT,
      user: ROOT_USER,
      password: spec.env.DOLT_ROOT_PASSWORD ?? "",
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    const giveUp = () => connection.destroy();
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await connection.query("SELECT 1");
      return !signal.aborted;
    } finally {
      signal.removeEventListener("abort", giveUp);
      connection.destroy();
    }
  } catch {
    return false;
  }
}
