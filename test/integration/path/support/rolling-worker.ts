/**
 * The worker, but that its failover is the rolling operation of tests, on the world in the folder WORLD. Each step of
 * `waiting` waits until the test lets it go on by the mark `let-STEP`; before that the mark `at-STEP` says that it has begun.
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { loadKubeConfig } from "../../../../src/adapters/kubernetes/load-kube-config.ts";
import { readWorkerSettings } from "../../../../src/config/environment.ts";
import { startWorker } from "../../../../src/worker/start.ts";
import { FolderWorld } from "../../../support/folder-world.ts";
import { TestOperation } from "../../../support/test-operation.ts";

const lookAgainMs = 50;

const world = new FolderWorld(z.string().min(1).parse(process.env.WORLD));
const operation = new TestOperation(world, "rolling");
const waiting = ["look", "pod-2", "pod-1", "pod-0"];
for (const step of waiting) {
  operation.at.set(step, async (signal) => {
    world.add(`at-${step}`);
    while (!world.has(`let-${step}`)) await delay(lookAgainMs, undefined, { signal });
  });
}

const worker = await startWorker(readWorkerSettings(process.env), loadKubeConfig(), undefined, [operation]);
process.once("SIGTERM", () => {
  worker.stop(20_000).then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
