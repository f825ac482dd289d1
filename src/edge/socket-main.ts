import { serveHealth } from "../adapters/health-server.ts";
import { readSocketEdgeSettings } from "../config/environment.ts";
import { HandoverError } from "../domain/errors.ts";
import { openEdgeServices } from "./services.ts";
import { openSocket } from "./socket-connection.ts";
import { toldToEnd } from "./told-to-end.ts";

/** The edge as a process that opens the connection to Slack itself: for where nothing may be reached from outside. Until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const settings = readSocketEdgeSettings(process.env);
  const { services, log, close } = openEdgeServices(settings);
  try {
    const told = toldToEnd();
    const connection = await openSocket(services, { appToken: settings.appToken, apiUrl: settings.slack.apiUrl, log });
    const health = await serveHealth(settings.port, settings.host, () => connection.isConnected());
    log.info({ port: health.port }, "the edge is connected");
    const signal = await told;
    log.info({ signal }, "the edge ends");
    await connection.close();
    await health.close();
  } finally {
    await close();
  }
}

try {
  await main();
} catch (error) {
  const text = error instanceof HandoverError ? `${error.problem.what}\n${error.problem.next}` : error;
  console.error(text);
  process.exitCode = 1;
}
