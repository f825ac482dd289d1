import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Processes that were just killed may still write for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

export interface TempFolder {
  readonly path: string;
  /** Safe to call twice. */
  remove(): Promise<void>;
}

/** The folders that still stand; one set of listeners for all of them, on as long as there is one. */
const folders = new Set<string>();

/**
 * A new temporary folder that is also removed when this process ends by itself, by Ctrl-C or by SIGTERM.
 * A signal that others listen to is theirs to act on: they are expected to end the process.
 */
export async function makeTempFolder(prefix: string): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  if (folders.size === 0) {
    process.on("exit", removeAll);
    process.on("SIGINT", exitBySignal);
    process.on("SIGTERM", exitBySignal);
  }
  folders.add(path);
  return {
    path,
    async remove() {
      await rm(path, REMOVAL);
      folders.delete(path);
      if (folders.size === 0) {
        process.off("exit", removeAll);
        process.off("SIGINT", exitBySignal);
        process.off("SIGTERM", exitBySignal);
      }
    },
  };
}

function removeAll(): void {
  for (const path of folders) {
    rmSync(path, REMOVAL);
  }
}

function exitBySignal(signal: keyof typeof SIGNALS): void {
  if (process.listenerCount(signal) === 1) {
    process.exit(SIGNALS[signal]);
  }
}
