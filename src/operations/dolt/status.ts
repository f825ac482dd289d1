import type { Operation } from "../operation.ts";
import { describeNodes } from "./assess.ts";
import { lookAtDolt } from "./look.ts";
import { statusDefinition } from "./status-definition.ts";

/** What every server says of itself, asked side by side; it changes nothing and needs no approval. */
export const statusOperation: Operation = {
  name: statusDefinition.name,

  async plan(context) {
    const view = await lookAtDolt(context);
    const now = describeNodes(view);
    for (const node of view.nodes) {
      for (const row of node.answer?.replication ?? []) {
        if (row.role !== "primary") continue;
        const lag = row.lagMs === null ? "lag unknown until the next write" : `lag ${row.lagMs} ms`;
        now.push(
          `${node.name} → ${row.remote}, ${row.database}: ${row.error === null ? lag : `${lag}, error: ${row.error}`}`,
        );
      }
    }
    return { kind: "plan", draft: { facts: [], now, steps: [], cost: "", bounds: [], warnings: [], details: null } };
  },

  begin() {
    return {
      steps: [],
      undo: neverUndone,
      result: () => ({ summary: "Answered.", writesStoppedMs: null }),
      close: async () => {},
    };
  },
};

async function neverUndone(): Promise<never> {
  throw new Error("a status has no steps, so none of them can fail");
}
