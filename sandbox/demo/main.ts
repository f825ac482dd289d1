/** `npm run demo`, once packages, Node 24 and Redis are there (bin/demo.mjs). */
import { startSandboxCluster } from "../cluster.ts";
import { runDemo } from "./run.ts";

process.exit(await runDemo(() => startSandboxCluster()));
