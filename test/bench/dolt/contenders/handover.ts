import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Contender } from "./contender.ts";
import { runProgram } from "./run-program.ts";

const program = fileURLToPath(new URL("../../../../src/cli/main.ts", import.meta.url));

/** `npx handover dolt …`, as people type it. */
export async function handoverContender(kubeconfig: string, target: string): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), "handover-bench-"));
  const file = join(folder, "kubeconfig");
  await writeFile(file, kubeconfig, { mode: 0o600 });
  return {
    name: "handover",
    run: (action) =>
      runProgram(process.execPath, [
        program,
        ...["dolt", action, target, "--reason", "a benchmark", "--yes", "--kubeconfig", file],
      ]),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
