import type { Person } from "../../domain/people.ts";
import { type Account, ChatError, type People } from "../../ports/chat.ts";
import { aliasesOfUser, type Home, objectionToUser, readUser } from "./user.ts";
import type { CallSlack } from "./web-api.ts";

/** Who an account is, by `users.info`. Needs the scopes `users:read` and `users:read.email`. */
export class SlackPeople implements People {
  readonly #call: CallSlack;
  readonly #home: Home;

  constructor(call: CallSlack, home: Home) {
    this.#call = call;
    this.#home = home;
  }

  async look(person: Person, signal: AbortSignal): Promise<Account> {
    let answer: unknown;
    try {
      answer = await this.#call("users.info", { user: person.userId }, signal);
    } catch (error) {
      if (!(error instanceof ChatError) || !noSuchUser.has(error.slackError)) throw error;
      return { objection: "Slack does not know it", person };
    }
    const user = readUser(answer);
    if (user.id !== person.userId) throw new ChatError("unknown", "unexpected_answer");
    const known = { ...person, aliases: aliasesOfUser(user) };
    return { objection: objectionToUser(user, this.#home), person: known, ...(user.tz ? { timeZone: user.tz } : {}) };
  }
}

/** https://docs.slack.dev/reference/methods/users.info#errors */
const noSuchUser = new Set(["user_not_found", "user_not_visible", "users_not_found"]);
