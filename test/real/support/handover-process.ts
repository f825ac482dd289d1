import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";

const program = new URL("../../../bin/handover.mjs", import.meta.url).pathname;

export interface HandoverEnd {
  readonly code: number | null;
  /** Both streams, as a person sees them. */
  readonly printed: string;
}

/** `npx handover` as people run it: a process of its own, with a kubeconfig and nothing else of ours. */
export class HandoverProcess {
  readonly folder: string;
  readonly #kubeconfig: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#kubeconfig = join(folder, "kubeconfig");
  }

  static async prepare(kubeconfig: string): Promise<HandoverProcess> {
    const handover = new HandoverProcess(await mkdtemp(join(tmpdir(), "handover-cli-")));
    await writeFile(handover.#kubeconfig, kubeconfig, { mode: 0o600 });
    return handover;
  }

  /** A file for an option to name. */
  async file(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** @param env beside the PATH and the home folder; nothing of this process' own environment reaches it */
  async run(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<HandoverEnd> {
    const { PATH = "", HOME = "" } = process.env;
    const child = spawnTied(process.execPath, [program, ...words, "--kubeconfig", this.#kubeconfig], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH, HOME, ...env },
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (part: Buffer) => {
        printed += part.toString("utf8");
      });
    }
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
      });
      return { code, printed };
    } finally {
      await killAndWait(child);
    }
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
