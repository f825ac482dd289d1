import { fail } from "../../domain/errors.ts";
import type { CrateShard } from "../../ports/crate-servers.ts";
import { asked, unlessSilent } from "./crate-calls.ts";
import { DrainProgress, leftText } from "./drain-progress.ts";
import { healthOf } from "./look.ts";
import { privilegeGaps } from "./privileges.ts";
import type { CrateScaleDetails, ScalePhase } from "./scale-details.ts";
import { areExcluded, excludeNodes } from "./scale-exclusions.ts";
import type { ScaleWork } from "./scale-work.ts";
import { explainStuck, type StuckShards } from "./stuck-shards.ts";

/** While many shards are left nobody waits for the last one, and reading them all costs the cluster something. */
const manyShards = 100;
const lookAgainAfterMs = 400;
const lookAgainWhileManyMs = 2_000;
/** Nothing on its way for so long is worth an explanation; with one question more it is told within 10 s. */
const stuckAfterMs = 3_000;
const explainAgainAfterMs = 15_000;
const tellAgainAfterMs = 2_000;

/**
 * Excludes the leaving nodes, at both levels, and waits until none of them holds a shard, or is to get one. It tells how far it
 * is, and why a shard does not move as soon as none is on its way. Safe to do twice.
 */
export async function drainNodes(work: ScaleWork, phase: ScalePhase, details: CrateScaleDetails): Promise<string> {
  const { context, tell } = work;
  const { clock, signal } = context;
  await excludeNodes(work, phase.nodes);
  const startedAtMs = clock.monotonicMs();
  const progress = new DrainProgress();
  let explained: { readonly atMs: number; readonly stuck: StuckShards } | null = null;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const left = await unlessSilent(signal, shardsLeft(work, phase));
    const nowMs = clock.monotonicMs();
    if (left !== null && left.length === 0) {
      const isEmpty = await unlessSilent(signal, isSurelyEmpty(work, phase));
      if (isEmpty === true) return `no shard is left on ${phase.nodes.join(", ")}`;
      if (nowMs - toldAtMs >= tellAgainAfterMs) {
        toldAtMs = nowMs;
        tell("every shard has moved; waiting until every table is GREEN");
      }
    }
    if (left !== null && left.length > 0) {
      const note = progress.note(left, nowMs);
      if (progress.stuckForMs(left, nowMs) < stuckAfterMs) explained = null;
      else if (explained === null || nowMs - explained.atMs >= explainAgainAfterMs) {
        const stuck = await unlessSilent(signal, whyStuck(work, phase));
        if (stuck !== null) explained = { atMs: nowMs, stuck };
        toldAtMs = Number.NEGATIVE_INFINITY;
      }
      if (nowMs - toldAtMs >= tellAgainAfterMs) {
        toldAtMs = nowMs;
        tell(noteWith(note, explained?.stuck ?? null));
      }
    }
    if (nowMs - startedAtMs >= details.drainMs) {
      const { why, advice } = explained?.stuck ?? { why: [], advice: [] };
      const what = left === null ? "the cluster does not answer" : leftText(left);
      throw fail("crate_scale_not_drained", { seconds: details.drainMs / 1_000, shards: what, reasons: why, advice });
    }
    await assertExcluded(work, phase);
    await clock.sleep((left?.length ?? 0) > manyShards ? lookAgainWhileManyMs : lookAgainAfterMs, signal);
  }
}

function noteWith(note: string, stuck: StuckShards | null): string {
  if (stuck === null || stuck.why.length === 0) return note;
  return [note, ...stuck.why, ...stuck.advice].join(" · ");
}

/** Shards that are on the leaving nodes, or on their way there. */
async function shardsLeft({ session, context }: ScaleWork, { nodes }: ScalePhase): Promise<CrateShard[]> {
  const options = session.options(context.signal);
  const shards = await asked("asking for the shards", session.database.shards(options));
  const ids = new Set(shards.flatMap(({ node }) => (node !== null && nodes.includes(node.name) ? [node.id] : [])));
  return shards.filter(({ node, relocatingNode, routingState }) => {
    if (node !== null && nodes.includes(node.name)) return true;
    return routingState === "RELOCATING" && relocatingNode !== null && ids.has(relocatingNode);
  });
}

/**
 * An empty answer is believed of a user only who sees everything: a privilege that was taken away meanwhile makes a cluster look
 * empty. And only while every table is GREEN: of a leaving node that crashed CrateDB lists no shard, and it may hold the only
 * copy. Closed tables are looked for where the allocator lists every copy.
 */
export async function isSurelyEmpty(work: ScaleWork, phase: ScalePhase): Promise<boolean> {
  const { session, context } = work;
  const options = session.options(context.signal);
  const [user, nodes, tables, state, health] = await Promise.all([
    asked("asking who this user is", session.database.user(options)),
    asked("asking for the nodes", session.database.nodes(options)),
    asked("asking for the tables", session.database.tables(options)),
    asked("asking for master and settings", session.database.state(options)),
    asked("asking for the health", session.database.health(options)),
  ]);
  const { missing, denied } = privilegeGaps(user);
  if (missing.length > 0 || denied.length > 0) throw fail("crate_privileges", { user: user.name, missing, denied });
  if (healthOf({ state, health }) !== "GREEN") return false;
  if (tables.some(({ isClosed }) => isClosed)) {
    const leaving = new Set(nodes.filter(({ name }) => phase.nodes.includes(name)).map(({ id }) => id));
    const allocations = await asked("asking for the allocations", session.database.allocations(options));
    if (allocations.some(({ nodeId }) => nodeId !== null && leaving.has(nodeId))) return false;
  }
  // Asked last, so that nothing that was seen above is older than it.
  return (await shardsLeft(work, phase)).length === 0;
}

async function whyStuck({ session, context }: ScaleWork, { nodes }: ScalePhase): Promise<StuckShards> {
  const options = session.options(context.signal);
  const [allocations, shards] = await Promise.all([
    asked("asking the allocator why shards stay", session.database.allocations(options)),
    asked("asking for the shards", session.database.shards(options)),
  ]);
  return explainStuck(allocations, shards, nodes);
}

/** A RESET by somebody else, or a full restart between the two writes, and shards would come back. */
async function assertExcluded(work: ScaleWork, phase: ScalePhase): Promise<void> {
  const { session, context } = work;
  const options = session.options(context.signal);
  const state = await unlessSilent(context.signal, asked("asking for the settings", session.database.state(options)));
  const value = state?.settings.filters.exclude._name ?? null;
  if (state !== null && !areExcluded(value, phase.nodes)) await excludeNodes(work, phase.nodes);
}
