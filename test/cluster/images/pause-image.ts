import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ImageSpec } from "./archive.ts";

const runFile = promisify(execFile);
const SOURCE_FOLDER = join(import.meta.dirname, "pause");
const BUILD_DEADLINE_MS = 120_000;

export const PAUSE_IMAGE = "handover.test/pause:1";

/** Builds the program that holds namespaces open, into `folder`. Static, so that it needs nothing beside it. */
export async function buildPause(folder: string): Promise<string> {
  const program = join(folder, "pause");
  await runFile("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", program, "."], {
    cwd: SOURCE_FOLDER,
    env: { ...process.env, CGO_ENABLED: "0" },
    signal: AbortSignal.timeout(BUILD_DEADLINE_MS),
  });
  return program;
}

export function pauseImage(program: string): ImageSpec {
  return { name: PAUSE_IMAGE, copies: new Map([[program, "/pause"]]), entrypoint: ["/pause"] };
}
