import { ChatError, type ChatMessage, type Replies } from "../../ports/chat.ts";

/**
 * Answers through the URL that came with a click (https://docs.slack.dev/interactivity/handling-user-interaction): also where the app
 * cannot post. Needs no scope and no token, so the URL is a secret, and is in nothing that is thrown.
 */
export class SlackReplies implements Replies {
  async reply(responseUrl: string, message: ChatMessage, signal: AbortSignal): Promise<void> {
    let status: number;
    try {
      const response = await fetch(responseUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ response_type: "ephemeral", replace_original: false, ...message }),
        redirect: "error",
        signal,
      });
      await response.body?.cancel();
      status = response.status;
    } catch {
      throw new ChatError("unknown", "no_answer");
    }
    if (status !== 200) throw new ChatError("refused", `response_url_${status}`);
  }
}
