import { DoltError } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import { highestEpoch, isAnswering } from "./assess.ts";
import type { DoltView } from "./look.ts";
import { assumeRole } from "./server-calls.ts";

/**
 * The epoch to promote a standby at: the highest seen anywhere, and one more. While a server is silent, a promotion that
 * nobody answered may still wait in it, at that very epoch, and two primaries that meet at one epoch break all. So the
 * standbys that can be reached are raised to it first, and the promotion goes one above.
 */
export async function fenceBefore(
  context: OperationContext,
  view: DoltView,
  candidate: string,
): Promise<{ readonly epoch: number; readonly fenced: readonly string[] }> {
  const epoch = highestEpoch(view) + 1;
  // A container that was seen ended waits for nothing: a new one begins with what is on its disk.
  if (view.nodes.every(({ silence }) => silence === null || silence.kind === "stopped")) return { epoch, fenced: [] };
  const standbys = view.nodes.filter(isAnswering).filter(({ name, answer }) => {
    return name !== candidate && answer.role === "standby";
  });
  const raised = await Promise.all(
    standbys.map(async ({ name }) => {
      try {
        await assumeRole(context, view, name, "standby", epoch);
        return [name];
      } catch (error) {
        // One that fell silent meanwhile is no server that can be reached.
        if (error instanceof DoltError && error.outcome !== "refused") return [];
        throw error;
      }
    }),
  );
  return { epoch: epoch + 1, fenced: raised.flat() };
}
