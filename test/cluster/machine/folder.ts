import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The owner's process id is part of the name, so that a later run knows whose owner was killed. */
const FOLDER_NAME = /^handover-cluster-(\d+)-/;

/** A new temporary folder that belongs to this process. */
export function makeFolder(): Promise<string> {
  return mkdtemp(join(temporaryFolder(), `handover-cluster-${process.pid}-`));
}

/** Removes the folders of processes that were killed before they could; what ran in them ended with them. */
export async function removeStaleFolders(): Promise<void> {
  for (const name of await readdir(temporaryFolder())) {
    const owner = FOLDER_NAME.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) {
      await rm(join(temporaryFolder(), name), { recursive: true, force: true });
    }
  }
}

/** The node sees a /var and a /run of its own, so its folder cannot lie below them. */
function temporaryFolder(): string {
  return /^\/(var|run)(\/|$)/.test(tmpdir()) ? "/tmp" : tmpdir();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
