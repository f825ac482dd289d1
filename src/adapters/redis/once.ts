import type { Once } from "../../ports/once.ts";
import type { RedisConnection } from "./connection.ts";
import type { ClusterKeys } from "./keys.ts";

/** As long as a settled request is kept. */
const doneRemembersMs = 30 * 24 * 60 * 60_000;

/** What was done once, in Redis. */
export class RedisOnce implements Once {
  readonly #connection: RedisConnection;
  readonly #keys: Pick<ClusterKeys, "once">;

  constructor(connection: RedisConnection, keys: Pick<ClusterKeys, "once">) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async begin(what: string, holdMs: number): Promise<boolean> {
    const key = this.#keys.once(what);
    return (await this.#connection.run((client) => client.set(key, "begun", "PX", holdMs, "NX"))) === "OK";
  }

  async done(what: string): Promise<void> {
    await this.#connection.run((client) => client.set(this.#keys.once(what), "done", "PX", doneRemembersMs));
  }
}
