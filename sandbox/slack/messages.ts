import { z } from "zod";

export interface Button {
  readonly actionId: string;
  readonly blockId: string;
  readonly text: string;
  readonly value: string | null;
  readonly url: string | null;
  readonly style: "primary" | "danger" | null;
}

/** A message as the workspace holds it. */
export interface Message {
  readonly ts: string;
  readonly channel: string;
  readonly user: string | null;
  /** The `text` field: what notifications show, and screens only where there are no blocks. */
  readonly text: string;
  readonly blocks: readonly unknown[];
  /** `ts` of the thread's root, in a reply. */
  readonly threadTs: string | null;
  /** The only one who sees it, where it is ephemeral. */
  readonly ephemeralTo: string | null;
  readonly isEdited: boolean;
  /** All that a reader sees: the texts of the blocks, one a line, or `text` where there are none. */
  readonly content: string;
  readonly buttons: readonly Button[];
}

/** What local-slack's control API and its page's socket tell of a message. */
export const rawMessage = z.looseObject({
  ts: z.string(),
  channel: z.string(),
  user: z.string().optional(),
  bot_id: z.string().optional(),
  text: z.string().nullish(),
  blocks: z.array(z.unknown()).nullish(),
  thread_ts: z.string().optional(),
  ephemeral_to: z.string().optional(),
  edited: z.unknown().optional(),
});
export type RawMessage = z.infer<typeof rawMessage>;

const rawButton = z.object({
  type: z.literal("button"),
  action_id: z.string().default("action"),
  text: z.object({ text: z.string() }),
  value: z.string().optional(),
  url: z.string().optional(),
  style: z.enum(["primary", "danger"]).optional(),
});
const blockWithElements = z.looseObject({
  block_id: z.string().optional(),
  elements: z.array(z.unknown()).optional(),
  accessory: z.unknown().optional(),
});

export function messageOf(raw: RawMessage): Message {
  const blocks = raw.blocks ?? [];
  const text = raw.text ?? "";
  return {
    ts: raw.ts,
    channel: raw.channel,
    user: raw.user ?? null,
    text,
    blocks,
    threadTs: raw.thread_ts !== undefined && raw.thread_ts !== raw.ts ? raw.thread_ts : null,
    ephemeralTo: raw.ephemeral_to ?? null,
    isEdited: raw.edited !== undefined,
    content: blocks.length > 0 ? blocks.flatMap(textsIn).join("\n") : text,
    buttons: blocks.flatMap(buttonsIn),
  };
}

/** Every `text` string below a value, in reading order; button confirmations are not shown, so not told. */
function textsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === "confirm") return [];
    return key === "text" && typeof inner === "string" ? [inner] : textsIn(inner);
  });
}

function buttonsIn(block: unknown, index: number): Button[] {
  const parsed = blockWithElements.safeParse(block).data;
  if (parsed === undefined) return [];
  return [...(parsed.elements ?? []), parsed.accessory].flatMap((element) => {
    const one = rawButton.safeParse(element).data;
    if (one === undefined) return [];
    return {
      actionId: one.action_id,
      blockId: parsed.block_id ?? `b${index}`,
      text: one.text.text,
      value: one.value ?? null,
      url: one.url ?? null,
      style: one.style ?? null,
    };
  });
}
