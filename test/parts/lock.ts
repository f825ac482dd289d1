import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const RETRY_MS = 500;
/** No build takes longer; whoever still waits then is told instead of waiting on. */
const DEADLINE_MS = 60 * 60_000;

/**
 * Runs `work` while no other process of this machine runs one under the same name, so that two do not build the same twice.
 * The lock is a listening socket in Linux' abstract namespace: the kernel ends it with its owner, however that dies.
 * Throws when another holds it for an hour.
 */
export async function withBuildLock(name: string, work: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  let announced = false;
  let lock = await tryLock(name);
  while (lock === null) {
    if (performance.now() > deadline) {
      throw new Error(`another process has been building ${name} for an hour; end it if it hangs`);
    }
    if (!announced) {
      console.error(`parts: another process is building ${name}; waiting for it`);
      announced = true;
    }
    await sleep(RETRY_MS);
    lock = await tryLock(name);
  }
  try {
    await work();
  } finally {
    lock.close();
  }
}

/** Null when another process holds it. */
function tryLock(name: string): Promise<Server | null> {
  const id = createHash("sha256").update(name).digest("hex").slice(0, 32);
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") {
        resolve(null);
      } else {
        reject(error);
      }
    });
    server.listen(`\0handover-build-${id}`, () => resolve(server));
  });
}
