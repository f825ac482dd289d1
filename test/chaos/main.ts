/**
 * `npm run chaos`: runs by the seed, for people. Without `--seed` it begins at one of the clock's, so that each call tries
 * what none before has. With `--real` the servers are real Dolt, which is built where it is missing.
 */
import { parseArgs } from "node:util";
import { type OperationUnderTest, operationsUnderTest } from "./operations.ts";
import type { Played } from "./play.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";
import { runSimulated } from "./simulation/run.ts";
import { endOf, storyOf } from "./story.ts";

const { values } = parseArgs({
  options: {
    operation: { type: "string", default: operationsUnderTest[0]?.verb ?? "" },
    seed: { type: "string" },
    runs: { type: "string", default: "1" },
    real: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const operation = operationsUnderTest.find(({ verb }) => verb === values.operation);
if (operation === undefined) {
  const known = operationsUnderTest.map(({ verb }) => verb).join(", ");
  console.error(`There is no chaos for “${values.operation}”; there is for ${known}.`);
  process.exit(2);
}
const firstSeed = values.seed === undefined ? Date.now() % 1_000_000_000 : wholeNumber(values.seed);
const runs = wholeNumber(values.runs);
const where = values.real ? "real" : "simulated";
const { runOne, close } = values.real ? await onRealServers() : { runOne: runSimulated, close: async () => undefined };

let broken = 0;
const ends = new Map<string, number>();
for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
  const scenario = scenarioOf(seed, operation, where);
  const result = await runOne(scenario, operation);
  ends.set(endOf(result.history), (ends.get(endOf(result.history)) ?? 0) + 1);
  if (result.violations.length > 0) broken += 1;
  if (result.violations.length > 0 || values.verbose) console.log(`${storyOf(scenario, result, where)}\n`);
}
await close();
for (const [end, times] of [...ends].sort(([, a], [, b]) => b - a)) console.log(`${times} × ${end}`);
console.log(
  `${runs} runs from seed ${firstSeed}: ${broken === 0 ? "every promise kept" : `${broken} broke a promise`}.`,
);
// What a killed worker of a simulation left behind waits for ever.
process.exit(broken === 0 ? 0 : 1);

async function onRealServers(): Promise<{
  runOne: (scenario: Scenario, operation: OperationUnderTest) => Promise<Played>;
  close: () => Promise<void>;
}> {
  const { RealServers } = await import("./real/servers.ts");
  const servers = await RealServers.start();
  const lane = servers.newLane();
  return {
    runOne: (scenario, operation) => lane.play(scenario, operation),
    close: async () => {
      await lane.close();
      await servers.close();
    },
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,12}$/.test(text)) {
    console.error(`“${text}” is not a whole number.`);
    process.exit(2);
  }
  return Number(text);
}
