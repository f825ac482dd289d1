/**
 * Builds the real servers that the tests run, from Go modules pinned beside this file, into a cache.
 * `node test/parts/build.ts all` builds every part; `node test/parts/build.ts dolt etcd` builds those.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { withBuildLock } from "./lock.ts";
import { isPartName, PARTS, type PartModule, type PartName, partModule } from "./modules.ts";

export type { PartName } from "./modules.ts";

/** Long enough for a cold build of the largest module beside other work on two cores. */
const BUILD_DEADLINE_MS = 45 * 60_000;

/** What Dolt's go.mod asks for, the newest of all. */
const OLDEST_GO = "1.26.2";

/** Path of the part's binary, built if the cache does not hold it. Throws with the end of the compiler's output when the build fails. */
export async function ensurePart(name: PartName): Promise<string> {
  const reason = partsUnavailable();
  if (reason !== null) {
    throw new Error(`cannot build ${name}: ${reason}`);
  }
  const module = partModule(name);
  const folder = join(cacheFolder(), `${module.name}-${await cacheKey(module)}`);
  const binary = join(folder, name);
  if (await exists(binary)) {
    return binary;
  }
  await mkdir(cacheFolder(), { recursive: true });
  await withBuildLock(folder, async () => {
    if (!(await exists(binary))) {
      await build(module, folder);
    }
  });
  return binary;
}

/** Why no part can be built on this machine, or null when they can. Cached binaries need Go too: its version is part of their key. */
export function partsUnavailable(): string | null {
  if (process.platform !== "linux") {
    return `the real servers run on Linux only, and this is ${process.platform}`;
  }
  const version = goVersion();
  if (version === null) {
    return `there is no \`go\` on the PATH; install Go ${OLDEST_GO} or newer`;
  }
  if (isOlder(version, OLDEST_GO)) {
    return `${version} is too old; install Go ${OLDEST_GO} or newer`;
  }
  if (spawnSync("gcc", ["--version"], { stdio: "ignore" }).status !== 0) {
    return "there is no `gcc` on the PATH, which Dolt's compression library needs; install gcc";
  }
  return null;
}

/** Where binaries are kept: `$HANDOVER_PARTS_CACHE`, or a folder in the user's cache. */
function cacheFolder(): string {
  return process.env.HANDOVER_PARTS_CACHE ?? join(homedir(), ".cache", "handover", "parts");
}

let knownGoVersion: string | null | undefined;

/** Such as `go1.26.8`, or null when there is no Go. Asked once a process. */
function goVersion(): string | null {
  if (knownGoVersion === undefined) {
    const asked = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
    knownGoVersion = asked.status === 0 ? asked.stdout.trim() : null;
  }
  return knownGoVersion;
}

/** Compares `go1.26.8` with `1.26.2`, number by number. */
function isOlder(version: string, oldest: string): boolean {
  return version.replace(/^go/, "").localeCompare(oldest, "en", { numeric: true }) < 0;
}

/** Changes with whatever changes the binary: the module's files, the flags, the compiler and the machine's architecture. */
async function cacheKey(module: PartModule): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "tools.go"]) {
    hash.update(await readFile(join(module.folder, file)));
  }
  hash.update(JSON.stringify([goVersion(), process.arch, module.packages, module.flags, module.environment]));
  return hash.digest("hex").slice(0, 16);
}

/** Builds all commands of a module into a temporary folder beside the cache's, and renames it: a half-built folder is never seen. */
async function build(module: PartModule, folder: string): Promise<void> {
  const commands = Object.keys(module.packages).join(", ");
  console.error(`parts: building ${commands} (${module.version}); the first build takes ${module.coldBuild}`);
  const startedAt = performance.now();
  const unfinished = await mkdtemp(`${folder}.unfinished-`);
  try {
    for (const group of buildGroups(module, unfinished)) {
      await runGo(module, ["build", ...module.flags, "-o", group.output, ...group.packages]);
    }
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  console.error(`parts: built ${commands} in ${Math.round((performance.now() - startedAt) / 1000)} s`);
}

/** `go build` names several commands after their packages; a single one can be given any name. */
function buildGroups(module: PartModule, folder: string): { output: string; packages: string[] }[] {
  const entries = Object.entries(module.packages);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined) {
    return [{ output: join(folder, first[0]), packages: [first[1]] }];
  }
  return [{ output: `${folder}/`, packages: entries.map(([, path]) => path) }];
}

async function runGo(module: PartModule, args: string[]): Promise<void> {
  const child = spawn("go", args, {
    cwd: module.folder,
    env: { ...process.env, GOFLAGS: "", ...module.environment },
    stdio: ["ignore", "ignore", "pipe"],
    signal: AbortSignal.timeout(BUILD_DEADLINE_MS),
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-4_000);
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  if (exitCode !== 0) {
    throw new Error(`go ${args[0]} of ${module.name} failed (exit code ${exitCode}):\n${output}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const names = wanted.includes("all") ? [...PARTS] : wanted.filter(isPartName);
  if (names.length === 0 || (!wanted.includes("all") && names.length < wanted.length)) {
    console.error(`usage: node test/parts/build.ts all | PART…, where a PART is one of ${PARTS.join(", ")}`);
    process.exit(2);
  }
  for (const name of names) {
    console.log(`${name} ${await ensurePart(name)}`);
  }
}
