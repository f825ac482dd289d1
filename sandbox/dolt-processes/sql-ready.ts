import { connect } from "node:net";
import { type Connection, createConnection } from "mysql2";
import { ROOT_USER, SQL_PORT } from "../dolt-manifests.ts";
import type { ContainerSpec } from "../node-agent/runtime.ts";

/** Whether the Dolt server of a container answers a query; its port opens before it does. */
export async function answersQuery(spec: ContainerSpec, signal: AbortSignal): Promise<boolean> {
  // The socket is ours because mysql2 only half-closes its own: a frozen server would leave the query pending for ever.
  const port = spec.ports.find(({ name }) => name === "dolt")?.containerPort ?? SQL_PORT;
  const socket = connect({ host: spec.pod.ip, port });
  const giveUp = () => socket.destroy();
  signal.addEventListener("abort", giveUp, { once: true });
  const password = spec.env.DOLT_ROOT_PASSWORD ?? "";
  const ssl = spec.env.DOLT_TLS_FOLDER === undefined ? {} : { ssl: { rejectUnauthorized: false } };
  const connection = createConnection({ stream: socket, user: ROOT_USER, password, ...ssl });
  try {
    return await answers(connection);
  } finally {
    signal.removeEventListener("abort", giveUp);
    connection.destroy();
    socket.destroy();
  }
}

function answers(connection: Connection): Promise<boolean> {
  return new Promise((resolve) => {
    // A server that dies can be told of twice, the second time when nobody waits any more.
    connection.on("error", () => resolve(false));
    connection.connect((refused) => {
      if (refused !== null) resolve(false);
      else connection.query("SELECT 1", (failed) => resolve(failed === null));
    });
  });
}
