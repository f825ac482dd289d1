import { type Problem, problem } from "../../domain/errors.ts";
import { lineToType } from "../line-to-type.ts";
import type { UndoResult } from "../operation.ts";
import { countText } from "./amounts.ts";
import { giveBackups } from "./backup-jobs-pause.ts";
import { asked, unlessSilent } from "./crate-calls.ts";
import { excludedNames } from "./exclusions.ts";
import { type CrateSight, lookAtHealth } from "./restart-sight.ts";
import { openAllocation } from "./routing-allocation-hold.ts";
import type { CrateScaleDetails, ScalePhase } from "./scale-details.ts";
import { isSurelyEmpty } from "./scale-drain.ts";
import { excludeNodes, includeNodes } from "./scale-exclusions.ts";
import { haveLeft, replicasNow } from "./scale-leave.ts";
import { rewriteArguments, type ScaleWork, scaleTo, setOf, surely } from "./scale-work.ts";
import type { NodeTotals } from "./start-up-arguments.ts";

const lookAgainAfterMs = 1_000;
/** New nodes that hold little are emptied in that time; others stay. */
const emptyWithinMs = 25_000;
/** How long it is watched how shards return; the rest of an undo's minute is for the writes. */
const watchForMs = 25_000;

/**
 * Puts the group that was being scaled back as it was: excludes, number of pods, start-up arguments; and watches the shards
 * return. Groups that were done before stay: each is good by itself, and the same command goes on from there.
 */
export async function undoScale(work: ScaleWork, details: CrateScaleDetails, failure: Problem): Promise<UndoResult> {
  const states = [];
  for (const phase of details.phases) states.push({ phase, state: await stateOf(work, phase) });
  const done = states.filter(({ state }) => state === "done").map(({ phase }) => phase);
  const begun = states.find(({ state }) => state === "begun")?.phase ?? null;
  const put = begun === null ? null : await putBack(work, details, begun);
  await surely(work, () => openAllocation(work.context, work.session, details.settingsBefore));
  await surely(work, () => giveBackups(work.context, work.session.cluster));
  if (done.length === 0 && begun === null) return { kind: "nothing_changed", problem: failure };
  if (done.length === 0 && begun !== null && put?.kind === "back") {
    const { group, from } = begun;
    return {
      kind: "undone",
      problem: problem("crate_scale_undone", { group, to: from, why: failure.what, told: put.told }),
    };
  }
  const kept = done.map(({ group, to }) => `${group} has its ${countText(to, "node")}`);
  const state = [...kept, ...(begun === null ? [] : [`${begun.group}: ${put?.told ?? ""}`])].join("; ");
  const line = lineToType(work.context, "cratedb", "scale", ...details.nodes.split(","));
  return { kind: "stopped", problem: problem("crate_scale_stopped", { why: failure.what, state: `${state}.`, line }) };
}

async function stateOf(work: ScaleWork, phase: ScalePhase): Promise<"untouched" | "begun" | "done"> {
  const { context, session } = work;
  const sight = await surely(work, () => lookAtHealth(session, context.signal));
  const replicas = setOf(work, phase)?.replicas ?? phase.from;
  if (phase.kind === "up") {
    if (replicas === phase.from) return "untouched";
    const seen = new Set(sight.nodes.map(({ name }) => name));
    return phase.nodes.every((name) => seen.has(name)) ? "done" : "begun";
  }
  if (await surely(work, () => haveLeft(work, phase))) return "done";
  return replicas < phase.from || phase.own.some((name) => excludedIn(sight).includes(name)) ? "begun" : "untouched";
}

function excludedIn({ state }: CrateSight): string[] {
  return excludedNames(state.settings.filters.exclude._name ?? null);
}

interface PutBack {
  /** `kept`: it could not be put back without a risk, and stays as it is. */
  readonly kind: "back" | "kept";
  readonly told: string;
}

async function putBack(work: ScaleWork, details: CrateScaleDetails, phase: ScalePhase): Promise<PutBack> {
  const before = totalsBefore(details, phase);
  return phase.kind === "up" ? await putBackUp(work, phase, before) : await putBackDown(work, phase, before);
}

/** Pods that came are taken away only when their nodes hold no shard: what has joined may hold the only copy of one by now. */
async function putBackUp(work: ScaleWork, phase: ScalePhase, before: NodeTotals): Promise<PutBack> {
  const { context, session } = work;
  const sight = await surely(work, () => lookAtHealth(session, context.signal));
  const joined = phase.nodes.filter((node) => sight.nodes.some(({ name }) => name === node));
  if (joined.length > 0 && phase.role === "master") {
    return { kind: "kept", told: `${joined.join(", ")} joined and stay, as they may vote by now` };
  }
  if (joined.length > 0) {
    await excludeNodes(work, phase.nodes);
    const isEmpty = await within(work, emptyWithinMs, () => isSurelyEmpty(work, { ...phase, nodes: joined }));
    if (!isEmpty) {
      await includeNodes(work, phase.own);
      return { kind: "kept", told: `${joined.join(", ")} joined and hold shards, so they stay` };
    }
  }
  await scaleTo(work, phase, phase.to, phase.from);
  await rewriteArguments(work, phase, before);
  await includeNodes(work, phase.own);
  return { kind: "back", told: "" };
}

/** The pods first: their names are excluded until then, so that no shard is placed on one that ends. */
async function putBackDown(work: ScaleWork, phase: ScalePhase, before: NodeTotals): Promise<PutBack> {
  const replicas = await replicasNow(work, phase);
  if (replicas < phase.from) await scaleTo(work, phase, replicas, phase.from);
  await rewriteArguments(work, phase, before);
  await includeNodes(work, phase.own);
  return { kind: "back", told: await watchReturn(work, phase) };
}

/** Watches until no shard is on its way any more, or says how far it is. */
async function watchReturn(work: ScaleWork, phase: ScalePhase): Promise<string> {
  const { context, session } = work;
  let told = "";
  await within(work, watchForMs, async () => {
    const options = session.options(context.signal);
    const [shards, sight] = await Promise.all([
      asked("asking for the shards", session.database.shards(options)),
      lookAtHealth(session, context.signal),
    ]);
    const back = shards.filter(({ node }) => node !== null && phase.nodes.includes(node.name)).length;
    const moving = shards.filter(
      ({ routingState }) => routingState === "RELOCATING" || routingState === "INITIALIZING",
    );
    const missing = phase.nodes.filter((name) => !sight.nodes.some((node) => node.name === name));
    told = [
      ...(missing.length === 0 ? [] : [`${missing.join(", ")} are starting again.`]),
      ...(phase.role === "master"
        ? []
        : [
            moving.length === 0
              ? `${countText(back, "shard")} on ${phase.nodes.join(", ")}; none is moving any more.`
              : `${countText(back, "shard")} on ${phase.nodes.join(", ")}; ${moving.length} still move, and go on by themselves.`,
          ]),
    ].join(" ");
    return moving.length === 0 && missing.length === 0;
  });
  return told;
}

async function within(work: ScaleWork, durationMs: number, look: () => Promise<boolean>): Promise<boolean> {
  const { clock, signal } = work.context;
  const giveUpAtMs = clock.monotonicMs() + durationMs;
  for (;;) {
    if ((await unlessSilent(signal, look())) === true) return true;
    if (clock.monotonicMs() >= giveUpAtMs) return false;
    await clock.sleep(lookAgainAfterMs, signal);
  }
}

function totalsBefore({ phases, totalsBefore: first }: CrateScaleDetails, phase: ScalePhase): NodeTotals {
  const index = phases.findIndex(({ set }) => set.uid === phase.set.uid);
  return phases[index - 1]?.totals ?? first;
}
