import type { Json } from "../json.ts";

/** A number of pods that is given as such or as a percentage of all; undefined when it is not given. */
export function countFrom(given: Json | undefined, all: number, round: (value: number) => number): number | undefined {
  if (typeof given === "number") {
    return given;
  }
  const [, percent] = /^(\d+)%$/.exec(typeof given === "string" ? given : "") ?? [];
  return percent === undefined ? undefined : round((Number(percent) / 100) * all);
}
