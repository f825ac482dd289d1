/** One way to hand the primary role over or to restart all, run beside the others on the same cluster. */
export interface Contender {
  readonly name: string;
  /** Does it once. Throws with what the program printed when it failed. */
  run(action: BenchAction): Promise<void>;
  close(): Promise<void>;
}

export type BenchAction = "failover" | "restart";
