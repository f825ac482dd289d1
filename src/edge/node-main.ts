import { readEdgeSettings } from "../config/environment.ts";
import { HandoverError } from "../domain/errors.ts";
import { startEdgeServer } from "./node-server.ts";
import { openEdge } from "./services.ts";
import { toldToEnd } from "./told-to-end.ts";

/** How long what has begun may still take when the process is told to end; Slack waits 3 s. */
const shutdownMs = 5_000;

/** The edge as a process: serves until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const settings = readEdgeSettings(process.env);
  const edge = openEdge(settings);
  try {
    const told = toldToEnd();
    const { port, host } = settings;
    const server = await startEdgeServer({ receiver: edge.receiver, port, host, log: edge.log });
    edge.log.info({ host, port: server.port }, `the edge listens, for this machine on http://127.0.0.1:${server.port}`);
    const signal = await told;
    edge.log.info({ signal }, "the edge ends");
    await server.close(shutdownMs);
  } finally {
    await edge.close();
  }
}

try {
  await main();
} catch (error) {
  const text = error instanceof HandoverError ? `${error.problem.what}\n${error.problem.next}` : error;
  console.error(text);
  process.exitCode = 1;
}
