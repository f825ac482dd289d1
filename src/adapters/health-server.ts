import { createServer } from "node:http";

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers `GET /healthz` for a process that serves nothing else: 200 while it is healthy, 503 while it is not.
 * @param port 0: a free one
 * @throws {Error} when the port cannot be listened on
 */
export async function serveHealth(
  port: number,
  host: string | undefined,
  isHealthy: () => boolean,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const status = isHealthy() ? 200 : 503;
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
