import { fail, HandoverError, type Problem, problem } from "../../domain/errors.ts";
import type { WorkloadView } from "../../ports/workloads.ts";
import { lineToType } from "../line-to-type.ts";
import type { OperationContext, OperationRun, Step, UndoResult } from "../operation.ts";
import { describeNodes } from "./assess.ts";
import { lookAtDolt, lookAtWorkload } from "./look.ts";
import { decideLabels } from "./relabel-decision.ts";
import { type RelabelDetails, relabelSteps } from "./relabel-details.ts";
import { isRoutedOnlyTo, type PrimaryPod, roleLabel, routeTo } from "./role-labels.ts";

const tryAgainAfterMs = 200;

/** One relabelling being carried out. It keeps nothing of its own: each step asks the cluster, so any process can go on. */
export class RelabelRun implements OperationRun {
  readonly steps: readonly Step[];
  readonly #context: OperationContext;
  readonly #details: RelabelDetails;

  constructor(context: OperationContext, details: RelabelDetails) {
    this.#context = context;
    this.#details = details;
    const planned = relabelSteps(details);
    this.steps = planned.map(({ id, title }, index): Step => {
      const common = { id, title, safePoint: false };
      // Whichever step changes a label first commits.
      const first = { pointOfNoReturn: index === 1, changesTarget: true, deadlineMs: 60_000 };
      switch (id) {
        case "route":
          return {
            ...common,
            ...first,
            isDone: async (signal) => isRoutedOnlyTo(details.primary.name, await this.#workload(signal)),
            act: (signal) => this.#route(signal),
          };
        case "standbys":
          return {
            ...common,
            ...first,
            isDone: async (signal) => this.#unlabelled(await this.#workload(signal)).length === 0,
            act: (signal) => this.#labelStandbys(signal),
          };
        default:
          return {
            ...common,
            pointOfNoReturn: false,
            changesTarget: false,
            deadlineMs: 15_000,
            isDone: async () => false,
            act: (signal) => this.#check(signal),
          };
      }
    });
  }

  async undo(failure: Problem, signal: AbortSignal): Promise<UndoResult> {
    const context = this.#with(signal);
    while (!signal.aborted) {
      try {
        const workload = await lookAtWorkload(context);
        const isRouted = isRoutedOnlyTo(this.#details.primary.name, workload);
        if (isRouted && this.#unlabelled(workload).length === 0) {
          return { kind: "finished", note: `Every label says what its server says.` };
        }
        if (this.#isUntouched(workload, isRouted)) return { kind: "nothing_changed", problem: failure };
        return { kind: "unknown", problem: this.#halfDone(failure, labelsText(workload)) };
      } catch (error) {
        if (!signal.aborted && !(error instanceof HandoverError)) throw error;
      }
      // An abort only ends the pause early.
      await context.clock.sleep(tryAgainAfterMs, signal).catch(() => undefined);
    }
    return { kind: "unknown", problem: this.#halfDone(failure, "the Kubernetes API does not say") };
  }

  result() {
    const { primary, route } = this.#details;
    const summary = route.needed
      ? `The primary's label is on ${primary.name} only.`
      : "The standbys carry their label; the primary's was where it belongs.";
    return { summary, writesStoppedMs: null };
  }

  async close(): Promise<void> {}

  /** The servers must still say what they said at the plan: a label follows their word, never an older one. */
  async #check(signal: AbortSignal): Promise<string> {
    const view = await lookAtDolt(this.#with(signal));
    const decision = decideLabels(view);
    const { primary, epoch } = this.#details;
    const isSame =
      decision.kind === "labels" &&
      decision.details.primary.name === primary.name &&
      decision.details.primary.uid === primary.uid &&
      decision.details.epoch === epoch &&
      decision.details.silent.every((name) => this.#details.silent.includes(name));
    if (!isSame) throw fail("dolt_out_of_bounds", { what: describeNodes(view).join("; ") });
    return `${primary.name} is primary at epoch ${epoch}, by its own word`;
  }

  async #route(signal: AbortSignal): Promise<string> {
    const context = this.#with(signal);
    await routeTo(this.#details.primary, context, await lookAtWorkload(context));
    return `${roleLabel}=primary is on ${this.#details.primary.name} only`;
  }

  async #labelStandbys(signal: AbortSignal): Promise<string> {
    const context = this.#with(signal);
    const { namespace } = context.target;
    for (;;) {
      try {
        const missing = this.#unlabelled(await lookAtWorkload(context));
        if (missing.length === 0) return `${this.#details.standbys.length} labelled`;
        for (const { name, uid } of missing) {
          await context.workloads.labelPod({ namespace, name, uid }, roleLabel, "standby", signal);
        }
      } catch (error) {
        if (signal.aborted || !(error instanceof HandoverError)) throw error;
        await context.clock.sleep(tryAgainAfterMs, signal);
      }
    }
  }

  /** Standbys of the plan that do not carry their label yet. A pod that was replaced since is another one, and not of the plan. */
  #unlabelled({ pods }: WorkloadView): PrimaryPod[] {
    return this.#details.standbys.filter(({ name, uid }) => {
      const pod = pods.find((candidate) => candidate.name === name)?.pod;
      return pod?.uid === uid && pod.labels[roleLabel] !== "standby";
    });
  }

  #isUntouched(workload: WorkloadView, isRouted: boolean): boolean {
    const { primary, route, standbys } = this.#details;
    const carries = workload.pods.find(({ name }) => name === primary.name)?.pod?.labels[roleLabel] === "primary";
    const isRouteUntouched = route.needed ? !isRouted && !carries : isRouted;
    return isRouteUntouched && this.#unlabelled(workload).length === standbys.length;
  }

  #halfDone(failure: Problem, labels: string): Problem {
    const again = lineToType(this.#context, "dolt", "relabel");
    return problem("dolt_outcome_unknown", {
      state: `${failure.what} Some labels were changed and some were not: ${labels}.`,
      todo: `No server was touched. Type it again when the Kubernetes API answers: ${again}`,
    });
  }

  #workload(signal: AbortSignal): Promise<WorkloadView> {
    return lookAtWorkload(this.#with(signal));
  }

  #with(signal: AbortSignal): OperationContext {
    return { ...this.#context, signal };
  }
}

function labelsText({ pods }: WorkloadView): string {
  return pods.map(({ name, pod }) => `${name} ${pod?.labels[roleLabel] ?? "none"}`).join(", ");
}
