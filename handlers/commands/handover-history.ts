import { problem } from "../../src/domain/errors.ts";
import { type AnnouncedTarget, targetText } from "../../src/domain/target.ts";
import { judgeExpiry } from "../../src/domain/transitions/ending-early.ts";
import type { ChatMessage } from "../../src/ports/chat.ts";
import type { Budget } from "../budget.ts";
import { withLinks } from "../links.ts";
import { historyMessage, type ListedRequest, shownInLists } from "../messages/lists.ts";
import { problemMessage } from "../messages/problems.ts";
import type { EdgeServices } from "../services.ts";
import { readAnnounced } from "./announced.ts";

/**
 * `/handover history [TARGET]`: what was asked for last, and what became of it.
 * @throws {HandoverError} `redis_away`
 */
export async function tellHistory(text: string, services: EdgeServices, budget: Budget): Promise<ChatMessage> {
  if (text === "") return historyMessage(null, await recentOf(services, budget));
  const announced = await readAnnounced(services);
  const targets = announced.flatMap((at) => at.targets);
  const called = announced.filter(({ cluster }) => text === cluster.name || text === `${cluster.name}/*`);
  const named = targets.filter((target) => isNamed(target, text));
  if (named.length === 0 && called.length > 0) {
    return historyMessage(
      text,
      await recentOf({ ...services, clusters: called.map(({ cluster }) => cluster) }, budget),
    );
  }
  if (named.length === 0) {
    return problemMessage(
      problem("scope_unknown", { given: text.slice(0, 80), known: targets.map(targetText).sort() }),
    );
  }
  const lists = await Promise.all(
    named.map(async (target) => {
      const cluster = services.clusters.find(({ name }) => name === target.cluster);
      return cluster === undefined ? [] : await recentIn(cluster, target);
    }),
  );
  return historyMessage(text, await withLinks(newest(lists.flat()), services, budget));
}

/** What was asked for last in every cluster, the newest first, with links to their messages as far as time allows. */
export async function recentOf(
  services: Pick<EdgeServices, "clusters" | "chat" | "log">,
  budget: Budget,
): Promise<ListedRequest[]> {
  const lists = await Promise.all(services.clusters.map((cluster) => recentIn(cluster)));
  return withLinks(newest(lists.flat()), services, budget);
}

async function recentIn(cluster: EdgeServices["clusters"][number], target?: AnnouncedTarget) {
  const { records, nowMs } = await cluster.lists.recent(shownInLists, target);
  return records.map((record) => ({ record: judgeExpiry(record, nowMs), cluster }));
}

function newest<T extends { readonly record: { readonly createdAtMs: number } }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => b.record.createdAtMs - a.record.createdAtMs).slice(0, shownInLists);
}

function isNamed(target: AnnouncedTarget, text: string): boolean {
  return [target.name, `${target.namespace}/${target.name}`, targetText(target)].includes(text);
}
