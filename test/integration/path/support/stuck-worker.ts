/**
 * The worker, but that no server answers it from the connection on that STUCK_FROM counts, as behind a firewall that drops
 * everything: a way to stop a worker at a known place. Says "stuck" on stdout when it has come there.
 */
import { once } from "node:events";
import { z } from "zod";
import { MysqlDoltServers } from "../../../../src/adapters/dolt/dolt-servers.ts";
import { loadKubeConfig } from "../../../../src/adapters/kubernetes/load-kube-config.ts";
import { readWorkerSettings } from "../../../../src/config/environment.ts";
import { type CallOptions, type DoltAddress, DoltError, type DoltSession } from "../../../../src/ports/dolt-servers.ts";
import { startWorker } from "../../../../src/worker/start.ts";

const stuckFrom = z.coerce.number().int().min(1).parse(process.env.STUCK_FROM);

class StuckServers extends MysqlDoltServers {
  #connections = 0;

  override async connect(address: DoltAddress, options: CallOptions): Promise<DoltSession> {
    this.#connections += 1;
    if (this.#connections < stuckFrom) return await super.connect(address, options);
    process.stdout.write("stuck\n");
    const over = AbortSignal.any([options.signal, AbortSignal.timeout(options.deadlineMs)]);
    if (!over.aborted) await once(over, "abort");
    throw new DoltError("unreachable", "no answer");
  }
}

const worker = await startWorker(readWorkerSettings(process.env), loadKubeConfig(), new StuckServers());
process.once("SIGTERM", () => {
  worker.stop(20_000).then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
