import type { OperationUnderTest } from "../operations.ts";
import { type Played, play } from "../play.ts";
import { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { SimulatedCluster } from "./cluster.ts";
import { simulatedEnvironment } from "./environment.ts";
import { VirtualTime } from "./virtual-time.ts";
import type { Tamper } from "./worker.ts";

/** One scenario from beginning to end, in a cluster and a time of its own; the same scenario always gives the same. */
export function runSimulated(scenario: Scenario, operation: OperationUnderTest, tamper?: Tamper): Promise<Played> {
  const time = new VirtualTime();
  return time.run(async () => {
    const random = new Random(scenario.seed ^ 0x5bd1e995);
    const cluster = await SimulatedCluster.start(time, random, scenario);
    try {
      const primary = cluster.pods[scenario.startPrimary] ?? "";
      return await play(scenario, operation, simulatedEnvironment(cluster, tamper), random, { primary, firstId: 1 });
    } finally {
      await cluster.close();
    }
  });
}
