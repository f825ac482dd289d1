import { describe, expect, it } from "vitest";
import { blockKitErrors } from "../../../sandbox/slack/block-kit.ts";

const text = (length: number) => "x".repeat(length);
const section = (length: number) => ({ type: "section", text: { type: "mrkdwn", text: text(length) } });
const button = (more: object = {}) => ({ type: "button", text: { type: "plain_text", text: "Approve" }, ...more });
const actions = (...elements: object[]) => ({ type: "actions", elements });
const confirm = (length: number) => ({
  title: { type: "plain_text", text: "Sure?" },
  text: { type: "mrkdwn", text: text(length) },
  confirm: { type: "plain_text", text: "Yes" },
  deny: { type: "plain_text", text: "No" },
});

describe("Block Kit's limits", () => {
  it.each([
    ["50 blocks", Array.from({ length: 50 }, () => section(1))],
    ["a section of 3000", [section(3_000)]],
    [
      "10 fields of 2000",
      [{ type: "section", fields: Array.from({ length: 10 }, () => ({ type: "mrkdwn", text: text(2_000) })) }],
    ],
    ["a header of 150", [{ type: "header", text: { type: "plain_text", text: text(150) } }]],
    ["a button value of 2000", [actions(button({ value: text(2_000) }))]],
    ["25 elements", [actions(...Array.from({ length: 25 }, (_, index) => button({ action_id: `a${index}` })))]],
    ["a confirm text of 300", [actions(button({ confirm: confirm(300) }))]],
    ["the same action_id in two blocks", [actions(button({ action_id: "a" })), actions(button({ action_id: "a" }))]],
    ["a block not described here", [{ type: "plan", title: "x" }]],
  ])("allow %s", (_, blocks) => {
    expect(blockKitErrors(blocks)).toEqual([]);
  });

  it.each([
    ["51 blocks", Array.from({ length: 51 }, () => section(1)), "/blocks]"],
    ["a section of 3001", [section(3_001)], "/blocks/0/text/text]"],
    ["an empty text", [section(0)], "/blocks/0/text/text]"],
    ["a section of nothing", [{ type: "section" }], "a section needs text or fields"],
    [
      "11 fields",
      [{ type: "section", fields: Array.from({ length: 11 }, () => ({ type: "mrkdwn", text: "x" })) }],
      "/fields]",
    ],
    ["a header of 151", [{ type: "header", text: { type: "plain_text", text: text(151) } }], "/blocks/0/text/text]"],
    ["a header in mrkdwn", [{ type: "header", text: { type: "mrkdwn", text: "x" } }], "/blocks/0/text/type]"],
    [
      "a button text of 76",
      [actions({ type: "button", text: { type: "plain_text", text: text(76) } })],
      "/elements/0/text/text]",
    ],
    ["a button value of 2001", [actions(button({ value: text(2_001) }))], "/blocks/0/elements/0/value]"],
    [
      "26 elements",
      [actions(...Array.from({ length: 26 }, (_, index) => button({ action_id: `a${index}` })))],
      "/elements]",
    ],
    ["a confirm text of 301", [actions(button({ confirm: confirm(301) }))], "/confirm/text/text]"],
    [
      "an action_id twice in a block",
      [actions(button({ action_id: "a" }), button({ action_id: "a" }))],
      'action_id "a" already exists',
    ],
    [
      "a block_id twice",
      [
        { type: "divider", block_id: "b" },
        { type: "divider", block_id: "b" },
      ],
      'block_id "b" is used twice',
    ],
    ["a markdown block of 12001", [{ type: "markdown", text: text(12_001) }], "/blocks/0/text]"],
    ["an unknown style", [actions(button({ style: "loud" }))], "/elements/0/style]"],
    ["no array", { type: "section" }, "must be an array"],
  ])("refuse %s", (_, blocks, expected) => {
    expect(blockKitErrors(blocks).join("\n")).toContain(expected);
  });
});
