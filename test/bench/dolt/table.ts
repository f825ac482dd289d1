import type { Distribution } from "./distribution.ts";
import type { BenchResult } from "./run.ts";

/** The result as a table for people. */
export function tableOf({ options, measured, acknowledgedWrites, lostWrites }: BenchResult): string {
  const { action, cluster, nodes, writers, databases } = options;
  const rows = measured.map(({ contender, gapMs, commandMs, failures }) => [
    contender,
    ...columns(gapMs),
    commandMs === null ? "–" : String(commandMs.median),
    String(failures.length),
  ]);
  const head = ["contender", "gap min", "median", "p90", "max (ms)", "command (ms)", "failed"];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [
    `${action}, cluster of ${cluster}: ${nodes} nodes, ${writers} writers, ${databases} databases`,
    ...lines,
    `${acknowledgedWrites} writes acknowledged, ${lostWrites} lost`,
  ].join("\n");
}

function columns(distribution: Distribution | null): string[] {
  if (distribution === null) return ["–", "–", "–", "–"];
  const { min, median, p90, max } = distribution;
  return [min, median, p90, max].map((value) => String(value));
}
