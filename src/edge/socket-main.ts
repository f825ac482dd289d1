import { createServer } from "node:http";
import { readSocketEdgeSettings } from "../config/environment.ts";
import { HandoverError } from "../domain/errors.ts";
import { openEdgeServices } from "./services.ts";
import { openSocket, type SocketConnection } from "./socket-connection.ts";
import { toldToEnd } from "./told-to-end.ts";

/** The edge as a process that opens the connection to Slack itself: for where nothing may be reached from outside. Until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const settings = readSocketEdgeSettings(process.env);
  const { services, log, close } = openEdgeServices(settings);
  try {
    const told = toldToEnd();
    const connection = await openSocket(services, { appToken: settings.appToken, apiUrl: settings.slack.apiUrl, log });
    const health = await serveHealth(connection, settings.port, settings.host);
    log.info({ port: health.port }, "the edge is connected");
    const signal = await told;
    log.info({ signal }, "the edge ends");
    await connection.close();
    await health.close();
  } finally {
    await close();
  }
}

/** Healthy while Slack is connected. */
async function serveHealth(
  connection: SocketConnection,
  port: number,
  host: string,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const status = connection.isConnected() ? 200 : 503;
    response.writeHead(request.url === "/healthz" ? status : 404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, resolve);
  });
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  return { port: actual, close: () => new Promise((resolve) => void server.close(() => resolve())) };
}

try {
  await main();
} catch (error) {
  const text = error instanceof HandoverError ? `${error.problem.what}\n${error.problem.next}` : error;
  console.error(text);
  process.exitCode = 1;
}
