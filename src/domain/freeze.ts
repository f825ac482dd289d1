import { z } from "zod";
import { type Problem, problem } from "./errors.ts";
import { type FreezeWords, freezeWordsSchema } from "./freeze-words.ts";
import { mention, personSchema } from "./people.ts";
import { targetKeySchema } from "./target.ts";

/**
 * What is said to be frozen. `*` stands for everything: in a cluster, every target of it. Written as a target's key, so that the
 * policy judges a freeze of a cluster like one of a target, and only a rule for all of its namespaces and targets matches it.
 */
export const freezeScopeSchema = targetKeySchema.extend({ workload: z.string().min(1) });
export type FreezeScope = z.infer<typeof freezeScopeSchema>;

export function wholeCluster(cluster: string): FreezeScope {
  return { cluster, namespace: "*", name: "*", workload: "*" };
}

export function isWholeCluster({ name }: Pick<FreezeScope, "name">): boolean {
  return name === "*";
}

/** The scope for people: `main/shop/orders`, or “all of cluster main”. */
export function scopeText(scope: Pick<FreezeScope, "cluster" | "namespace" | "name">): string {
  return isWholeCluster(scope)
    ? `all of cluster ${scope.cluster}`
    : `${scope.cluster}/${scope.namespace}/${scope.name}`;
}

/** What the policy calls freezing and lifting. */
export const freezeOperations = { freeze: "handover.freeze", unfreeze: "handover.unfreeze" } as const;

/** How a person names it in a command: `main/shop/orders`, or the cluster's name. */
export function typedScope(scope: Pick<FreezeScope, "cluster" | "namespace" | "name">): string {
  return isWholeCluster(scope) ? scope.cluster : scopeText(scope);
}

/** One freeze as it is kept in a namespace of the cluster. */
export const freezeSchema = freezeWordsSchema.extend({
  /** Name and workload of the target; `*` twice: everything in this namespace, because the whole cluster is frozen. */
  name: z.string().min(1),
  workload: z.string().min(1),
  /** How a person names it, to lift it: `main/shop/orders`, or the cluster's name. */
  typed: z.string(),
  /** When it was wished, by Redis' clock: of two, the later one holds, in whatever order they arrive. */
  atMs: z.number().int(),
  /** It was lifted; kept for a while, so that an earlier wish that arrives late does not freeze again. */
  lifted: z.boolean().optional(),
});
export type Freeze = z.infer<typeof freezeSchema>;

/** What a person wants, until a worker has written it into the cluster. */
export const freezeWishSchema = z.object({
  id: z.string().min(1),
  kind: z.enum(["freeze", "unfreeze"]),
  scope: freezeScopeSchema,
  by: personSchema,
  reason: z.string(),
  /** By Redis' clock. */
  atMs: z.number().int(),
  /** Of a freeze; null: until it is lifted. */
  untilMs: z.number().int().nullable(),
  /** Where it was asked for, and is told when it holds. */
  channelId: z.string().min(1),
});
export type FreezeWish = z.infer<typeof freezeWishSchema>;

/** A freeze as workers tell the edge about it. */
export const announcedFreezeSchema = freezeWordsSchema.extend({ scope: freezeScopeSchema });
export type AnnouncedFreeze = z.infer<typeof announcedFreezeSchema>;

/** How long it is remembered that a freeze was lifted. */
const liftedRememberedMs = 24 * 60 * 60_000;

/** Whether it holds at this time. */
export function isInForce({ untilMs }: Pick<FreezeWords, "untilMs">, nowMs: number): boolean {
  return untilMs === null || nowMs < untilMs;
}

/** The freezes of a namespace after a wish. The same list when it changes nothing, as when it was there before. */
export function withWish(freezes: readonly Freeze[], wish: FreezeWish): readonly Freeze[] {
  return withFreeze(freezes, freezeOfWish(wish), wish.atMs);
}

/** The freezes of a namespace with one more, or a later one of the same scope. What has ended goes. */
export function withFreeze(freezes: readonly Freeze[], freeze: Freeze, nowMs: number): readonly Freeze[] {
  const known = freezes.find((one) => isOfSameScope(one, freeze));
  if (known !== undefined && known.atMs >= freeze.atMs) return freezes;
  const others = freezes.filter((one) => !isOfSameScope(one, freeze) && isRemembered(one, nowMs));
  return [...others, freeze];
}

/** The one that holds for this target; null: none does. One of its own is told before that of the whole cluster. */
export function freezeInForce(
  freezes: readonly Freeze[],
  target: { readonly name: string; readonly workload: string },
  nowMs: number,
): Freeze | null {
  const held = freezes.filter((one) => one.lifted !== true && isInForce(one, nowMs));
  // Renamed in the cluster or asked for by another name, it is the same workload.
  const own = held.find((one) => one.name === target.name || one.workload === target.workload);
  return own ?? held.find(isWholeCluster) ?? null;
}

/** Why nothing may change this target now, with who, why, until when, and how it is lifted. */
export function frozenProblem(target: string, freeze: FreezeWords, lift: string): Problem {
  return problem("target_frozen", {
    target,
    by: freeze.by,
    reason: freeze.reason,
    until: untilText(freeze.untilMs),
    lift,
  });
}

/** `2026-11-21 21:20 UTC`, or “it is lifted”. */
export function untilText(untilMs: number | null): string {
  if (untilMs === null) return "it is lifted";
  return `${new Date(untilMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function freezeOfWish(wish: FreezeWish): Freeze {
  const { scope, by, reason, atMs, untilMs } = wish;
  const words = { name: scope.name, workload: scope.workload, typed: typedScope(scope), by: mention(by), reason, atMs };
  return wish.kind === "freeze" ? { ...words, untilMs } : { ...words, untilMs: null, lifted: true };
}

function isOfSameScope(a: Pick<Freeze, "name">, b: Pick<Freeze, "name">): boolean {
  return a.name === b.name;
}

function isRemembered(freeze: Freeze, nowMs: number): boolean {
  return freeze.lifted === true ? nowMs < freeze.atMs + liftedRememberedMs : isInForce(freeze, nowMs);
}
