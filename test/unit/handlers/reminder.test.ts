import fc from "fast-check";
import { expect, it } from "vitest";
import { faceMessage } from "../../../handlers/messages/face.ts";
import { recordedMessage } from "../../../handlers/messages/notices.ts";
import { reminderMessage } from "../../../handlers/messages/reminder.ts";
import { blockKitErrors } from "../../../sandbox/slack/block-kit.ts";
import type { RequestRecord } from "../../../src/domain/request.ts";
import type { ChatMessage } from "../../../src/ports/chat.ts";
import { filled, oddRecord } from "./odd-texts.ts";

/** A request whose every text is odd, for a later time, in another's place and with one in its own. */
const oddLater: fc.Arbitrary<RequestRecord> = fc
  .record({
    record: oddRecord,
    text: filled,
    kind: fc.constantFrom("replan" as const, "retry" as const),
    dry: fc.boolean(),
  })
  .map(({ record, text, kind, dry }) => ({
    ...record,
    expiresAtMs: 900_000,
    schedule: { asked: text, startAtMs: 60_000, endsAtMs: 120_000, timeZone: "Asia/Kathmandu" },
    follows: { requestId: text, kind },
    followedBy: text,
    ...(dry ? { dryRun: true as const } : {}),
  }));

it("what is said of a request for later, to whoever has to approve it, is what Slack takes, and calls nobody", () => {
  fc.assert(
    fc.property(oddLater, (record) => {
      for (const message of [reminderMessage(record, null), recordedMessage(record, 0), faceMessage(record)]) {
        expect(blockKitErrors(message.blocks)).toEqual([]);
        expect(message.text.length).toBeGreaterThan(0);
        expect(message.text.length).toBeLessThanOrEqual(4_000);
        expect(callsIn(message)).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
});

/** What would notify a channel or a group; a date does not. */
function callsIn({ text, blocks }: ChatMessage): string[] {
  return [...`${text} ${JSON.stringify(blocks)}`.matchAll(/<!(?!date\^)[^>]*>/g)].map(([call]) => call);
}
