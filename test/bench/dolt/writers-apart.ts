import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";

export interface WritersApartOptions {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly database: string;
  readonly writers: number;
  readonly credentials: { readonly user: string; readonly password: string };
  /** How long each writer rests after an acknowledgement. */
  readonly restMs: number;
  /** Where all write; null: to the pod that has the primary's label. */
  readonly service: { readonly host: string; readonly port: number } | null;
}

const replySchema = z.object({ id: z.number(), value: z.unknown().optional(), error: z.string().optional() });
const program = fileURLToPath(new URL("./writer-process.ts", import.meta.url));

/** Writers in a process of their own (see `test/support/writers.ts` for what they do). */
export class WritersApart {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #asked = 0;

  private constructor() {
    this.#child = spawnTied(process.execPath, [program], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (message) => {
      const { id, value, error } = replySchema.parse(message);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
    this.#child.once("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the writers' process ended"));
    });
  }

  /** Starts writing, and returns once every writer has had its first acknowledgement. */
  static async start(options: WritersApartOptions): Promise<WritersApart> {
    const apart = new WritersApart();
    await apart.#ask({ ask: "start", ...options });
    return apart;
  }

  async acknowledges(more: number): Promise<void> {
    await this.#ask({ ask: "acknowledges", more });
  }

  async resetGap(): Promise<void> {
    await this.#ask({ ask: "resetGap" });
  }

  async longestGapMs(): Promise<number> {
    return z.number().parse(await this.#ask({ ask: "longestGapMs" }));
  }

  /** Ids of all acknowledged writes. */
  async stop(): Promise<number[]> {
    const acknowledged = z.array(z.number()).parse(await this.#ask({ ask: "stop" }));
    await this.close();
    return acknowledged;
  }

  /** Ends the process, whatever it does. Safe to call twice. */
  async close(): Promise<void> {
    await killAndWait(this.#child);
  }

  #ask(question: Record<string, unknown>): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#child.send({ ...question, id });
    return promise;
  }
}
