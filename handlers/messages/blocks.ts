import type { MessageBlock } from "../../src/ports/chat.ts";
import { clip, mrkdwn } from "./mrkdwn.ts";

/**
 * Block Kit pieces within Slack's limits (https://docs.slack.dev/reference/block-kit/blocks): whatever is too long is shortened, because a
 * message that Slack refuses tells nobody anything.
 */
export const limits = {
  blocks: 50,
  sectionText: 3_000,
  contextElements: 10,
  contextText: 2_000,
  buttonText: 75,
  buttonValue: 2_000,
  buttonUrl: 3_000,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  modalTitle: 24,
  modalButton: 24,
  modalBlocks: 100,
  headerText: 150,
  inputLabel: 2_000,
  optionText: 75,
  optionValue: 150,
  placeholder: 150,
  /** Slack cuts longer ones off; the text is only what notifications show. */
  messageText: 4_000,
} as const;

export interface Block extends MessageBlock {
  readonly [field: string]: unknown;
}

/** What notifications show of a message, from plain text. */
export function notification(text: string): string {
  return clip(mrkdwn(text), limits.messageText) || " ";
}

/** A paragraph. `verbatim`: Slack makes no links or mentions of what happens to look like one. */
export function section(text: string): Block {
  return { type: "section", text: mrkdwnObject(text, limits.sectionText) };
}

/** Over as many sections as it takes: a status of many nodes is longer than one may be. `heading` may be empty. */
export function longList(heading: string, lines: readonly string[]): Block[] {
  const parts: string[] = [];
  for (const line of lines) {
    const last = parts.at(-1);
    if (last === undefined) parts.push(heading === "" ? line : `*${heading}*\n${line}`);
    else if (last.length + line.length < limits.sectionText) parts[parts.length - 1] = `${last}\n${line}`;
    else parts.push(line);
  }
  return parts.map(section);
}

/** A small grey line. */
export function context(...texts: readonly string[]): Block {
  const elements = texts.slice(0, limits.contextElements).map((text) => mrkdwnObject(text, limits.contextText));
  return { type: "context", elements };
}

/** A row of buttons. `blockId` has to be a new one in each draw: clients may show an element's old state otherwise. */
export function actions(blockId: string, buttons: readonly Block[]): Block {
  return { type: "actions", block_id: blockId, elements: buttons };
}

export interface ActionButton {
  readonly actionId: string;
  readonly label: string;
  readonly value: string;
  /** Null: neither the one that is asked for nor one to be wary of. */
  readonly style: "primary" | "danger" | null;
  /** Null: what it opens asks once more. */
  readonly confirm: { readonly title: string; readonly text: string; readonly yes: string } | null;
}

/** A button that does something: always asks once more, because a thumb on a phone slips. */
export function actionButton(button: ActionButton): Block {
  return {
    type: "button",
    action_id: button.actionId,
    text: plainText(button.label, limits.buttonText),
    value: button.value,
    ...(button.style === null ? {} : { style: button.style }),
    ...(button.confirm === null
      ? {}
      : {
          confirm: {
            title: plainText(button.confirm.title, limits.confirmTitle),
            text: plainText(button.confirm.text, limits.confirmText),
            confirm: plainText(button.confirm.yes, limits.confirmButton),
            deny: plainText("Back", limits.confirmButton),
          },
        }),
  };
}

/** A button that opens an address. */
export function linkButton(actionId: string, label: string, url: string): Block {
  return { type: "button", action_id: actionId, text: plainText(label, limits.buttonText), url };
}

function mrkdwnObject(text: string, max: number): Block {
  return { type: "mrkdwn", text: clip(text, max) || " ", verbatim: true };
}

/** Slack reads no control sequences in plain text; one that only looks like a call to everybody frightens people all the same. */
export function plainText(text: string, max: number): Block {
  return { type: "plain_text", text: clip(text.replaceAll("<!", "‹!"), max) || " ", emoji: true };
}
