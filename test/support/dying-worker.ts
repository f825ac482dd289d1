/**
 * The worker, but for one thing: it ends itself by SIGKILL at the call that DIE_AT names, as a machine that loses power at
 * that very moment does. `before-…`: the server never hears of it; `after-…`: the server has done it, and nobody heard.
 */
import { z } from "zod";
import { MysqlDoltServers } from "../../src/adapters/dolt/dolt-servers.ts";
import { loadKubeConfig } from "../../src/adapters/kubernetes/load-kube-config.ts";
import { readWorkerSettings } from "../../src/config/environment.ts";
import type { CallOptions, DoltAddress, DoltServers, DoltSession } from "../../src/ports/dolt-servers.ts";
import { startWorker } from "../../src/worker/start.ts";

const moments = ["before-demotion", "after-demotion", "before-promotion", "after-promotion"] as const;
const moment = z.enum(moments).parse(process.env.DIE_AT);

function dieAt(reached: (typeof moments)[number]): void {
  if (reached === moment) process.kill(process.pid, "SIGKILL");
}

class DyingServers implements DoltServers {
  readonly #real = new MysqlDoltServers();

  async connect(address: DoltAddress, options: CallOptions): Promise<DoltSession> {
    return dying(await this.#real.connect(address, options));
  }
}

function dying(real: DoltSession): DoltSession {
  return {
    evidence: real.evidence,
    backups: real.backups,
    identity: (options) => real.identity(options),
    databases: (options) => real.databases(options),
    replication: (options) => real.replication(options),
    privileges: (options) => real.privileges(options),
    details: (options) => real.details(options),
    dataState: (options) => real.dataState(options),
    close: () => real.close(),
    async assumeRole(role, epoch, options) {
      if (role === "primary") dieAt("before-promotion");
      await real.assumeRole(role, epoch, options);
      if (role === "primary") dieAt("after-promotion");
    },
    async transitionToStandby(epoch, minCaughtUp, options) {
      dieAt("before-demotion");
      const rows = await real.transitionToStandby(epoch, minCaughtUp, options);
      dieAt("after-demotion");
      return rows;
    },
  };
}

await startWorker(readWorkerSettings(process.env), loadKubeConfig(), new DyingServers());
