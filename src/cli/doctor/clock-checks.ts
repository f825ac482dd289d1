import { bad, type Finding, good, warning } from "./finding.ts";

/** Slack refuses signatures, and the edge requests, that are older than 5 minutes; a sixth of it is worth a word. */
const worthAWordMs = 5_000;
const tooFarMs = 30_000;

const mend =
  "Let this machine, and the other one, keep time by NTP: expiry is judged by Redis' clock, signatures by the edge's.";

/**
 * Compares another clock with this machine's.
 * @param theirsMs what it said between `beforeMs` and `afterMs` of this machine's
 */
export function clockFinding(whose: string, theirsMs: number, beforeMs: number, afterMs: number): Finding {
  const subject = `clocks: ${whose}`;
  const offMs = theirsMs < beforeMs ? theirsMs - beforeMs : Math.max(0, theirsMs - afterMs);
  const text = `${Math.abs(offMs / 1_000).toFixed(1)} s ${offMs < 0 ? "behind" : "ahead of"} this machine's`;
  if (Math.abs(offMs) > tooFarMs) return bad(subject, text, mend);
  return Math.abs(offMs) > worthAWordMs ? warning(subject, text, mend) : good(subject, "agrees with this machine's");
}

/** By the Date header of whatever answers there, which counts whole seconds; null when nothing does. */
export async function webClock(
  whose: string,
  address: string,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<Finding | null> {
  const before = nowMs();
  const response = await fetch(address, { method: "HEAD", redirect: "manual", signal }).catch(() => null);
  const after = nowMs();
  await response?.body?.cancel();
  const date = Date.parse(response?.headers.get("date") ?? "");
  if (Number.isNaN(date)) return null;
  const wholeSecondMs = 999;
  return clockFinding(whose, date < before ? Math.min(date + wholeSecondMs, before) : date, before, after);
}
