import { fail, type Problem, problem } from "../../domain/errors.ts";
import { lineToType } from "../line-to-type.ts";
import type { OperationContext, OperationRun, UndoResult } from "../operation.ts";
import { givebacksOf } from "./backup-jobs.ts";
import { backupCronJobs, giveBackups } from "./backup-jobs-pause.ts";
import { isSilence } from "./crate-calls.ts";
import { healthOf, masterOf, missingNodes } from "./look.ts";
import { lookAtHealth, unwellIn, whyOf } from "./restart-sight.ts";
import { resumeSteps, type SuspensionDetails, setsOf } from "./suspend-details.ts";
import { dependentsNow, insisting, scaleDependents, scaleSets, setNamed, untilNothing } from "./suspend-pods.ts";
import {
  type Opening,
  SuspensionRun,
  type SuspensionStep,
  type SuspensionWork,
  silenceMs,
} from "./suspend-step-run.ts";
import { suspendedAnnotation } from "./suspension-record.ts";

export function resumeRun(context: OperationContext, details: SuspensionDetails): OperationRun {
  const steps: Record<string, SuspensionStep> = {
    "start-masters": {
      deadlineMs: details.waitMs + silenceMs,
      changesTarget: true,
      isDone: async (work) => mastersMissing(work).length === 0,
      act: startMasters,
    },
    "start-data": {
      deadlineMs: details.waitMs + silenceMs,
      changesTarget: true,
      isDone: async (work) => areStarted(work) && (await reasonsNow(work, unwellIn)).length === 0,
      act: startData,
    },
    "start-dependents": {
      deadlineMs: 2 * silenceMs,
      changesTarget: true,
      isDone: async (work) => (await dependentsNow(work)).every(({ replicas }) => replicas > 0),
      act: async (work) => {
        await scaleDependents(work, "back");
        return null;
      },
    },
    finish: {
      deadlineMs: 3 * silenceMs,
      changesTarget: true,
      isDone: isFinished,
      act: finish,
    },
  };
  const summary = "The cluster runs again as it was before it was suspended; its backups too.";
  return new SuspensionRun(context, details, { planned: resumeSteps(details), steps, summary, undo: undoResume });
}

async function startMasters(work: SuspensionWork): Promise<null> {
  await scaleSets(work, setsOf(work.details, "master"), "back");
  await untilNothing(
    work,
    work.details.waitMs,
    async () => mastersMissing(work),
    (reasons) => fail("crate_not_up", { seconds: work.details.waitMs / 1_000, why: reasons.join("; ") }),
  );
  return null;
}

/** Ready is all that can be asked of masters alone: there is no table that could be healthy yet. */
function mastersMissing({ session, details }: SuspensionWork): string[] {
  return setsOf(details, "master").flatMap((set) => {
    const { name, replicas, readyReplicas } = setNamed(session.cluster, set);
    return readyReplicas >= set.replicas && replicas >= set.replicas
      ? []
      : [`${readyReplicas} of ${set.replicas} pods of ${name} are Ready`];
  });
}

/** Until every node is there and every table GREEN. Missing copies alone do not hold the rest up for longer than that. */
async function startData(work: SuspensionWork): Promise<string | null> {
  const { details } = work;
  await scaleSets(work, setsOf(details, "data"), "back");
  let isYellow = false;
  await untilNothing(
    work,
    details.waitMs,
    () => reasonsNow(work, unwellIn),
    (reasons) => fail("crate_not_up", { seconds: details.waitMs / 1_000, why: reasons.join("; ") }),
  ).catch(async (error: unknown) => {
    const worse = await reasonsNow(work, (sight) => {
      const isUp = masterOf(sight) !== null && missingNodes(sight).length === 0 && healthOf(sight) !== "RED";
      return isUp ? [] : ["it is not up"];
    });
    if (worse.length > 0) throw error;
    isYellow = true;
  });
  return isYellow ? "all data can be read and written, but not every table has all its copies yet" : null;
}

function areStarted({ session, details }: SuspensionWork): boolean {
  return setsOf(details, "data").every((set) => setNamed(session.cluster, set).replicas > 0);
}

/** Nobody answering is a reason like any other: nodes that start do not answer yet. */
async function reasonsNow(
  { context, session }: SuspensionWork,
  read: (sight: Awaited<ReturnType<typeof lookAtHealth>>) => string[],
): Promise<string[]> {
  try {
    return read(await lookAtHealth(session, context.signal));
  } catch (error) {
    if (!isSilence(error) || context.signal.aborted) throw error;
    return [whyOf(error)];
  }
}

async function isFinished({ context, session }: SuspensionWork): Promise<boolean> {
  const { cluster } = session;
  if (cluster.sets.some(({ annotations }) => annotations[suspendedAnnotation] !== undefined)) return false;
  const jobs = await backupCronJobs(context, cluster);
  return !jobs.seen || givebacksOf(jobs.value).length === 0;
}

/** What was written down goes last: until then it brings everything back. */
async function finish(work: SuspensionWork): Promise<null> {
  const { context, session } = work;
  await insisting(work, () => giveBackups(context, session.cluster));
  for (const set of session.cluster.sets) {
    if (set.annotations[suspendedAnnotation] === undefined) continue;
    await insisting(work, () => context.crateClusters.annotate(set, { [suspendedAnnotation]: null }, context.signal));
  }
  return null;
}

/** What was started is better than what was not; what brings the rest back stays written down. */
async function undoResume({ context, details, opened }: Opening, failure: Problem): Promise<UndoResult> {
  const resume = lineToType(context, "cratedb", "resume");
  try {
    const session = await opened();
    const { sets } = await session.refresh(context.signal);
    const isUntouched = details.sets.every(({ name }) => sets.find((set) => set.name === name)?.replicas === 0);
    if (isUntouched) return { kind: "nothing_changed", problem: failure };
    const state = `Now: ${sets.map((set) => `${set.name} is set to ${set.replicas}, ${set.readyReplicas} Ready`).join("; ")}.`;
    return { kind: "stopped", problem: problem("crate_resume_stopped", { state, resume }) };
  } catch (error) {
    const state = "The Kubernetes API does not answer.";
    if (!isSilence(error) && !context.signal.aborted) throw error;
    return { kind: "stopped", problem: problem("crate_resume_stopped", { state, resume }) };
  }
}
