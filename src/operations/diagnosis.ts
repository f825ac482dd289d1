import { HandoverError } from "../domain/errors.ts";
import type { PodView } from "../ports/workloads.ts";
import type { OperationContext } from "./operation.ts";

const shownEvents = 4;
const shownLines = 6;

/**
 * What the cluster and the server's own log say of a pod that is not back: each in a sentence, nothing when neither can be read.
 * @param workloadUid of what should have made the pod: without one only that can have been told why
 */
export async function diagnosePod(
  { workloads, signal }: Pick<OperationContext, "workloads" | "signal">,
  pod: { readonly namespace: string; readonly name: string; readonly view: Pick<PodView, "uid"> | null },
  workloadUid: string,
): Promise<string[]> {
  const { namespace, name, view } = pod;
  const uid = view?.uid ?? workloadUid;
  const [events, lines] = await Promise.all([
    lastOf(workloads.events({ namespace, uid }, signal), shownEvents),
    view === null ? [] : lastOf(workloads.podLog({ namespace, name, uid }, shownLines, signal), shownLines),
  ]);
  return [
    ...(events.length === 0 ? [] : [`What the cluster says of it: ${events.join(" · ")}.`]),
    ...(lines.length === 0 ? [] : [`The end of its log: ${lines.join(" ⏎ ")}`]),
  ];
}

/** An explanation is not worth a failure of its own. */
async function lastOf(reading: Promise<string[]>, count: number): Promise<string[]> {
  try {
    return (await reading).slice(-count);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    return [];
  }
}
