/**
 * `npm run demo`: brings packages, Node 24 and Redis, then starts the demo. Ctrl-C ends all of it. Arguments are passed on.
 */
import "./support/old-node.mjs";
import { join } from "node:path";
import { endLike, runChild } from "./support/child.mjs";
import { environmentFor, findNode24 } from "./support/node24.mjs";
import { ensurePackages } from "./support/packages.mjs";
import { ensureRedisServer } from "./support/redis.mjs";
import { describeError } from "./support/report.mjs";
import { repositoryRoot } from "./support/repository.mjs";

try {
  ensurePackages(repositoryRoot);
  const node = findNode24(repositoryRoot);
  const redis = process.env.REDIS_URL ? {} : { HANDOVER_REDIS_SERVER: ensureRedisServer() };
  const main = join(repositoryRoot, "sandbox", "demo", "main.ts");
  const end = await runChild(node, [main, ...process.argv.slice(2)], {
    env: { ...environmentFor(node), ...redis },
    noticesOurEnd: true,
  });
  endLike(end);
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}
