import type { Page } from "playwright-core";
import { z } from "zod";
import type { Person } from "../../../sandbox/slack/people.ts";

const message = z.looseObject({ ephemeral_to: z.string().optional() });
const update = z.looseObject({ t: z.string(), message: message.optional() });
const init = z.looseObject({
  t: z.literal("init"),
  state: z.looseObject({ messages: z.record(z.string(), z.array(message)) }),
});

/**
 * Keeps from a page the ephemeral messages that are for others: local-slack shows everyone all of them, where Slack shows each to
 * one person. To be called before the page is opened.
 */
export async function hideOthersEphemerals(page: Page, user: Person): Promise<void> {
  const isSeen = (one: z.infer<typeof message>) => one.ephemeral_to === undefined || one.ephemeral_to === user.id;
  await page.routeWebSocket(/\/ui$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((data) => {
      const told: unknown = JSON.parse(String(data));
      const whole = init.safeParse(told).data;
      if (whole !== undefined) {
        const messages = Object.entries(whole.state.messages).map(
          ([channel, all]) => [channel, all.filter(isSeen)] as const,
        );
        socket.send(JSON.stringify({ ...whole, state: { ...whole.state, messages: Object.fromEntries(messages) } }));
        return;
      }
      const one = update.safeParse(told).data?.message;
      if (one === undefined || isSeen(one)) socket.send(data);
    });
  });
}
