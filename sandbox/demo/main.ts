/** `npm run demo`, once packages, Node 24 and Redis are there (bin/demo.mjs). */
import { resolve } from "node:path";
import { startSandboxCluster } from "../cluster.ts";
import { runDemo } from "./run.ts";

process.exit(await runDemo(({ dolt }) => startSandboxCluster(dolt === null ? {} : { doltBinary: resolve(dolt) })));
