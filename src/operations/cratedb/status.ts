import { HandoverError } from "../../domain/errors.ts";
import type { Seen } from "../../ports/surroundings.ts";
import type { Operation, OperationContext } from "../operation.ts";
import { backupsNow } from "./backup-jobs-pause.ts";
import { asked } from "./crate-calls.ts";
import { CrateSession } from "./session.ts";
import { crateStatusDefinition } from "./status-definition.ts";
import { type CrateStatusView, crateStatusLines, crateStatusReport } from "./status-report.ts";

/** The whole answer is to come within 3 s, even if nodes hang; what is left of it is for the Kubernetes API and for drawing. */
const answerWithinMs = 2_000;

/** What the cluster says of itself, asked side by side; what cannot be read is said to be so. It changes nothing and needs no approval. */
export const crateStatusOperation: Operation = {
  name: crateStatusDefinition.name,

  async plan(context) {
    const session = await CrateSession.open(context);
    try {
      const report = crateStatusReport(await readStatus(context, session));
      const now = crateStatusLines(report);
      return {
        kind: "plan",
        draft: { facts: [], now, steps: [], cost: "", bounds: [], warnings: [], details: report },
      };
    } finally {
      await session.close();
    }
  },

  begin() {
    return {
      steps: [],
      undo: async () => {
        throw new Error("a status has no steps, so none of them can fail");
      },
      result: () => ({ summary: "Answered.", writesStoppedMs: null }),
      close: async () => {},
    };
  },
};

async function readStatus(context: OperationContext, session: CrateSession): Promise<CrateStatusView> {
  const { database, cluster } = session;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(answerWithinMs)]);
  const options = session.options(signal, answerWithinMs);
  const [user, nodes, state, health, shards, tables, checks, backups] = await Promise.all([
    seen(asked("who this user is", database.user(options))),
    seen(asked("the nodes", database.nodes(options))),
    seen(asked("master and settings", database.state(options))),
    seen(asked("the health", database.health(options))),
    seen(asked("the shards", database.shards(options))),
    seen(asked("the tables", database.tables(options))),
    seen(asked("the checks", database.nodeChecks(options))),
    seen(backupsNow({ ...context, signal }, session)),
  ]);
  return { cluster, user, nodes, state, health, shards, tables, checks, backups };
}

async function seen<T>(reading: Promise<T>): Promise<Seen<T>> {
  try {
    return { seen: true, value: await reading };
  } catch (error) {
    if (error instanceof HandoverError) return { seen: false, why: error.problem.what };
    throw error;
  }
}
