import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { partsUnavailable } from "../../parts/build.ts";
import { type OperationUnderTest, operationsUnderTest } from "../operations.ts";
import type { Played } from "../play.ts";
import { type Scenario, scenarioOf } from "../scenario.ts";
import { endOf, storyOf } from "../story.ts";
import { RealServers } from "./servers.ts";

const unavailable = partsUnavailable();
/** Runs wait much more than they compute, so several fit side by side. */
const lanes = 3;
interface Planned {
  readonly scenario: Scenario;
  readonly operation: OperationUnderTest;
}

/** Far apart, so that the first faults of the runs are of every kind; the operations by turns, so that the lanes end together. */
const planned = operationsUnderTest
  .flatMap((operation) =>
    Array.from({ length: operation.runs.real }, (_, index) => ({
      operation,
      place: (index + 1) / operation.runs.real,
      scenario: scenarioOf(1_000 + index * 17, operation, "real"),
    })),
  )
  .sort((a, b) => a.place - b.place)
  .map(({ operation, scenario }): Planned => ({ operation, scenario }));

describe.skipIf(unavailable !== null)(
  `operations broken on real Dolt servers${unavailable === null ? "" : ` (${unavailable})`}`,
  () => {
    const played = new Map<Planned, PromiseWithResolvers<Played>>();
    let servers: RealServers;
    let playing: Promise<unknown> = Promise.resolve();

    beforeAll(async () => {
      servers = await RealServers.start();
      const waiting = [...planned];
      for (const one of planned) played.set(one, Promise.withResolvers());
      playing = Promise.all(
        Array.from({ length: lanes }, async () => {
          const lane = servers.newLane();
          for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
            const { promise, resolve, reject } = played.get(next) ?? Promise.withResolvers<Played>();
            promise.catch(() => undefined);
            await lane.play(next.scenario, next.operation).then(resolve, async (error: unknown) => {
              reject(error);
              await lane.close();
            });
          }
          await lane.close();
        }),
      );
    });

    afterAll(async () => {
      await playing;
      await servers?.close();
    });

    it.each(planned)("keeps its promises: $operation.verb, seed $scenario.seed", async (one) => {
      const result = await (played.get(one) ?? Promise.withResolvers<Played>()).promise;
      expect(result.violations, storyOf(one.scenario, result, "real")).toEqual([]);
      console.log(`${one.operation.verb}, seed ${one.scenario.seed}: ${endOf(result.history)}`);
    });
  },
);
