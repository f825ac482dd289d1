/**
 * `npm run bench -- dolt [options]`: measures beside others, in one run, and prints a table (stderr) and JSON (stdout).
 * What it measures depends on the machine; what it says is how the contenders compare on this one.
 */
import { casesOf, readOptions } from "./dolt/options.ts";
import { type BenchResult, runDoltBench } from "./dolt/run.ts";
import { tableOf } from "./dolt/table.ts";

const usage = `npm run bench -- dolt [--cluster processes|whole] [--action failover|restart|both] [--rounds N] [--nodes 3,5]
                          [--writers 4,32] [--databases 1,20] [--rest MS] [--doltclusterctl PATH]`;
const [what, ...words] = process.argv.slice(2);
if (what !== "dolt") {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    const results: BenchResult[] = [];
    for (const one of casesOf(readOptions(words))) {
      const result = await runDoltBench(one, (line) => console.error(line));
      results.push(result);
      console.error(`\n${tableOf(result)}\n`);
    }
    console.log(JSON.stringify(results, null, 2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error(usage);
    process.exitCode = 1;
  }
}
