import type { CrateSetView } from "../../ports/crate-clusters.ts";
import { allocationEnableSetting } from "../../ports/crate-settings.ts";
import type { RestartDetails } from "./restart-details.ts";
import { type CrateSight, unwellIn } from "./restart-sight.ts";
import { allocationOpen } from "./routing-allocation.ts";

/** Why no node may be restarted now, each in words. */
export function reasonsAgainst(sight: CrateSight, { revisions }: Pick<RestartDetails, "revisions">): string[] {
  const { sets } = sight.cluster;
  const { allocationEnable } = sight.state.settings;
  return [
    ...sets.flatMap((set) => reasonsOfSet(set, revisions[set.name])),
    ...unwellIn(sight),
    ...(allocationEnable === allocationOpen ? [] : [`${allocationEnableSetting} is “${allocationEnable}”`]),
  ];
}

/** @param revision as it was approved; undefined: there was no such StatefulSet then */
function reasonsOfSet(set: CrateSetView, revision: string | undefined): string[] {
  const leaving = set.pods.filter(({ pod }) => pod?.terminating === true).map(({ name }) => name);
  return [
    ...leaving.map((name) => `${name} is being deleted already`),
    ...(set.isObserved ? [] : [`the controller of ${set.name} has not seen its newest change yet`]),
    ...(revision === undefined || set.updateRevision === revision
      ? []
      : [`the template of ${set.name} was changed meanwhile`]),
    ...rollingOut(set).map((name) => `the controller of ${set.name} is about to delete ${name}`),
  ];
}

/** Pods that the StatefulSet's controller deletes by itself, to roll out a change. */
export function rollingOut({ rollsFromOrdinal, pods, updateRevision }: CrateSetView): string[] {
  if (rollsFromOrdinal === null) return [];
  return pods
    .filter(({ ordinal, pod }) => ordinal >= rollsFromOrdinal && pod !== null && pod.revision !== updateRevision)
    .map(({ name }) => name);
}

/** Pods that a partition would bring back as they are, though they are not of the newest revision. */
export function keptBack({ rollsFromOrdinal, pods, updateRevision }: CrateSetView): string[] {
  if (rollsFromOrdinal === null) return [];
  return pods
    .filter(({ ordinal, pod }) => ordinal < rollsFromOrdinal && pod !== null && pod.revision !== updateRevision)
    .map(({ name }) => name);
}
