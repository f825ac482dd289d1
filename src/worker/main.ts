import { loadKubeConfig } from "../adapters/kubernetes/load-kube-config.ts";
import { readWorkerSettings } from "../config/environment.ts";
import { problemOf } from "../domain/errors.ts";
import { startWorker } from "./start.ts";

/** Less than a pod's usual grace period, so that what has begun can end before the kubelet's SIGKILL. */
const stopDeadlineMs = 25_000;

try {
  const worker = await startWorker(readWorkerSettings(process.env), loadKubeConfig());
  const stop = () => {
    worker.stop(stopDeadlineMs).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (error) {
  const why = problemOf(error, "starting the worker");
  process.stderr.write(`${why.what} ${why.next}\n`);
  process.exit(2);
}
