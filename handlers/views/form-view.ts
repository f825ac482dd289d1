import { createHash } from "node:crypto";
import { z } from "zod";
import { longestReason } from "../../src/domain/command-line.ts";
import { type AnnouncedTarget, engineSchema, slashCommands, targetText } from "../../src/domain/target.ts";
import type { FlagDefinition, OperationDefinition } from "../../src/operations/catalogue.ts";
import type { ChatMessage, ModalView } from "../../src/ports/chat.ts";
import { type Block, context, limits, plainText, section } from "../messages/blocks.ts";
import { clip, code, mrkdwn } from "../messages/mrkdwn.ts";

/** The first page, where operation and target are chosen; the second, with that operation's options. */
export const formCallbackIds = { choice: "handover_form_choice", options: "handover_form_options" } as const;

/** What the form carries from page to page. People can read it, and it proves nothing: what is submitted is judged like a typed command. */
export const formMetadataSchema = z.strictObject({
  engine: engineSchema,
  /** Where the form was asked for, and the request's message will stand. */
  channelId: z.string().min(1),
  /** On the second page. */
  chosen: z.strictObject({ operation: z.string().min(1), target: z.string().min(1) }).optional(),
});
export type FormMetadata = z.infer<typeof formMetadataSchema>;

export const fields = {
  operation: "operation",
  target: "target",
  switches: "switches",
  reason: "reason",
  when: "when",
} as const;
/** Of Slack's commands for every operation that changes something. */
export const dryRunSwitch = "dry-run";
/** The `action_id` of every input; its `block_id` says which it is. */
export const inputActionId = "value";

/** `block_id` of the field for a flag. */
export function flagField(flag: Pick<FlagDefinition, "name">): string {
  return `flag-${flag.name}`;
}

/** Slack takes at most so many options of a select. */
export const mostOptions = 100;

/** Shown at once, because the trigger is good for 3 s; filled as soon as it is known what there is. */
export function placeholderForm(metadata: FormMetadata): ModalView {
  return page(metadata, null, [
    section("Looking at what there is to do …"),
    context("If this stays so, close it and type the command again."),
  ]);
}

/** Operation and target. With more targets than a select can hold, the target is typed. */
export function choiceForm(
  metadata: FormMetadata,
  operations: readonly OperationDefinition[],
  targets: readonly AnnouncedTarget[],
): ModalView {
  const prefix = slashCommands[metadata.engine];
  if (operations.length === 0 || targets.length === 0) {
    const why = operations.length === 0 ? "Nothing can be asked for here." : "No worker announces a target for this.";
    return page(metadata, null, [section(`${why} ${code(`${prefix} help`)} says what can be typed.`)]);
  }
  const operation = select(
    "What to do",
    "Choose",
    operations.map((one) => option(one.name, `${one.verb} – ${one.summary}`)),
  );
  return page(metadata, { callbackId: formCallbackIds.choice, submit: "Next" }, [
    input(fields.operation, operation.label, operation.element),
    targetInput(targets),
    context(
      `The same can be typed: ${code(`${prefix} ${operations[0]?.verb ?? "VERB"} ${targets[0]?.name ?? "TARGET"}`)}`,
    ),
  ]);
}

/** The options of one operation on one target, the reason and the time. */
export function optionsForm(
  metadata: FormMetadata & { readonly chosen: { readonly operation: string; readonly target: string } },
  definition: OperationDefinition,
  target: AnnouncedTarget,
  asks: { readonly reasonRequired: boolean; readonly approvals: string },
): ModalView {
  const own = definition.flags.filter((flag) => flag.value === null);
  const dryRun = { name: dryRunSwitch, summary: "only show the plan, and change nothing" };
  const switches = definition.changesTarget ? [...own, dryRun] : own;
  const scope = `*${mrkdwn(definition.verb)} of ${mrkdwn(target.name)}* · namespace *${mrkdwn(target.namespace)}* · cluster *${mrkdwn(target.cluster)}*`;
  return page(metadata, { callbackId: formCallbackIds.options, submit: "Ask" }, [
    section(`${scope}\n${mrkdwn(definition.summary)}`),
    ...(definition.changesTarget ? whyAndWhen(asks.reasonRequired) : []),
    ...definition.flags.filter((flag) => flag.value !== null).map(flagInput),
    ...(switches.length === 0 ? [] : [switchesInput(switches)]),
    context(
      definition.changesTarget
        ? `A plan is made first, and nothing is changed by it. ${mrkdwn(asks.approvals)}`
        : "Nothing is changed by it.",
    ),
  ]);
}

/** What the form becomes when it was submitted: the answer that a typed command gets. */
export function answeredForm(metadata: FormMetadata, message: ChatMessage): ModalView {
  return page(metadata, null, [...message.blocks]);
}

/** What a target's option carries. Slack takes 150 characters; longer names are told apart by their digest. */
export function targetOption(target: AnnouncedTarget): string {
  const text = targetText(target);
  const isShort = text.length <= limits.optionValue;
  return isShort ? text : `#${createHash("sha256").update(text).digest("hex").slice(0, 40)}`;
}

function whyAndWhen(reasonRequired: boolean): Block[] {
  const reason = {
    type: "plain_text_input",
    multiline: true,
    max_length: longestReason,
    placeholder: plainText("Those who approve read it", limits.placeholder),
  };
  const when = { type: "plain_text_input", placeholder: plainText("now", limits.placeholder) };
  return [
    input(fields.reason, "Why", reason, { optional: !reasonRequired }),
    input(fields.when, "When", when, {
      optional: true,
      hint: "Empty: as soon as it is approved. Or: in 2h, at 02:30. It is looked at again then.",
    }),
  ];
}

function flagInput(flag: FlagDefinition): Block {
  const element = { type: "plain_text_input", placeholder: plainText(flag.expected, limits.placeholder) };
  return input(flagField(flag), `--${flag.name} ${flag.value ?? ""}`, element, { optional: true, hint: flag.summary });
}

/** A select of checkboxes takes ten. */
const mostSwitches = 10;

function switchesInput(flags: readonly Pick<FlagDefinition, "name" | "summary">[]): Block {
  const options = flags.slice(0, mostSwitches).map((flag) => option(flag.name, `--${flag.name}: ${flag.summary}`));
  return input(fields.switches, "Switches", { type: "checkboxes", options }, { optional: true });
}

function targetInput(targets: readonly AnnouncedTarget[]): Block {
  if (targets.length > mostOptions) {
    const element = {
      type: "plain_text_input",
      placeholder: plainText("orders, or NAMESPACE/orders", limits.placeholder),
    };
    return input(fields.target, "Target", element, { hint: `There are ${targets.length}, too many for a list.` });
  }
  const { label, element } = select("Target", "Type to search", targets.map(targetOptionOf));
  return input(fields.target, label, element);
}

function targetOptionOf(target: AnnouncedTarget): Option {
  return option(targetOption(target), `${target.name} – ${target.namespace}, ${target.cluster}`);
}

function page(
  metadata: FormMetadata,
  next: { readonly callbackId: string; readonly submit: string } | null,
  blocks: readonly Block[] | ChatMessage["blocks"],
): ModalView {
  return {
    type: "modal",
    callback_id: next?.callbackId ?? formCallbackIds.choice,
    private_metadata: JSON.stringify(metadata),
    title: plainText(`Handover ${slashCommands[metadata.engine]}`, limits.modalTitle),
    close: plainText(next === null ? "Close" : "Cancel", limits.modalButton),
    ...(next === null ? {} : { submit: plainText(next.submit, limits.modalButton) }),
    blocks: blocks.slice(0, limits.modalBlocks),
  };
}

function select(label: string, placeholder: string, options: readonly Option[]) {
  const element = {
    type: "static_select",
    placeholder: plainText(placeholder, limits.placeholder),
    options: options.slice(0, mostOptions),
  };
  return { label, element };
}

/** Not a block, though it looks like one. */
interface Option {
  readonly text: Block;
  readonly value: string;
}

function option(value: string, text: string): Option {
  return { text: plainText(text, limits.optionText), value: clip(value, limits.optionValue) };
}

function input(
  blockId: string,
  label: string,
  element: { readonly type: string; readonly [field: string]: unknown },
  more: { readonly optional?: boolean; readonly hint?: string } = {},
): Block {
  return {
    type: "input",
    block_id: blockId,
    label: plainText(label, limits.inputLabel),
    element: { ...element, action_id: inputActionId },
    optional: more.optional ?? false,
    ...(more.hint === undefined ? {} : { hint: plainText(more.hint, limits.inputLabel) }),
  };
}
