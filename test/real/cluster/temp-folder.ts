import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Processes that were just killed may still write for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

export interface TempFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * A new temporary folder that is also removed when this process ends by itself, by Ctrl-C or by SIGTERM.
 * A signal that others listen to is theirs to act on: they are expected to end the process.
 */
export async function makeTempFolder(prefix: string): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const removeNow = () => rmSync(path, REMOVAL);
  const exitBySignal = (signal: keyof typeof SIGNALS) => {
    if (process.listenerCount(signal) === 1) {
      process.exit(SIGNALS[signal]);
    }
  };
  process.once("exit", removeNow);
  process.on("SIGINT", exitBySignal);
  process.on("SIGTERM", exitBySignal);
  return {
    path,
    async remove() {
      await rm(path, REMOVAL);
      process.off("exit", removeNow);
      process.off("SIGINT", exitBySignal);
      process.off("SIGTERM", exitBySignal);
    },
  };
}
