import { HandoverError } from "../../domain/errors.ts";
import type { OperationContext } from "../operation.ts";
import type { DoltView } from "./look.ts";

const shownEvents = 4;
const shownLines = 6;

/** What the cluster and the server's own log say of a pod that is not back: each in a sentence, nothing when neither can be read. */
export async function diagnose(context: OperationContext, name: string, view: DoltView | null): Promise<string[]> {
  if (view === null) return [];
  const { namespace } = context.target;
  const pod = view.nodes.find((node) => node.name === name)?.pod ?? null;
  // Without a pod only the StatefulSet can have been told why none was made.
  const uid = pod?.uid ?? view.workload.uid;
  const [events, lines] = await Promise.all([
    lastOf(context.workloads.events({ namespace, uid }, context.signal), shownEvents),
    pod === null
      ? []
      : lastOf(context.workloads.podLog({ namespace, name, uid }, shownLines, context.signal), shownLines),
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
