import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface User {
  readonly name: string;
  readonly uid: string;
  /** `system:masters` may do everything; everybody with a token is also in `system:authenticated`. */
  readonly groups: readonly string[];
}

/** Who owns which bearer token. */
export class Users {
  readonly #owners = new Map<string, User>();

  /** Makes a token of its own for a user. */
  issue(name: string, groups: readonly string[]): string {
    const token = randomBytes(24).toString("base64url");
    this.#owners.set(token, { name, uid: `uid-of-${name}`, groups: [...groups, "system:authenticated"] });
    return token;
  }

  /** Every token of this user stops working. */
  revoke(name: string): void {
    for (const [token, owner] of this.#owners) {
      if (owner.name === name) {
        this.#owners.delete(token);
      }
    }
  }

  /** Undefined when the request bears no token that is known. */
  authenticate(headers: IncomingHttpHeaders): User | undefined {
    const [, token] = /^Bearer (.+)$/i.exec(headers.authorization ?? "") ?? [];
    return token === undefined ? undefined : this.#owners.get(token);
  }
}
