import type { Freeze, FreezeWish } from "../domain/freeze.ts";
import type { AuditEvent } from "./request-store.ts";

/** Where freezes stand for the command line and for an emptied Redis too: in the cluster, in each namespace of it. */
export interface ClusterFreezes {
  /** The namespaces that this process sees to. */
  readonly namespaces: readonly string[];
  /** All that stand there, those that have ended and been lifted among them. Throws HandoverError `kubernetes_away`, `kubernetes_refused`. */
  read(namespace: string, signal: AbortSignal): Promise<readonly Freeze[]>;
  /**
   * Writes what `change` makes of them, by compare-and-set; `change` can be called again. Writes nothing when it gives back what it
   * was given. Throws HandoverError like `read`.
   */
  change(
    namespace: string,
    change: (freezes: readonly Freeze[]) => readonly Freeze[],
    signal: AbortSignal,
  ): Promise<readonly Freeze[]>;
}

/**
 * What people want frozen and lifted, until a worker has written it into the cluster. Every call throws HandoverError `redis_away`.
 */
export interface FreezeWishes {
  /**
   * Records a wish, once for its id, with its audit event in the same script.
   * @param build makes it with the store's clock
   */
  ask(build: (nowMs: number) => FreezeWish, audit: AuditEvent): Promise<FreezeWish>;
  /** The oldest first. */
  pending(): Promise<FreezeWish[]>;
  /** It stands in the cluster. False: somebody else said so before, and the event was not written again. */
  settle(id: string, audit: AuditEvent): Promise<boolean>;
}
