import { createHash } from "node:crypto";
import type { RequestRecord } from "../../domain/request.ts";
import type { TargetKey } from "../../domain/target.ts";
import { openRequestKey, pressKey } from "../../ports/request-store.ts";

/** What a cluster may be called here: its name is part of keys, of a hash tag and of ACL patterns. */
const clusterNames = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/**
 * Every key of one cluster's records. All hold the hash tag `{CLUSTER}`, so that one script can change several of them
 * on a Redis Cluster too, and one ACL pattern (`handover:{CLUSTER}:*`) covers them.
 * docs/decisions names each key with its type and lifetime.
 */
export class ClusterKeys {
  /** Before the id of a request: scripts find the record that an index names by it. */
  readonly recordPrefix: string;
  readonly unsettled: string;
  readonly undrawn: string;
  readonly audit: string;
  readonly workers: string;
  readonly workersSeen: string;
  readonly memberships: string;
  readonly membershipsKeeper: string;
  readonly channels: string;
  readonly channelsKeeper: string;
  readonly freezeWishes: string;
  readonly recent: string;
  readonly #prefix: string;

  /** @throws {TypeError} when the name cannot be part of a key */
  constructor(cluster: string) {
    if (!clusterNames.test(cluster)) {
      throw new TypeError(`“${cluster}” cannot name a cluster: letters, digits, dots, dashes and underscores can`);
    }
    this.#prefix = `handover:{${cluster}}:`;
    this.recordPrefix = `${this.#prefix}request:`;
    this.unsettled = `${this.#prefix}unsettled`;
    this.undrawn = `${this.#prefix}undrawn`;
    this.audit = `${this.#prefix}audit`;
    this.workers = `${this.#prefix}workers`;
    this.workersSeen = `${this.#prefix}workers-seen`;
    this.memberships = `${this.#prefix}memberships`;
    this.membershipsKeeper = `${this.#prefix}memberships-keeper`;
    this.channels = `${this.#prefix}channels`;
    this.channelsKeeper = `${this.#prefix}channels-keeper`;
    this.freezeWishes = `${this.#prefix}freeze-wishes`;
    this.recent = `${this.#prefix}recent`;
  }

  record(requestId: string): string {
    return `${this.recordPrefix}${requestId}`;
  }

  face(requestId: string): string {
    return `${this.#prefix}face:${requestId}`;
  }

  faceLock(requestId: string): string {
    return `${this.#prefix}face-lock:${requestId}`;
  }

  /** Of something that is done once. */
  once(what: string): string {
    return `${this.#prefix}once:${what}`;
  }

  /** Holds the id of the request that this delivery became. */
  delivery(deliveryId: string): string {
    return `${this.#prefix}delivery:${digest(deliveryId)}`;
  }

  /** Holds the id of the request that this press of Enter became. */
  press(record: RequestRecord): string {
    return `${this.#prefix}press:${digest(pressKey(record))}`;
  }

  /** Ids of a target's requests, by when they were asked for. */
  recentOf(target: Pick<TargetKey, "namespace" | "name">): string {
    return `${this.#prefix}recent:${target.namespace}/${target.name}`;
  }

  /** Holds the id of the one open request of this operation on this target. */
  open(record: RequestRecord): string {
    return `${this.#prefix}open:${openRequestKey(record)}`;
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
