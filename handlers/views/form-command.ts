import { z } from "zod";
import { type Grammar, longestReason, parseCommandText } from "../../src/domain/command-line.ts";
import type { Problem } from "../../src/domain/errors.ts";
import { readStartTime } from "../../src/domain/start-time.ts";
import type { OperationDefinition } from "../../src/operations/catalogue.ts";
import { dryRunSwitch, fields, flagField, inputActionId } from "./form-view.ts";

/** By field (`block_id`), what is wrong with it. */
export type FormErrors = Readonly<Record<string, string>>;

export type FormCommand =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly errors: FormErrors };

/** The fields of a submitted page, by `block_id`. */
export interface FormFields {
  /** What was typed or chosen; empty when nothing was. */
  text(field: string): string;
  /** What was ticked. */
  ticked(field: string): readonly string[];
}

/** Of `view.state.values` (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload). */
const valueSchema = z.object({
  value: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
  selected_options: z.array(z.object({ value: z.string() })).nullish(),
});

export function readFields(values: Readonly<Record<string, Readonly<Record<string, unknown>>>>): FormFields {
  const read = (field: string) => valueSchema.parse(values[field]?.[inputActionId] ?? {});
  return {
    text(field) {
      const { value, selected_option: option } = read(field);
      return (option?.value ?? value ?? "").trim();
    },
    ticked: (field) => (read(field).selected_options ?? []).map(({ value }) => value),
  };
}

/** The command that a person would have typed for this page, so that it is read, judged and recorded like any other. */
export function commandOf(
  definition: OperationDefinition,
  target: string,
  given: FormFields,
  grammar: Grammar<OperationDefinition>,
): FormCommand {
  const errors: Record<string, string> = {};
  const words = [definition.verb, grammar.quote(target)];
  for (const flag of definition.flags) {
    if (flag.value === null) continue;
    const text = given.text(flagField(flag));
    if (text === "") continue;
    if (flag.parse(text) === null) errors[flagField(flag)] = `It has to be ${flag.expected}.`;
    else words.push(`--${flag.name}=${grammar.quote(text)}`);
  }
  const known = new Set([
    ...definition.flags.filter(({ value }) => value === null).map(({ name }) => name),
    dryRunSwitch,
  ]);
  words.push(...given.ticked(fields.switches).flatMap((name) => (known.has(name) ? [`--${name}`] : [])));
  const reason = given.text(fields.reason);
  if (reason.length > longestReason) errors[fields.reason] = `At most ${longestReason} characters.`;
  else if (reason !== "") words.push(`--reason=${grammar.quote(reason)}`);
  const when = given.text(fields.when);
  if (when !== "" && when.toLowerCase() !== "now") {
    const { flag, text } = startTimeOf(when);
    const read = readStartTime({ [flag]: text });
    if (read.ok) words.push(`--${flag}=${grammar.quote(text)}`);
    else errors[fields.when] = shortened(read.problem);
  }
  if (Object.keys(errors).length > 0) return { ok: false, errors };
  const asked = words.join(" ");
  const parsed = parseCommandText(asked, grammar);
  // Every field was looked at by itself; what is left is said beside the first that is always there.
  return parsed.ok ? { ok: true, text: asked } : { ok: false, errors: { [fields.reason]: shortened(parsed.problem) } };
}

/** Slack shows an error in one line below its field. */
function shortened({ what, next }: Problem): string {
  return `${what} ${next}`.slice(0, 500);
}

/** `at 02:30` and `in 2h` as they are typed behind a command; `02:30` is meant as `at`, and `2h` as `in`. */
function startTimeOf(when: string): { readonly flag: "at" | "in"; readonly text: string } {
  const [, word, rest] = /^(at|in)\s+(.+)$/is.exec(when) ?? [];
  if (rest !== undefined) return { flag: word?.toLowerCase() === "in" ? "in" : "at", text: rest };
  return { flag: /^\d+\s*(?:m|min|h|d)\b/.test(when) ? "in" : "at", text: when };
}
