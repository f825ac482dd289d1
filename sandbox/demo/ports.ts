import { once } from "node:events";
import { createServer } from "node:net";
import type { PortSetting } from "./options.ts";

interface WantedPort {
  readonly port: number;
  /** Who wants to listen there. */
  readonly user: string;
  readonly setting: PortSetting;
}

/** Looks before anything is started, so that every taken port is told at once. @throws {Error} naming each, and how to set another */
export async function demandFreePorts(wanted: readonly WantedPort[]): Promise<void> {
  const free = await Promise.all(wanted.map(({ port }) => isFree(port)));
  const taken = wanted.filter((_, index) => free[index] === false);
  if (taken.length === 0) return;
  const told = taken.map(({ port, user, setting }) => {
    const other = port < 65_000 ? port + 10 : port - 10;
    return `Port ${port} is taken, and ${user} is to listen there. Choose another: npm run demo -- ${setting.flag} ${other} (or ${setting.variable}=${other}).`;
  });
  throw new Error([...told, "Perhaps another demo is running."].join("\n"));
}

/** On every interface: a port that another program has on one of them counts as taken. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port);
  try {
    await once(server, "listening");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
