import { fail } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import type { DoltView } from "./look.ts";
import type { RepairDetails } from "./repair-details.ts";
import { connectTo } from "./server-calls.ts";

const callDeadlineMs = 10_000;
/** So many commits may have been made on a branch since people chose. */
const commitsAtMost = 10_000;

/**
 * Whether the chosen server still is what people chose: every commit that was its newest then is in its history. A primary
 * with an empty volume may have emptied it meanwhile. Throws `dolt_repair_changed`, and DoltError.
 */
export async function demandItsHistory(
  context: OperationContext,
  view: DoltView,
  details: RepairDetails,
): Promise<void> {
  const { name, heads } = details.chosen;
  const options = { deadlineMs: callDeadlineMs, signal: context.signal };
  const session = await connectTo(context, view, name);
  try {
    const known = await session.databases(options);
    for (const { database, branch, head } of heads) {
      const where = `${database}/${branch}`;
      if (!known.includes(database))
        throw fail("dolt_repair_changed", { now: `${name} lacks the database ${database}` });
      const now = (await session.evidence.branches(database, options)).find((one) => one.name === branch);
      if (now === undefined) throw fail("dolt_repair_changed", { now: `${name} lacks the branch ${where}` });
      if (now.head === head) continue;
      const commits = await session.evidence.commits(database, branch, commitsAtMost, options);
      if (!commits.includes(head)) {
        throw fail("dolt_repair_changed", { now: `${where} of ${name} has another history than when it was chosen` });
      }
    }
  } finally {
    session.close();
  }
}
