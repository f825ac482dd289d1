/**
 * `npm run bench -- dolt [options]`: measures beside others, in one run, and prints a table (stderr) and JSON (stdout).
 * What it measures depends on the machine; what it says is how the contenders compare on this one.
 */
import { readOptions } from "./dolt/options.ts";
import { runDoltBench } from "./dolt/run.ts";
import { tableOf } from "./dolt/table.ts";

const usage = `npm run bench -- dolt [--cluster processes|whole] [--action failover|restart] [--rounds N] [--nodes N]
                          [--writers N] [--databases N] [--rest MS] [--doltclusterctl PATH]`;
const [what, ...words] = process.argv.slice(2);
if (what !== "dolt") {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    const result = await runDoltBench(readOptions(words), (line) => console.error(line));
    console.error(tableOf(result));
    console.log(JSON.stringify(result, null, 2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error(usage);
    process.exitCode = 1;
  }
}
