import { z } from "zod";

/**
 * Block Kit's limits, as https://docs.slack.dev/reference/block-kit states them. Blocks and elements that are not described here
 * pass unchecked but for their `block_id`.
 */

const blockIdMax = 255;
const actionIdMax = 255;
const maxBlocks = 50;

const plainText = (max: number) =>
  z.object({ type: z.literal("plain_text"), text: z.string().min(1).max(max), emoji: z.boolean().optional() });
const anyText = (max: number) =>
  z.object({ type: z.enum(["plain_text", "mrkdwn"]), text: z.string().min(1).max(max), emoji: z.boolean().optional() });

const confirm = z.object({
  title: plainText(100),
  text: anyText(300),
  confirm: plainText(30),
  deny: plainText(30),
  style: z.enum(["primary", "danger"]).optional(),
});

const button = z.object({
  type: z.literal("button"),
  text: plainText(75),
  action_id: z.string().min(1).max(actionIdMax).optional(),
  value: z.string().max(2_000).optional(),
  url: z.string().max(3_000).optional(),
  style: z.enum(["primary", "danger"]).optional(),
  confirm: confirm.optional(),
  accessibility_label: z.string().max(75).optional(),
});

/** Of the elements only buttons are described in full. */
const element = z
  .looseObject({ type: z.string().min(1), action_id: z.string().min(1).max(actionIdMax).optional() })
  .superRefine((value, context) => {
    if (value.type !== "button") return;
    for (const issue of button.safeParse(value).error?.issues ?? []) {
      context.addIssue({ code: "custom", message: issue.message, path: issue.path });
    }
  });

const image = z.object({
  type: z.literal("image"),
  image_url: z.string().max(3_000),
  alt_text: z.string().max(2_000),
  title: plainText(2_000).optional(),
});

const withId = { block_id: z.string().min(1).max(blockIdMax).optional() };

const blocksByType = {
  section: z
    .object({
      ...withId,
      text: anyText(3_000).optional(),
      fields: z.array(anyText(2_000)).min(1).max(10).optional(),
      accessory: element.optional(),
    })
    .refine((section) => section.text !== undefined || section.fields !== undefined, {
      message: "a section needs text or fields",
    }),
  header: z.object({ ...withId, text: plainText(150) }),
  divider: z.object(withId),
  image: image.extend(withId),
  context: z.object({
    ...withId,
    elements: z
      .array(z.union([anyText(2_000), image]))
      .min(1)
      .max(10),
  }),
  actions: z.object({ ...withId, elements: z.array(element).min(1).max(25) }),
  markdown: z.object({ ...withId, text: z.string().min(1).max(12_000) }),
} as const;

const anyBlock = z.looseObject({ type: z.string().min(1), ...withId });

const option = z.object({ text: plainText(75), value: z.string().min(1).max(150) });
const options = z.array(option).min(1).max(100);
const withAction = { action_id: z.string().min(1).max(actionIdMax) };

/** What an input block can hold, as far as the project uses it. */
const inputElement = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("plain_text_input"),
    ...withAction,
    multiline: z.boolean().optional(),
    min_length: z.number().int().min(0).max(3_000).optional(),
    max_length: z.number().int().min(1).max(3_000).optional(),
    initial_value: z.string().max(3_000).optional(),
    focus_on_load: z.boolean().optional(),
    placeholder: plainText(150).optional(),
  }),
  z.object({ type: z.literal("static_select"), ...withAction, options, placeholder: plainText(150).optional() }),
  z.object({ type: z.literal("checkboxes"), ...withAction, options: options.max(10) }),
]);

const input = z.object({
  ...withId,
  type: z.literal("input"),
  label: plainText(2_000),
  element: inputElement,
  hint: plainText(2_000).optional(),
  optional: z.boolean().optional(),
});

const modal = z.object({
  type: z.literal("modal"),
  callback_id: z.string().max(255).optional(),
  private_metadata: z.string().max(3_000).optional(),
  title: plainText(24),
  submit: plainText(24).optional(),
  close: plainText(24).optional(),
});
const home = z.object({ type: z.literal("home"), private_metadata: z.string().max(3_000).optional() });

/** Of a modal and of a Home tab. */
const maxViewBlocks = 100;

/** What Slack would refuse a modal or a Home tab for (https://docs.slack.dev/reference/views), in the same form. */
export function viewErrors(view: unknown): string[] {
  const general = z.discriminatedUnion("type", [modal, home]).safeParse(view);
  if (!general.success) return describe(general.error, "/view");
  const blocks = z.object({ blocks: z.array(z.looseObject({ type: z.string() })) }).safeParse(view);
  if (!blocks.success) return describe(blocks.error, "/view");
  const found = blocks.data.blocks;
  const inputs = found.flatMap((block, index) => {
    const parsed = block.type === "input" ? input.safeParse(block) : null;
    return parsed?.success === false ? describe(parsed.error, `/view/blocks/${index}`) : [];
  });
  const isFor = general.data.type === "modal" && general.data.submit === undefined;
  const unsent =
    isFor && found.some(({ type }) => type === "input")
      ? ["a modal with inputs needs submit [json-pointer:/view]"]
      : [];
  return [...unsent, ...inputs, ...blockKitErrors(found, maxViewBlocks)];
}

/**
 * What Slack would refuse these blocks for, each with the JSON pointer of its place, as in the `errors` of an `invalid_blocks`
 * answer. Empty: nothing.
 */
export function blockKitErrors(blocks: unknown, most = maxBlocks): string[] {
  if (!Array.isArray(blocks)) return ["must be an array [json-pointer:/blocks]"];
  const errors: string[] = [];
  if (blocks.length > most) errors.push(`no more than ${most} items allowed [json-pointer:/blocks]`);
  const seenBlockIds = new Set<string>();
  blocks.forEach((block: unknown, index) => {
    const place = `/blocks/${index}`;
    errors.push(...errorsOfBlock(block, place));
    const id = anyBlock.safeParse(block).data?.block_id;
    if (id !== undefined && seenBlockIds.has(id))
      errors.push(`block_id "${id}" is used twice [json-pointer:${place}/block_id]`);
    if (id !== undefined) seenBlockIds.add(id);
  });
  return errors;
}

function errorsOfBlock(block: unknown, place: string): string[] {
  const general = anyBlock.safeParse(block);
  if (!general.success) return describe(general.error, place);
  const schema = Object.entries(blocksByType).find(([type]) => type === general.data.type)?.[1];
  const special = schema?.safeParse(block);
  const errors = special?.success === false ? describe(special.error, place) : [];
  return [...errors, ...repeatedActionIds(block, place)];
}

/** An `action_id` must be unique within its block. */
function repeatedActionIds(block: unknown, place: string): string[] {
  const elements =
    z.object({ elements: z.array(z.object({ action_id: z.string() })) }).safeParse(block).data?.elements ?? [];
  const ids = elements.map((one) => one.action_id);
  const repeated = new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
  return [...repeated].map((id) => `action_id "${id}" already exists [json-pointer:${place}/elements]`);
}

function describe(error: z.ZodError, place: string): string[] {
  return error.issues.map((issue) => `${issue.message} [json-pointer:${[place, ...issue.path.map(String)].join("/")}]`);
}
