import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { tryMachineLock } from "../../sandbox/machine-lock.ts";

const RETRY_MS = 500;
/** No build takes longer; whoever still waits then is told instead of waiting on. */
const DEADLINE_MS = 60 * 60_000;

/**
 * Runs `work` while no other process of this machine runs one under the same name, so that two do not build the same twice.
 * Throws when another holds it for an hour.
 */
export async function withBuildLock(name: string, work: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  let announced = false;
  const id = createHash("sha256").update(name).digest("hex").slice(0, 32);
  const take = () => tryMachineLock(`build-${id}`);
  let lock = await take();
  while (lock === null) {
    if (performance.now() > deadline) {
      throw new Error(`another process has been building ${name} for an hour; end it if it hangs`);
    }
    if (!announced) {
      console.error(`parts: another process is building ${name}; waiting for it`);
      announced = true;
    }
    await sleep(RETRY_MS);
    lock = await take();
  }
  try {
    await work();
  } finally {
    lock.close();
  }
}
