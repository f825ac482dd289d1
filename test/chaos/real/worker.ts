import { join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { hasEnded, killAndWait, spawnTied } from "../../../sandbox/tied-process.ts";
import type { Worker, WorkerEvents } from "../environment.ts";
import type { Report } from "../history.ts";
import { readReport } from "../instrumented-world.ts";

const messageSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("point"),
    id: z.number(),
    call: z.string(),
    phase: z.enum(["before", "after"]),
  }),
  z.object({ kind: z.literal("planned"), details: z.unknown() }),
]);

const program = join(import.meta.dirname, "worker-process.ts");

/** The command line as a process of its own, with nothing but a kubeconfig. */
export class ProcessWorker implements Worker {
  readonly name: string;
  readonly #kubeconfig: string;
  readonly #points: readonly string[];
  readonly #events: WorkerEvents;
  #child: ReturnType<typeof spawnTied> | null = null;
  #printed = "";

  /** @param points the calls at which somebody waits for it */
  constructor(name: string, kubeconfig: string, points: readonly string[], events: WorkerEvents) {
    this.name = name;
    this.#kubeconfig = kubeconfig;
    this.#points = points;
    this.#events = events;
  }

  get printed(): string {
    return this.#printed;
  }

  readonly life = {
    kill: () => void this.#child?.kill("SIGKILL"),
    stop: () => void this.#child?.kill("SIGSTOP"),
    goOn: () => void this.#child?.kill("SIGCONT"),
  };

  async run(words: readonly string[]): Promise<Report | null> {
    const args = [program, ...words, "--yes", "--json", "--kubeconfig", this.#kubeconfig];
    const child = spawnTied(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { PATH: process.env.PATH ?? "", CHAOS_POINTS: JSON.stringify(this.#points) },
    });
    this.#child = child;
    child.on("message", (message: unknown) => this.#hear(child, message));
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#printed += chunk.toString("utf8");
    });
    const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (_code, signal) => resolve(signal));
    });
    const stdout = child.stdout === null ? "" : text(child.stdout);
    if ((await ended) === "SIGKILL") return null;
    const said = await stdout;
    try {
      return readReport(said);
    } catch (cause) {
      throw new Error(`${words.join(" ")} printed no report: ${said}${this.#printed}`, { cause });
    }
  }

  async close(): Promise<void> {
    if (this.#child !== null) await killAndWait(this.#child);
  }

  #hear(child: ReturnType<typeof spawnTied>, given: unknown): void {
    const message = messageSchema.parse(given);
    if (message.kind === "planned") {
      this.#events.planned(message.details);
      return;
    }
    void this.#events.reached({ call: message.call, phase: message.phase }).then(() => {
      // Whoever was killed at this point waits no more.
      if (!hasEnded(child) && child.connected) child.send({ go: message.id }, () => undefined);
    });
  }
}
