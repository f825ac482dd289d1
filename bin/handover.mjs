#!/usr/bin/env node
/**
 * The command line interface's launcher: the bundle where it was built (the image, an installed package), the source in a
 * clone, under Node 24 either way. Signals and the exit code are those of the program.
 */
import "./support/old-node.mjs";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { endLike, runChild } from "./support/child.mjs";
import { environmentFor, findNode24 } from "./support/node24.mjs";
import { ensurePackages } from "./support/packages.mjs";
import { describeError } from "./support/report.mjs";
import { repositoryRoot } from "./support/repository.mjs";

/** The CLI's exit code for "failed, nothing was changed". */
const failedCode = 1;

const source = join(repositoryRoot, "src", "cli", "main.ts");
const bundle = join(repositoryRoot, "dist", "cli.mjs");
const isClone = existsSync(source);

try {
  if (!isClone && !existsSync(bundle))
    throw new Error(`Neither ${source} nor ${bundle} exists: this installation is broken.`);
  if (isClone) ensurePackages(repositoryRoot, process.stderr);
  const node = findNode24(repositoryRoot);
  const args = [isClone ? source : bundle, ...process.argv.slice(2)];
  endLike(await runChild(node, args, { env: environmentFor(node) }));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = failedCode;
}
