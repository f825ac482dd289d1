import type { CrateShard } from "../../ports/crate-servers.ts";
import { bytesText, countText, timeText } from "./amounts.ts";

/** How far a drain is: what is left on the leaving nodes, how fast it goes, how long it may still take. */
export class DrainProgress {
  #first: { readonly atMs: number; readonly bytes: number; readonly shards: number } | null = null;
  #lastChangeAtMs = 0;
  #lastKey = "";

  /** `left`: the shards that are still on leaving nodes. Times of a monotonic clock. */
  note(left: readonly CrateShard[], nowMs: number): string {
    const bytes = sizeOf(left);
    this.#first ??= { atMs: nowMs, bytes, shards: left.length };
    const key = left
      .map(({ schema, table, partition, id, node, routingState }) =>
        [schema, table, partition, id, node?.id, routingState].join("/"),
      )
      .sort()
      .join(" ");
    if (key !== this.#lastKey) {
      this.#lastKey = key;
      this.#lastChangeAtMs = nowMs;
    }
    const first = this.#first;
    const most = Math.max(first.shards, left.length);
    const moved = Math.max(0, first.bytes - bytes);
    const seconds = (nowMs - first.atMs) / 1_000;
    const rate = seconds > 0 ? moved / seconds : 0;
    const moving = left.filter(({ routingState }) => routingState === "RELOCATING").length;
    const speed = rate > 0 ? `, ${bytesText(rate)}/s, about ${timeText((bytes / rate) * 1_000)} left` : "";
    return `${most - left.length} of ${countText(most, "shard")} moved, ${bytesText(bytes)} of ${bytesText(Math.max(first.bytes, bytes))} left, ${moving} moving now${speed}`;
  }

  /** For how long nothing has moved, while no shard is on its way; 0 while one is. */
  stuckForMs(left: readonly CrateShard[], nowMs: number): number {
    if (left.length === 0 || left.some(({ routingState }) => routingState === "RELOCATING")) return 0;
    return nowMs - this.#lastChangeAtMs;
  }
}

export function leftText(left: readonly CrateShard[]): string {
  const byNode = new Map<string, number>();
  for (const { node } of left) {
    if (node !== null) byNode.set(node.name, (byNode.get(node.name) ?? 0) + 1);
  }
  const nodes = [...byNode].map(([name, count]) => `${count} on ${name}`).join(", ");
  return `${countText(left.length, "shard")} (${bytesText(sizeOf(left))}) are left: ${nodes}`;
}

function sizeOf(shards: readonly CrateShard[]): number {
  return shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
