import { HandoverError } from "../src/domain/errors.ts";
import type { Budget } from "./budget.ts";
import type { DrawResult } from "./face/draw.ts";
import type { ClusterServices, EdgeServices } from "./services.ts";

/** Below this a call of Slack's has no chance, and would only leave behind a post whose outcome nobody knows. */
const leastDrawMs = 100;

/**
 * Draws a request's message within what is left of the time. Never throws: the change is on record already, and what is not drawn now
 * is drawn by a worker's sweep.
 */
export async function drawInTime(
  cluster: ClusterServices,
  requestId: string,
  budget: Budget,
  services: Pick<EdgeServices, "log">,
): Promise<DrawResult> {
  const deadlineMs = budget.slackMs();
  const late: DrawResult = { kind: "later", inMs: 0, why: "no time is left" };
  if (deadlineMs < leastDrawMs) return late;
  try {
    const result = await cluster.drawer.drawOnce(requestId, { deadlineMs });
    if (result.kind !== "drawn") services.log.info({ requestId, ...result }, "the message was not drawn at once");
    return result;
  } catch (error) {
    const why = error instanceof HandoverError ? error.problem.code : "unexpected";
    services.log.warn({ requestId, problem: why, err: error }, "the message could not be drawn");
    return late;
  }
}
