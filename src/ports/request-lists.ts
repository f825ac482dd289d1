import type { RequestRecord } from "../domain/request.ts";
import type { TargetKey } from "../domain/target.ts";

/** Requests of one cluster by the dozen, for people to look at. Every call throws HandoverError `redis_away`. */
export interface RequestLists {
  /** What was asked for last, of one target or of all, the newest first, whatever became of it. A record that cannot be read is left out. */
  recent(limit: number, target?: Pick<TargetKey, "namespace" | "name">): Promise<ListedRequests>;
  /** What something will still happen to by itself (`isOpen`), the newest first. */
  open(limit: number): Promise<ListedRequests>;
}

export interface ListedRequests {
  readonly records: readonly RequestRecord[];
  /** The store's clock, to judge what has expired. */
  readonly nowMs: number;
}
