import { z } from "zod";
import type { World } from "../../src/cli/world.ts";
import type { Operation } from "../../src/operations/operation.ts";
import type { Report } from "./history.ts";
import { type Reach, withPoints } from "./points.ts";

/** The world of a command line with a point around each call that leaves the process, and around each step. */
export function instrumented(world: World, reach: Reach, planned: (details: unknown) => void): World {
  return {
    ...world,
    workloads: (namespaces) => withPoints(world.workloads(namespaces), "workloads", reach),
    leases: withPoints(world.leases, "leases", reach),
    identity: withPoints(world.identity, "identity", reach),
    dolt: withPoints(world.dolt, "dolt", reach, (call, result) =>
      call === "dolt.connect" && typeof result === "object" && result !== null
        ? withPoints(result, "dolt.session", reach)
        : result,
    ),
    operationNamed: (name) => {
      const operation = world.operationNamed(name);
      return operation === null ? null : withStepPoints(operation, reach, planned);
    },
  };
}

function withStepPoints(operation: Operation, reach: Reach, planned: (details: unknown) => void): Operation {
  return {
    name: operation.name,
    plan: (...given) => operation.plan(...given),
    begin: (context, plan, resumed) => {
      planned(plan.details);
      const run = operation.begin(context, plan, resumed);
      const steps = run.steps.map((step) => ({
        ...step,
        act: async (...given: Parameters<typeof step.act>) => {
          await reach({ call: `step.${step.id}`, phase: "before" });
          const note = await step.act(...given);
          await reach({ call: `step.${step.id}`, phase: "after" });
          return note;
        },
      }));
      return {
        steps,
        undo: (failure, signal) => run.undo(failure, signal),
        result: () => run.result(),
        close: () => run.close(),
      };
    },
  };
}

const problemsSchema = z.array(z.object({ code: z.string(), what: z.string(), next: z.string() }));
const reportSchema = z.object({
  exitCode: z.number(),
  operation: z.string().nullable(),
  plan: z.object({ now: z.array(z.string()) }).nullable(),
  execution: z
    .object({ state: z.string(), outcome: z.object({ summary: z.string(), problems: problemsSchema }) })
    .nullable(),
  problems: problemsSchema,
  look: z.string().nullable(),
});

/** What `--json` printed. */
export function readReport(stdout: string): Report {
  const report = reportSchema.parse(JSON.parse(stdout));
  // A status has no problems: what it found wrong is what it says.
  const look = report.look === null ? [] : [{ code: "look", what: "", next: report.look }];
  const said = report.operation === "dolt.status" ? (report.plan?.now ?? []) : [];
  return {
    exitCode: report.exitCode,
    state: report.execution?.state ?? null,
    summary: report.execution?.outcome.summary ?? null,
    problems: [
      ...(report.execution?.outcome.problems ?? []),
      ...report.problems,
      ...look,
      ...said.map((line) => ({ code: "status", what: line, next: "" })),
    ],
  };
}
