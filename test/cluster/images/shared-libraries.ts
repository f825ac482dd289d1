import { execFile } from "node:child_process";
import { promisify } from "node:util";

const runFile = promisify(execFile);

/** `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)` or `/lib64/ld-linux-x86-64.so.2 (0x…)`. */
const LIBRARY_LINE = /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/;

/**
 * The libraries of this machine that a program loads, its loader included, each to lie at the same path in an image.
 * Empty for a statically linked program, which `ldd` refuses.
 */
export async function sharedLibraries(program: string): Promise<string[]> {
  let listing: string;
  try {
    ({ stdout: listing } = await runFile("ldd", [program], { env: { ...process.env, LC_ALL: "C" } }));
  } catch (error) {
    if (error instanceof Error && "stderr" in error && String(error.stderr).includes("not a dynamic executable")) {
      return [];
    }
    throw new Error(`ldd could not read ${program}`, { cause: error });
  }
  if (listing.includes("not found")) {
    throw new Error(`a library of ${program} is missing on this machine:\n${listing}`);
  }
  return listing.split("\n").flatMap((line) => LIBRARY_LINE.exec(line)?.[1] ?? []);
}

/** Those of several programs, as copies of an image's spec. */
export async function libraryCopies(...programs: readonly string[]): Promise<Map<string, string>> {
  const libraries = await Promise.all(programs.map(sharedLibraries));
  return new Map(libraries.flat().map((path) => [path, path]));
}
