import type { Contradiction } from "./contradiction.ts";
import { holdingContradictions } from "./contradictions-holdings.ts";
import { roleContradictions } from "./contradictions-roles.ts";
import { settingContradictions } from "./contradictions-settings.ts";
import type { DoltView } from "./look.ts";

export type { Contradiction, ContradictionCode } from "./contradiction.ts";

/**
 * Everything in which the servers, Kubernetes and the servers' configuration contradict one another, the gravest first.
 * Pure: it judges what a look has seen. What was not looked at (configurations, comparisons) is passed over in silence.
 */
export function contradictionsOf(view: DoltView): Contradiction[] {
  const found = [...roleContradictions(view), ...holdingContradictions(view), ...settingContradictions(view)];
  const gravity = { everything: 0, planned: 1, nothing: 2 } as const;
  return found.sort((one, other) => gravity[one.forbids] - gravity[other.forbids]);
}
