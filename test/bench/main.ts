/**
 * `npm run bench -- dolt|edge [options]`: measures in one run, and prints JSON (stdout), with the rest on stderr.
 * What it measures depends on the machine; what it says is how the contenders compare on this one.
 */
import { casesOf, readOptions } from "./dolt/options.ts";
import { type BenchResult, runDoltBench } from "./dolt/run.ts";
import { tableOf } from "./dolt/table.ts";
import { runEdgeBench } from "./edge/run.ts";

const usage = `npm run bench -- dolt [--cluster processes|whole] [--action failover|restart|both] [--rounds N] [--nodes 3,5]
                          [--writers 4,32] [--databases 1,20] [--rest MS] [--doltclusterctl PATH]
npm run bench -- edge [--commands N] [--cold N]`;
const tell = (line: string) => console.error(line);

async function measureDolt(words: readonly string[]): Promise<unknown> {
  const results: BenchResult[] = [];
  for (const one of casesOf(readOptions(words))) {
    const result = await runDoltBench(one, tell);
    results.push(result);
    tell(`\n${tableOf(result)}\n`);
  }
  return results;
}

const benches: Readonly<Record<string, (words: readonly string[]) => Promise<unknown>>> = {
  dolt: measureDolt,
  edge: (words) => runEdgeBench(words, tell),
};
const [what = "", ...words] = process.argv.slice(2);
const bench = benches[what];
if (bench === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    console.log(JSON.stringify(await bench(words), null, 2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error(usage);
    process.exitCode = 1;
  }
}
