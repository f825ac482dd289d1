import type { Demo } from "./demo.ts";
import { faultHelp } from "./faults.ts";
import type { DemoOptions } from "./options.ts";

/** What a person reads who sees the demo for the first time. The first line says that it is ready. */
export function welcome(demo: Demo, startedInMs: number, { faults, dolt }: DemoOptions): string {
  return `
Handover's demo is ready (${(startedInMs / 1_000).toFixed(1)} s). Ctrl-C ends it.

  Open  ${demo.pageUrl}  — a Slack workspace; “Act as”, at the top, chooses who you are.

  1. As Alice, in #db-ops, type    /dolt failover orders
  2. Become Bob, read the plan, click Approve. (Alice asked, so she cannot.)
  3. Open the thread below the message: each step, and how long writes stopped.

  More to type    /dolt status billing     /dolt failover billing --to billing-2     /dolt help
                  /crate status metrics    /crate scale metrics hot=4    (CrateDB, simulated)
  In a terminal   KUBECONFIG=${demo.kubeconfigPath} npx handover dolt failover orders --plan
  ${faults ? `To break things, type here:\n${faultHelp.map((line) => `    ${line}`).join("\n")}` : "To break things, start it as: npm run demo -- --faults"}

The database servers are ${dolt === null ? "simulated (npm run demo -- --dolt PATH runs real ones)" : `real: ${dolt}`}.
An application writes to each of the two Dolt targets all the time. What it sees:`;
}
