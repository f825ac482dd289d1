import { spawnSync } from "node:child_process";
import { mkdir, open, rm, symlink } from "node:fs/promises";
import { join } from "node:path";

const PAGE_BYTES = 4_096;
const BLOCK_BYTES = 1024 * 1024;

/**
 * The pods' volumes, one folder each, which outlive their pods. With a size, each is a file system of its own in memory, so
 * that it can really be full; that takes root.
 */
export class Volumes {
  /** The folder that holds a folder for each pod. */
  readonly folder: string;
  readonly #sizeBytes: number | undefined;
  readonly #mounted = new Map<string, string>();
  readonly #unmountAtExit = () => this.#unmount();

  constructor(folder: string, sizeBytes: number | undefined) {
    this.folder = folder;
    this.#sizeBytes = sizeBytes;
  }

  async prepare(pods: readonly string[]): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    if (this.#sizeBytes === undefined) {
      return;
    }
    // Before whoever removes the folder at exit.
    process.prependOnceListener("exit", this.#unmountAtExit);
    for (const pod of pods) {
      const disk = join(this.folder, `.disk-${pod}`);
      await mkdir(disk);
      run("mount", ["-t", "tmpfs", "-o", `size=${this.#sizeBytes}`, "tmpfs", disk]);
      this.#mounted.set(pod, disk);
      await mkdir(join(disk, "data"));
      await symlink(join(disk, "data"), join(this.folder, pod));
    }
  }

  /** Leaves no free byte on the pod's volume, or gives the space back. Throws when volumes have no size. */
  async fill(pod: string, on: boolean): Promise<void> {
    const disk = this.#mounted.get(pod);
    if (disk === undefined) {
      if (on) {
        throw new Error("only volumes with a size can be full: start the cluster with `volumeBytes` (it takes root)");
      }
      return;
    }
    const ballast = join(disk, "ballast");
    if (on) {
      await fillUp(ballast);
    } else {
      await rm(ballast, { force: true });
    }
  }

  /** Unmounts; the folder is its owner's to remove. Safe to call twice. */
  close(): void {
    process.off("exit", this.#unmountAtExit);
    this.#unmount();
  }

  #unmount(): void {
    for (const [pod, disk] of this.#mounted) {
      run("umount", ["--lazy", disk]);
      this.#mounted.delete(pod);
    }
  }
}

/** Writes until nothing more fits, first in large blocks, then in pages. */
async function fillUp(path: string): Promise<void> {
  const file = await open(path, "a");
  try {
    for (const bytes of [BLOCK_BYTES, PAGE_BYTES]) {
      const block = Buffer.alloc(bytes);
      while ((await fits(file.write(block))) === bytes) {
        // The write itself is the step.
      }
    }
  } finally {
    await file.close();
  }
}

/** Bytes written; 0 when the disk is full. */
async function fits(writing: Promise<{ bytesWritten: number }>): Promise<number> {
  try {
    return (await writing).bytesWritten;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") {
      return 0;
    }
    throw error;
  }
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) {
    throw new Error(`${program} ${args.join(" ")} failed: ${error?.message ?? stderr.trim()}`);
  }
}
