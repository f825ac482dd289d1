/**
 * `npm run build`: bundles what runs in production into dist/, each as one file of ESM beside its metafile
 * (dist/meta-NAME.json), which tells what went into it.
 *
 *   node bin/build.mjs [worker|edge-node|edge-socket|lambda|cli …]
 */
import "./support/old-node.mjs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePackages } from "./support/packages.mjs";
import { describeError } from "./support/report.mjs";
import { repositoryRoot } from "./support/repository.mjs";

/** What is bundled: the name in dist/, and the source it starts from. `lambda` exports `handler`. */
export const entries = Object.freeze({
  worker: "src/worker/main.ts",
  "edge-node": "src/edge/node-main.ts",
  "edge-socket": "src/edge/socket-main.ts",
  lambda: "src/edge/lambda.ts",
  cli: "src/cli/main.ts",
});

/** @typedef {keyof typeof entries} EntryName */

/** CommonJS packages in an ESM bundle call `require` for Node's own modules; esbuild leaves that to the bundle. */
const requireBanner =
  'import { createRequire as handoverCreateRequire } from "node:module"; const require = handoverCreateRequire(import.meta.url);';

/**
 * Bundles these entries.
 * @param {readonly EntryName[]} names
 * @param {string} [outputFolder] default: dist/ of the project
 * @returns {Promise<Record<string, import("esbuild").Metafile>>} the metafile of each, by its name
 * @throws {import("esbuild").BuildFailure} when a source is missing or does not resolve
 */
export async function build(names, outputFolder = join(repositoryRoot, "dist")) {
  const esbuild = await import("esbuild");
  await mkdir(outputFolder, { recursive: true });
  /** @type {Record<string, import("esbuild").Metafile>} */
  const metafiles = {};
  for (const name of names) {
    const { metafile } = await esbuild.build({
      absWorkingDir: repositoryRoot,
      entryPoints: [entries[name]],
      outfile: join(outputFolder, `${name}.mjs`),
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      target: "node24",
      banner: { js: requireBanner },
      metafile: true,
      logLevel: "warning",
    });
    await writeFile(join(outputFolder, `meta-${name}.json`), JSON.stringify(metafile));
    metafiles[name] = metafile;
  }
  return metafiles;
}

/**
 * @param {readonly string[]} args
 * @returns {EntryName[]}
 */
function namesFrom(args) {
  const known = /** @type {EntryName[]} */ (Object.keys(entries));
  const unknown = args.filter((arg) => !known.some((name) => name === arg));
  if (unknown.length > 0) throw new Error(`Unknown bundle ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
  return args.length === 0 ? known : known.filter((name) => args.includes(name));
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const names = namesFrom(process.argv.slice(2));
    ensurePackages(repositoryRoot);
    const metafiles = await build(names);
    for (const [name, { outputs }] of Object.entries(metafiles)) {
      const bytes = Object.values(outputs).reduce((all, output) => all + output.bytes, 0);
      console.log(`dist/${name}.mjs  ${(bytes / 1e6).toFixed(2)} MB`);
    }
  } catch (error) {
    console.error(describeError(error));
    process.exitCode = 1;
  }
}
