import type { Clock } from "../../src/ports/clock.ts";
import type { End, EndNode, Report } from "./history.ts";
import type { Life, Point } from "./points.ts";
import type { Act, Part } from "./scenario.ts";

/** A cluster in which a scenario is played: simulated, or of real servers. */
export interface Environment {
  readonly clock: Clock;
  readonly pods: readonly string[];
  /** How a person names the target on the command line. */
  readonly target: string;
  readonly pace: Pace;
  readonly clients: ClientNetwork;
  newWorker(name: string, events: WorkerEvents): Worker;
  /** Puts a fault into force; one that ends by itself is ended later. */
  perform(act: Act, on: FaultTargets): Promise<void>;
  /** Ends every fault that is in force. */
  heal(): Promise<void>;
  /** What every server is and holds; one that does not answer has no role. */
  nodes(): Promise<EndNode[]>;
  /** Pods with the primary's label. */
  labelled(): Promise<string[]>;
  lease(): Promise<End["lease"]>;
}

/** How fast things go; milliseconds. */
export interface Pace {
  /** Clients write for so long before the operation is asked for. */
  readonly warmUpMs: number;
  /** An operation that does not end by itself within so long is no longer waited for. */
  readonly operationMs: number;
  /** Servers are up again and say the same within so long after everything was healed. */
  readonly settleMs: number;
  /** Between two looks of which the second must say the same. */
  readonly settleLookMs: number;
  /** A new client has a write acknowledged within so long. */
  readonly writeMs: number;
}

export interface FaultTargets {
  readonly worker: Worker;
  readonly podOf: (part: Part) => string;
  readonly startRival: () => void;
}

/** One process of Handover's command line. */
export interface Worker {
  readonly name: string;
  readonly life: Pick<Life, "kill" | "stop" | "goOn">;
  /** Everything it has told people so far. */
  readonly printed: string;
  /** Runs one command line to its end, or until the process is killed: null. */
  run(words: readonly string[]): Promise<Report | null>;
}

export interface WorkerEvents {
  /** Called at each point of the worker's life; it goes on when this resolves. */
  readonly reached: (point: Point) => Promise<void>;
  /** The plan that is carried out, as its operation details it. */
  readonly planned: (details: unknown) => void;
}

/** The clients' way to the servers. */
export interface ClientNetwork {
  /** The server that clients who follow the label are led to; null: nobody has it. */
  routed(): Address | null;
  addressOf(pod: string): Address | null;
  /** Rejects when nobody listens. */
  connect(address: Address, client: string): Promise<ClientConnection>;
}

export interface Address {
  readonly pod: string;
  /** Changes when the pod is replaced. */
  readonly ip: string;
}

export interface ClientConnection {
  /** Rejects with a `Refusal`, or with any other error when the connection went before the answer came. */
  insert(id: number): Promise<"ok" | "ok_3024">;
  isWritable(): Promise<boolean>;
  ids(): Promise<ReadonlySet<number>>;
  close(): void;
}

/** The server answered no, and did nothing. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/** Waits until it is so. Resolves to false when it never was; a question that throws is no. */
export async function becomesTrue(
  clock: Clock,
  deadlineMs: number,
  ask: () => boolean | Promise<boolean>,
  everyMs = 100,
): Promise<boolean> {
  const giveUpAtMs = clock.monotonicMs() + deadlineMs;
  for (;;) {
    if (
      await Promise.resolve()
        .then(ask)
        .catch(() => false)
    )
      return true;
    if (clock.monotonicMs() >= giveUpAtMs) return false;
    await clock.sleep(everyMs);
  }
}
