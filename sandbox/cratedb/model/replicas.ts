/** `number_of_replicas` as CrateDB takes it: a number, `min-max` or `min-all`. Null: it takes no such thing, `all` alone included. */
export function replicaRange(text: string): { readonly min: number; readonly max: number } | null {
  const [, min, max] = /^(\d+)(?:-(\d+|all))?$/.exec(text) ?? [];
  if (min === undefined) return null;
  if (max === undefined) return { min: Number(min), max: Number(min) };
  const range = { min: Number(min), max: max === "all" ? Number.POSITIVE_INFINITY : Number(max) };
  return range.min > range.max ? null : range;
}

/** How many replicas there are to be on so many data nodes (AutoExpandReplicas of CrateDB): never below the lower end. */
export function replicasFor(text: string, dataNodes: number): number {
  const { min, max } = replicaRange(text) ?? { min: 0, max: 0 };
  return min === max ? min : Math.min(max, Math.max(min, dataNodes - 1));
}
