/**
 * `npm run bench -- dolt`: brings packages and Node 24, then measures beside other tools in one run. JSON goes to stdout, all
 * else to stderr. Linux, Go and gcc are needed for the real servers, root for `--cluster whole`.
 */
import "./support/old-node.mjs";
import { join } from "node:path";
import { endLike, runChild } from "./support/child.mjs";
import { environmentFor, findNode24 } from "./support/node24.mjs";
import { ensurePackages } from "./support/packages.mjs";
import { describeError } from "./support/report.mjs";
import { repositoryRoot } from "./support/repository.mjs";

try {
  ensurePackages(repositoryRoot, process.stderr);
  const node = findNode24(repositoryRoot);
  const main = join(repositoryRoot, "test", "bench", "main.ts");
  endLike(await runChild(node, [main, ...process.argv.slice(2)], { env: environmentFor(node) }));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}
