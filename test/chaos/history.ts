/** What clients saw, and how it all ended: everything a checker judges by. Times are milliseconds of one clock. */
export interface History {
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  readonly end: End;
}

export interface Write {
  readonly id: number;
  readonly client: string;
  readonly server: string;
  /**
   * Names the time for which this very connection was open. A server whose role changes cuts its connections, so writes of
   * one connection belong to one time of being writable.
   */
  readonly connection: string;
  readonly startMs: number;
  readonly endMs: number;
  /**
   * - `ok`: acknowledged. `ok_3024`: acknowledged, with the warning that not every standby has it.
   * - `refused`: the server said no; it is not there.
   * - `maybe`: the connection went before the answer; it may be there.
   */
  readonly outcome: "ok" | "ok_3024" | "refused" | "maybe";
}

/** Everything that a server held at one moment. */
export interface Read {
  readonly client: string;
  readonly server: string;
  readonly startMs: number;
  readonly endMs: number;
  /** The server said before and after it that it takes writes. */
  readonly writable: boolean;
  readonly ids: ReadonlySet<number>;
}

/** After everything was healed and an unfinished execution was taken up once. */
export interface End {
  readonly nodes: readonly EndNode[];
  /** Pods with the primary's label. */
  readonly routed: readonly string[];
  readonly lease: { readonly holder: string | null; readonly open: boolean } | null;
  /** A new client, led by the label, had a write acknowledged. */
  readonly takesWrites: boolean;
  /** What the command line said, the last one last. */
  readonly reports: readonly Report[];
}

export interface EndNode {
  readonly name: string;
  /** Null: it does not answer. */
  readonly role: string | null;
  readonly epoch: number | null;
  readonly ids: ReadonlySet<number>;
}

export interface Report {
  readonly exitCode: number;
  readonly state: string | null;
  readonly summary: string | null;
  readonly problems: readonly { readonly code: string; readonly what: string; readonly next: string }[];
}
