import { type Engine, workloadKinds } from "../target.ts";
import { entry, list } from "./entry.ts";
import { annotateLine, didYouMean, optInAdvice, optInLine, type WorkloadToAnnotate } from "./target-advice.ts";

/** What a person typed. */
export const typedProblems = {
  command_unknown: entry<{ given: string; known: readonly string[]; nearest: string | null }>(
    "usage",
    (d) => `There is no operation “${d.given}”. Nothing was done.`,
    (d) => (d.nearest === null ? `Known operations: ${list(d.known)}.` : `Did you mean: ${d.nearest}`),
  ),
  flag_unknown: entry<{ given: string; known: readonly string[]; nearest: string | null }>(
    "usage",
    (d) => `There is no option “${d.given}”. Nothing was done.`,
    (d) => (d.nearest === null ? `Known options: ${list(d.known)}.` : `Did you mean: ${d.nearest}`),
  ),
  flag_value: entry<{ flag: string; given: string; expected: string }>(
    "usage",
    (d) => `${d.flag} cannot be “${d.given}”. Nothing was done.`,
    (d) => `${d.flag} takes ${d.expected}.`,
  ),
  time_unclear: entry<{ given: string; why: string }>(
    "usage",
    (d) => `It cannot be told when “${d.given}” is: ${d.why}. Nothing was done.`,
    () => 'Say it like this: in 2h, at 02:30, at "tomorrow 02:30 Europe/Berlin".',
  ),
  flags_exclude: entry<{ one: string; other: string; why: string }>(
    "usage",
    (d) => `${d.one} and ${d.other} exclude each other: ${d.why}. Nothing was done.`,
    (d) => `Give ${d.one} or ${d.other}.`,
  ),
  flag_repeated: entry<{ flag: string }>(
    "usage",
    (d) => `${d.flag} was given twice. Nothing was done.`,
    (d) => `Give ${d.flag} once.`,
  ),
  target_missing: entry<{ usage: string }>(
    "usage",
    () => "No target was named. Nothing was done.",
    (d) => `Type: ${d.usage}`,
  ),
  request_id_missing: entry<{ usage: string }>(
    "usage",
    () => "Which request is meant was not said. Nothing was done.",
    (d) => `Type: ${d.usage} (the id stands at the foot of the request's message).`,
  ),
  words_left_over: entry<{ words: string; usage: string }>(
    "usage",
    (d) => `“${d.words}” is not understood here. Nothing was done.`,
    (d) => `Type: ${d.usage}`,
  ),
  quote_open: entry<{ usage: string }>(
    "usage",
    () => "A quotation mark is never closed. Nothing was done.",
    (d) => `Type: ${d.usage}`,
  ),
  target_unknown: entry<{ given: string; known: readonly string[]; engine?: Engine }>(
    "usage",
    (d) => `There is no target “${d.given}” here. Nothing was done.`,
    (d) =>
      `${didYouMean(d.given, d.known)}${d.known.length === 0 ? "" : `Known targets: ${list(d.known)}. `}${optInAdvice(d.given, d.engine ?? "dolt")}`,
  ),
  /** `given`: what its annotation says all the same; null: it has none. */
  target_not_opted_in: entry<WorkloadToAnnotate & { engine: Engine; given: string | null }>(
    "refused",
    (d) => {
      const ofOtherKinds =
        d.given === d.engine ? `which is for a ${list(workloadKinds[d.engine])}` : "which is no engine";
      const why =
        d.given === null
          ? "nobody has said yet that Handover may touch it"
          : `its annotation handover.dev/engine says “${d.given}”, ${ofOtherKinds}`;
      return `The ${d.kind} ${d.namespace}/${d.name} is there, and ${why}. Nothing was done.`;
    },
    (d) =>
      workloadKinds[d.engine].includes(d.kind)
        ? `Say so once, then type the command again: ${optInLine(d, d.engine, d.given !== null)}`
        : `A ${d.kind} can be restarted and scaled as an ordinary workload (npx handover status): ${optInLine(d, "kubernetes", d.given !== null)}`,
  ),
  target_not_annotated: entry<WorkloadToAnnotate & { engine: string; target: string }>(
    "refused",
    (d) =>
      `The ${d.kind} ${d.namespace}/${d.name} is not annotated as the target ${d.target} (any more). Nothing was changed.`,
    (d) =>
      `Handover touches only workloads that are annotated: ${optInLine(d, d.engine)} handover.dev/name=${d.target}`,
  ),
  target_name_shared: entry<{ given: string; workloads: readonly WorkloadToAnnotate[] }>(
    "usage",
    (d) =>
      `“${d.given}” is the name of ${d.workloads.length} targets of one namespace: ${list(d.workloads.map((one) => `${one.kind} ${one.namespace}/${one.name}`))}. Nothing was done.`,
    (d) => {
      const [, second = { kind: "Deployment", namespace: "NAMESPACE", name: "NAME" } as const] = d.workloads;
      const line = annotateLine(second, `handover.dev/name=${second.name}-${second.kind.toLowerCase()}`, true);
      return `Give one of them a name of its own: ${line}`;
    },
  ),
  target_ambiguous: entry<{ given: string; candidates: readonly string[] }>(
    "usage",
    (d) => `“${d.given}” names several targets: ${list(d.candidates)}. Nothing was done.`,
    (d) => `Write one of them in full: ${list(d.candidates)}.`,
  ),
  reason_missing: entry<{ usage: string }>(
    "usage",
    () => "A reason is required, because this changes something and is kept on record. Nothing was done.",
    (d) => `Type: ${d.usage} --reason "why"`,
  ),
  confirmation_missing: entry<{ usage: string }>(
    "usage",
    () => "The plan was not confirmed. Nothing was done.",
    (d) => `Type the command in a terminal and answer yes, or add --yes: ${d.usage} --yes`,
  ),
  configuration_invalid: entry<{ file: string; issues: readonly string[] }>(
    "usage",
    (d) => `${d.file} is not a valid configuration: ${d.issues.join("; ")}. Nothing was started.`,
    () => "Correct the lines named; docs/configuration.md lists every key.",
  ),
} as const;
