import { planFrom } from "../../../../src/execution/preflight.ts";
import { failoverOperation } from "../../../../src/operations/dolt/failover.ts";
import type { FailoverBench } from "../../dolt-failover/support/failover-bench.ts";

/** A failover to this pod on the bench's target, whatever operation the bench is for. */
export async function handOver(bench: FailoverBench, to: string): Promise<void> {
  const parameters = { to };
  const planned = await failoverOperation.plan(bench.context(), parameters);
  if (planned.kind === "refused") throw new Error(planned.problems.map(({ what }) => what).join(" "));
  const { namespace, name } = bench.target;
  const plan = planFrom(
    planned.draft,
    {
      requestId: "a-test",
      operation: failoverOperation.name,
      target: { cluster: "main", namespace, name, workload: name },
      requester: { teamId: "T1", userId: "U1" },
      parameters,
    },
    Date.now(),
  );
  const run = failoverOperation.begin(bench.context(), plan, false);
  try {
    for (const step of run.steps) await step.act(bench.context().signal);
  } finally {
    await run.close();
  }
}
