import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A cluster's folder has its owner's process id in its name, so that a later run knows whose owner was killed. */
const NAME = /^handover-cluster-(\d+)-/;

/** A new temporary folder that belongs to this process. */
export function makeFolder(): Promise<string> {
  return mkdtemp(join(temporaryFolder(), `handover-cluster-${process.pid}-`));
}

/** The folders of processes that were killed before they could clean up; what ran in them ended with them. */
export async function staleFolders(): Promise<string[]> {
  const stale = (await readdir(temporaryFolder())).filter((name) => {
    const owner = NAME.exec(name)?.[1];
    return owner !== undefined && !isAlive(Number(owner));
  });
  return stale.map((name) => join(temporaryFolder(), name));
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
