import { printCommand } from "../domain/command-line.ts";
import { type Problem, problem, problemOf } from "../domain/errors.ts";
import { changedFacts, needsAcceptance, type Plan } from "../domain/plan.ts";
import { type AnnouncedTarget, engineSchema } from "../domain/target.ts";
import { LeaseObserver } from "../execution/lease-observer.ts";
import type { Finisher, LedgerExecution } from "../execution/ledger.ts";
import { planFrom, preflight } from "../execution/preflight.ts";
import type { Operation, OperationContext } from "../operations/operation.ts";
import { objectionToBreakGlass } from "./break-glass.ts";
import { carryOut } from "./carry-out.ts";
import { exitCodeOfProblems, exitCodeOfState, exitCodes } from "./exit-codes.ts";
import { findTarget } from "./find-target.ts";
import { grammarFor, helpText } from "./grammar.ts";
import { type CliCommand, readInvocation } from "./invocation.ts";
import { contextFor } from "./operation-context.ts";
import { emptyReport, jsonReport, planText, problemText, type Report, resultText } from "./report.ts";
import { runSideCommand } from "./side-commands.ts";
import type { Terminal } from "./terminal.ts";
import { findUnfinished, pauseText, type Unfinished } from "./unfinished.ts";
import type { World, WorldSource } from "./world.ts";

export interface CommandLineSurroundings {
  readonly terminal: Terminal;
  readonly version: string;
  /** Its variables, secrets among them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called once, and only when a command was understood. Throws HandoverError. */
  readonly connect: (source: WorldSource) => World;
}

/** The same as the worker's, so that whoever waits for an abandoned lease waits equally long. */
const leaseDurationMs = 15_000;

/** Runs one command line and returns its exit code. Whatever goes wrong is told, never thrown. */
export async function runCommandLine(
  words: readonly string[],
  { terminal, version, environment, connect }: CommandLineSurroundings,
): Promise<number> {
  const side = await runSideCommand(words, terminal, environment);
  if (side !== null) return side;
  const json = words.includes("--json");
  const invocation = readInvocation(words, terminal.interactive);
  switch (invocation.kind) {
    case "help":
      terminal.out(helpText(engineSchema.options, invocation.verb));
      return exitCodes.done;
    case "version":
      terminal.out(`${version}\n`);
      return exitCodes.done;
    case "wrong":
      return tell(refusal({}, [invocation.problem]), json, terminal);
    case "command":
      return tell(await runCommand(invocation.command, json, terminal, connect), json, terminal);
  }
}

/** Prints the report for a program, or the part of it that has not been told yet for a person. */
function tell(report: Report, json: boolean, terminal: Terminal): number {
  if (json) terminal.out(jsonReport(report));
  else {
    for (const one of report.problems) terminal.err(problemText(one));
    if (report.execution !== null) terminal.out(resultText(report.execution));
    if (report.look !== null) terminal.out(`What is now, and what mends it: ${report.look}\n`);
  }
  return report.exitCode;
}

async function runCommand(
  command: CliCommand,
  json: boolean,
  terminal: Terminal,
  connect: CommandLineSurroundings["connect"],
): Promise<Report> {
  const cancelled = new AbortController();
  const stopListening = terminal.onInterrupt(() => cancelled.abort());
  let world: World | null = null;
  try {
    world = connect(command);
    return await new CommandRun(command, json, terminal, world, stopListening).run(cancelled.signal);
  } catch (error) {
    const operation = command.parsed.definition.name;
    if (cancelled.signal.aborted) return notWanted({ operation }, "Ctrl-C");
    return refusal({ operation }, [problemOf(error, `running ${operation}`)]);
  } finally {
    stopListening();
    await world?.close();
  }
}

/** One command against one cluster, from the target's name to the report. */
class CommandRun {
  readonly #command: CliCommand;
  readonly #json: boolean;
  readonly #terminal: Terminal;
  readonly #world: World;
  readonly #observer: LeaseObserver;
  /** Called before the execution, which hears of Ctrl-C itself. */
  readonly #stopCancelling: () => void;

  constructor(command: CliCommand, json: boolean, terminal: Terminal, world: World, stopCancelling: () => void) {
    this.#command = command;
    this.#json = json;
    this.#terminal = terminal;
    this.#world = world;
    this.#observer = new LeaseObserver(world.clock);
    this.#stopCancelling = stopCancelling;
  }

  async run(signal: AbortSignal): Promise<Report> {
    const { engine, parsed, namespace } = this.#command;
    const { definition } = parsed;
    const operation = this.#world.operationNamed(definition.name);
    if (operation === null) {
      const why = problem("operation_unavailable", { operation: definition.name, known: [] });
      return refusal({ operation: definition.name }, [why]);
    }
    const target = await findTarget(parsed.targetText, engine, this.#world, namespace, signal);
    const context = contextFor(this.#world, target, signal);
    if (definition.changesTarget) {
      const unfinished = await this.#findUnfinished(context, signal);
      if (unfinished !== null) return await this.#finish(unfinished, operation, target, context);
    }
    if (definition.changesTarget && !this.#command.planOnly) {
      const objection = await this.#objectionToBreakGlass(operation.name, target, context);
      if (objection !== null) return refusal({ operation: operation.name, target }, [objection]);
    }
    return await this.#plan(operation, target, context);
  }

  /** To begin something; what was begun is finished by whoever Kubernetes lets. */
  async #objectionToBreakGlass(
    operation: string,
    target: AnnouncedTarget,
    context: OperationContext,
  ): Promise<Problem | null> {
    const { policy, identity } = this.#world;
    return policy === null ? null : await objectionToBreakGlass(policy, operation, target, context, identity);
  }

  async #plan(operation: Operation, target: AnnouncedTarget, context: OperationContext): Promise<Report> {
    const about = { operation: operation.name, target, reason: this.#command.parsed.reason };
    const result = await preflight(operation, context, this.#command.parsed.parameters, this.#freeze());
    if (result.kind === "refused") return refusal(about, result.problems);
    const { draft } = result;
    if (!this.#json) this.#terminal.out(planText(draft, target));
    if (this.#command.planOnly || draft.steps.length === 0)
      return { ...emptyReport, ...about, plan: draft, exitCode: exitCodes.done };

    if (draft.acceptance !== undefined && needsAcceptance(draft)) {
      const { title, figures, flag } = draft.acceptance;
      const why = problem("acceptance_missing", { title, figures, commandLine: this.#lineWith(flag) });
      return refusal({ ...about, plan: draft }, [why]);
    }
    const { username: user, groups } = await this.#world.identity.whoAmI(context.signal);
    const id = this.#world.newId();
    const plan = planFrom(
      draft,
      {
        requestId: `cli-${id}`,
        operation: operation.name,
        target,
        // People of the command line are known by their Kubernetes user, not by a Slack workspace.
        requester: { teamId: "kubernetes", userId: user },
        parameters: this.#command.parsed.parameters,
      },
      this.#world.clock.nowMs(),
    );
    const known = { ...about, user, plan };
    if (!(await this.#isConfirmed(context.signal))) return notWanted(known, "You");
    // Reading takes its time, and what was read must still be so.
    const again = await preflight(operation, context, plan.parameters, { approved: plan, ...this.#freeze() });
    if (again.kind === "refused") return refusal(known, again.problems);
    const changes = changedFacts(plan, again.draft);
    if (changes.length > 0) return refusal(known, [problem("plan_stale", { changes, line: this.#command.typed })]);
    const execution: LedgerExecution = {
      version: 1,
      id: `x-${id}`,
      authority: { kind: "break_glass", user, groups: [...groups], reason: about.reason ?? "", plan },
      startedBy: `${user} (${this.#world.holder})`,
      startedAtMs: this.#world.clock.nowMs(),
      committed: false,
      steps: plan.steps.map((step) => ({ ...step, state: "pending" })),
    };
    return await this.#carryOut(known, operation, context, plan, execution, null);
  }

  /** An execution that its process left is finished, or undone, before anything new is planned. */
  async #finish(
    { execution, plan }: Unfinished,
    operation: Operation,
    target: AnnouncedTarget,
    context: OperationContext,
  ): Promise<Report> {
    const about = { operation: plan.operation, target, reason: this.#command.parsed.reason, plan };
    const unfinished = problem("execution_unfinished", {
      target: `${target.namespace}/${target.name}`,
      holder: execution.startedBy,
      executionId: execution.id,
      commandLine: this.#resumeLine(plan.operation, target),
    });
    if (this.#command.planOnly || plan.operation !== operation.name) return refusal(about, [unfinished]);
    this.#terminal.err(`${unfinished.what} This finishes it, or undoes it, by its own plan:\n`);
    const pause = execution.held?.pause ?? null;
    if (pause !== null) this.#terminal.err(pauseText(pause));
    if (!this.#json) this.#terminal.out(planText(plan, target));
    if (!(await this.#isConfirmed(context.signal))) return notWanted(about, "You");
    // What has changed nothing yet begins now, so it is judged as it is now.
    const objections = execution.committed ? [] : await this.#objectionsTo(plan, operation, context);
    const [objection = null] = objections;
    const user = await this.#world.identity.username(context.signal);
    const finisher = { user, reason: about.reason ?? "", atMs: this.#world.clock.nowMs() };
    const known = { ...about, user };
    const report = await this.#carryOut(known, operation, context, plan, execution, finisher, objection);
    // It ended there, so that it stands in nobody's way; what speaks against it is what this person has to hear.
    return objection === null || report.execution === null ? report : refusal(known, objections);
  }

  async #objectionsTo(plan: Plan, operation: Operation, context: OperationContext): Promise<readonly Problem[]> {
    const now = await preflight(operation, context, plan.parameters, { approved: plan, ...this.#freeze() });
    if (now.kind === "refused") return now.problems;
    const changes = changedFacts(plan, now.draft);
    return changes.length > 0 ? [problem("plan_stale", { changes, line: this.#command.typed })] : [];
  }

  async #carryOut(
    about: Partial<Report> & { readonly target: AnnouncedTarget },
    operation: Operation,
    context: OperationContext,
    plan: Plan,
    execution: LedgerExecution,
    finisher: Finisher | null,
    objection: Problem | null = null,
  ): Promise<Report> {
    this.#stopCancelling();
    const surroundings = {
      operation,
      // What has begun must be able to end, so nothing of it hangs on Ctrl-C.
      context: { ...context, signal: neverAborted },
      leases: this.#world.leases,
      observer: this.#observer,
      holder: this.#world.holder,
      leaseDurationMs,
      shutdown: neverAborted,
    };
    const resumeLine = this.#resumeLine(plan.operation, about.target);
    const carried = await carryOut(surroundings, plan, execution, finisher, this.#terminal, resumeLine, objection);
    switch (carried.kind) {
      case "refused":
        return refusal(about, [carried.problem]);
      case "broken":
        return { ...refusal(about, [carried.problem]), exitCode: exitCodes.unknown };
      case "left": {
        const holder = this.#world.holder;
        const { namespace, name } = about.target;
        const details = { target: `${namespace}/${name}`, holder, executionId: execution.id, commandLine: resumeLine };
        return refusal(about, [problem("execution_unfinished", details)]);
      }
      case "ended": {
        const { result, trouble } = carried;
        const exitCode = exitCodeOfState(result.state);
        const problems = trouble === null ? [] : [trouble];
        const look = ["failed", "unknown"].includes(result.state) ? this.#statusLine(about.target) : null;
        return { ...emptyReport, ...about, execution: { id: execution.id, ...result }, problems, look, exitCode };
      }
    }
  }

  #freeze(): { readonly overrideFreeze: boolean } {
    return { overrideFreeze: this.#command.overrideFreeze };
  }

  /** Asks the person there, unless `--yes` said it already. */
  async #isConfirmed(signal: AbortSignal): Promise<boolean> {
    if (this.#command.yes) return true;
    const answer = await this.#terminal.ask("Type yes to do this: ", signal);
    return answer?.trim().toLowerCase() === "yes";
  }

  #findUnfinished(context: OperationContext, signal: AbortSignal): Promise<Unfinished | null> {
    const { leases, clock } = this.#world;
    const tell = (holder: string, seconds: number) =>
      this.#terminal.err(`${holder} holds the lease; looking for up to ${seconds} s whether it still lives …\n`);
    // A plan changes nothing, so it is not worth a wait.
    const onWait = this.#command.planOnly ? null : tell;
    return findUnfinished({ leases, target: context.target, observer: this.#observer, clock, onWait }, signal);
  }

  /** The line as it was typed, with one switch more. */
  #lineWith(flag: string): string {
    const { parsed, engine } = this.#command;
    return printCommand({ ...parsed, given: [...parsed.given, { flag, text: null }] }, grammarFor(engine));
  }

  #resumeLine(operation: string, target: AnnouncedTarget): string {
    const verb = operation.slice(operation.indexOf(".") + 1);
    return this.#line(verb, target, this.#command.parsed.reason ?? "finish what was left");
  }

  #statusLine(target: AnnouncedTarget): string {
    return this.#line("status", target, null);
  }

  #line(verb: string, target: AnnouncedTarget, reason: string | null): string {
    const targetText = `${target.namespace}/${target.name}`;
    const definition = { verb, flags: [] };
    const extras = this.#cluster();
    return printCommand({ definition, targetText, given: [], reason, extras }, grammarFor(target.engine));
  }

  /** The options that lead to this cluster and its servers again. */
  #cluster(): Record<string, string | true> {
    const { kubeconfig, context, connection } = this.#command;
    return {
      ...(kubeconfig === null ? {} : { kubeconfig }),
      ...(context === null ? {} : { context }),
      ...connection.asTyped,
    };
  }
}

const neverAborted = new AbortController().signal;

function refusal(about: Partial<Report>, problems: readonly Problem[]): Report {
  return { ...emptyReport, ...about, problems, exitCode: exitCodeOfProblems(problems) };
}

function notWanted(about: Partial<Report>, by: string): Report {
  return { ...refusal(about, [problem("cancelled_before_start", { by })]), exitCode: exitCodes.failed };
}
