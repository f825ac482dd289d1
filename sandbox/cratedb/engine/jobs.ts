/** A statement that runs. */
export interface Job {
  readonly id: string;
  readonly nodeId: string;
  readonly startedMs: number;
  readonly statement: string;
  readonly username: string;
}
