import { type Principal, principalKey } from "../../domain/principals.ts";
import { ChatError } from "../../ports/chat.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Directory, DirectoryAnswer } from "../../ports/memberships.ts";
import { slackReader, slackTroubleText } from "./reading.ts";
import { type Home, objectionToUser, readUser } from "./user.ts";
import type { CallSlack } from "./web-api.ts";

/** `users.lookupByEmail` is Tier 3, 50 a minute; so many at once keep a long list from being asked for in one burst. */
const atOnce = 4;

/** Whose account an e-mail address is. Needs the scopes `users:read` and `users:read.email`. */
export class SlackEmails implements Directory {
  readonly kinds = new Set(["email"] as const);
  readonly #lookUp: ReturnType<typeof slackReader>;
  readonly #home: Home;

  constructor(call: CallSlack, home: Home, clock: Pick<Clock, "monotonicMs" | "sleep">) {
    this.#lookUp = slackReader(call, "users.lookupByEmail", clock);
    this.#home = home;
  }

  async ask(principals: readonly Principal[], signal: AbortSignal): Promise<ReadonlyMap<string, DirectoryAnswer>> {
    const emails = principals.flatMap((principal) => (principal.kind === "email" ? [principal.email] : []));
    const answers = await this.accountsOf(emails, signal);
    return new Map([...answers].map(([email, answer]) => [principalKey({ kind: "email", email }), answer]));
  }

  /** The one account behind each address, or why there is none that could be trusted. */
  async accountsOf(emails: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, DirectoryAnswer>> {
    const waiting = [...new Set(emails)];
    const answers = new Map<string, DirectoryAnswer>();
    const work = async () => {
      for (let email = waiting.shift(); email !== undefined; email = waiting.shift()) {
        answers.set(email, await this.#accountOf(email, signal));
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, work));
    return answers;
  }

  async #accountOf(email: string, signal: AbortSignal): Promise<DirectoryAnswer> {
    try {
      const user = readUser(await this.#lookUp({ email }, signal));
      const objection = objectionToUser(user, this.#home);
      if (objection !== null)
        return { kind: "nobody", why: `the Slack account with this address cannot be used: ${objection}` };
      // Anybody could have written this address into a profile.
      if (user.is_email_confirmed !== true)
        return { kind: "nobody", why: "the Slack account with this address never confirmed it" };
      return { kind: "members", members: [user.id] };
    } catch (error) {
      if (error instanceof ChatError && error.slackError === "users_not_found") {
        return { kind: "nobody", why: "no active Slack account here has this address" };
      }
      return { kind: "no_answer", why: slackTroubleText(error) };
    }
  }
}
