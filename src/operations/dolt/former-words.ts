import type { FormerWords } from "../../domain/command-line.ts";

/** doltclusterctl's operations and flags by what they are called here (docs/coming-from-doltclusterctl.md). */
export const doltclusterctlWords: FormerWords = {
  verbs: {
    applyprimarylabels: "relabel",
    gracefulfailover: "failover",
    promotestandby: "promote",
    rollingrestart: "restart",
  },
  flags: { n: "namespace", "min-caughtup-standbys": "min-caught-up" },
};
