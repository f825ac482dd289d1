import { createServer, type Server } from "node:net";

/**
 * Takes a lock that one process of this machine holds at a time; closing the server gives it back. Null when another holds it.
 *
 * It is a listening socket in Linux' abstract namespace (unix(7)): the kernel ends it with its owner, however that dies.
 */
export function tryMachineLock(name: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") {
        resolve(null);
      } else {
        reject(error);
      }
    });
    server.listen(`\0handover-${name}`, () => resolve(server));
  });
}
