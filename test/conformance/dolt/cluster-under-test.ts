/** A few Dolt servers that replicate to one another, simulated or real, and what can be done to them. */
export interface DoltClusterUnderTest {
  /** In their order; each replicates to all others, unless its bootstrap says otherwise. */
  readonly nodes: readonly DoltNodeUnderTest[];
  /** Cuts replication between two nodes, both ways: each finds the other's port closed. SQL from the test goes on. */
  partition(a: DoltNodeUnderTest, b: DoltNodeUnderTest): Promise<void>;
  /** Ends every partition. */
  heal(): Promise<void>;
  /** Ends every server and removes what they stored. */
  close(): Promise<void>;
}

export interface DoltNodeUnderTest {
  /** The name that the other nodes give it as a remote. */
  readonly name: string;
  /** `HOST:PORT` of its remotes API as the node `from` writes it in its configuration. */
  replicationAddress(from: DoltNodeUnderTest): string;
  /** Where it listens for SQL; the same over restarts. User `root`, no password. */
  readonly address: { readonly host: string; readonly port: number };
  /** SIGKILL. Resolves when it has ended. */
  kill(): Promise<void>;
  /** Starts it after `kill`, on the same volume. Resolves once it answers a query. */
  start(): Promise<void>;
  /** Empties the volume of a killed node. */
  erase(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
}

/** What a node's configuration says it is when its volume says nothing yet. */
export interface Bootstrap {
  readonly role: "primary" | "standby";
  readonly epoch: number;
  /** Places of the nodes that its configuration names as remotes. Default: all others. */
  readonly remotes?: readonly number[];
}

export type StartDoltCluster = (bootstrap: readonly Bootstrap[]) => Promise<DoltClusterUnderTest>;
