import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MarkedWorld } from "./test-operation.ts";

/** A world whose marks are files of a folder, so that it outlives the processes that change it. */
export class FolderWorld implements MarkedWorld {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  has(mark: string): boolean {
    return existsSync(join(this.#folder, mark));
  }

  add(mark: string): void {
    writeFileSync(join(this.#folder, mark), "");
  }
}
