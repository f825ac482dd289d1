/**
 * `npm run chaos -- --seed N --runs M`: breaks operations at random in simulated clusters, the seed deciding all of it.
 */
import "./support/old-node.mjs";
import { join } from "node:path";
import { endLike, runChild } from "./support/child.mjs";
import { environmentFor, findNode24 } from "./support/node24.mjs";
import { ensurePackages } from "./support/packages.mjs";
import { describeError } from "./support/report.mjs";
import { repositoryRoot } from "./support/repository.mjs";

try {
  ensurePackages(repositoryRoot);
  const node = findNode24(repositoryRoot);
  const main = join(repositoryRoot, "test", "chaos", "main.ts");
  endLike(await runChild(node, [main, ...process.argv.slice(2)], { env: environmentFor(node) }));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}
