import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { DelayLine } from "./delay-line.ts";

/** Where a link leads now; undefined while the other end has no address. */
export type LinkTarget = () => { host: string; port: number } | undefined;

/**
 * One direction of replication between two pods: a TCP proxy that the primary dials in place of the standby, as it would the
 * standby's ClusterIP Service. Its address stays while the pod's changes, and it can be cut or slowed.
 */
export class ReplicationLink {
  readonly #target: LinkTarget;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #delayMs = 0;

  private constructor(target: LinkTarget) {
    this.#target = target;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async open(target: LinkTarget): Promise<ReplicationLink> {
    const link = new ReplicationLink(target);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  /** `HOST:PORT` to dial. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") {
      throw new Error("a replication link that is closed has no address");
    }
    return `${address.address}:${address.port}`;
  }

  /** While cut, open connections are reset and new ones too: an unreachable address that says so at once. */
  cut(on: boolean): void {
    this.#isCut = on;
    if (on) {
      this.#reset();
    }
  }

  /** Delays what is sent towards the standby; answers come back undelayed. 0 ends it. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  async close(): Promise<void> {
    this.#reset();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #reset(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  #accept(from: Socket): void {
    const target = this.#target();
    this.#track(from);
    if (this.#isCut || target === undefined) {
      from.resetAndDestroy();
      return;
    }
    const to = connect({ ...target, noDelay: true });
    this.#track(to);
    from.setNoDelay(true);
    // One end's end is the other's.
    from.once("close", () => to.destroy());
    to.once("close", () => from.resetAndDestroy());
    from.pipe(new DelayLine(() => this.#delayMs)).pipe(to);
    to.pipe(from);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** The links of one target, one for each ordered pair of its pods. */
export class ReplicationLinks {
  readonly #links: ReadonlyMap<string, ReplicationLink>;

  private constructor(links: ReadonlyMap<string, ReplicationLink>) {
    this.#links = links;
  }

  /** @param target where the remotes API of a pod is now */
  static async open(
    pods: readonly string[],
    target: (pod: string) => ReturnType<LinkTarget>,
  ): Promise<ReplicationLinks> {
    const pairs = pods.flatMap((from) => pods.filter((to) => to !== from).map((to) => ({ from, to })));
    const links = pairs.map(async ({ from, to }) => {
      return [pairName(from, to), await ReplicationLink.open(() => target(to))] as const;
    });
    return new ReplicationLinks(new Map(await Promise.all(links)));
  }

  /** The link over which `from` replicates to `to`. */
  between(from: string, to: string): ReplicationLink {
    const link = this.#links.get(pairName(from, to));
    if (link === undefined) {
      throw new Error(`there is no replication between ${from} and ${to}`);
    }
    return link;
  }

  all(): Iterable<ReplicationLink> {
    return this.#links.values();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }
}

const pairName = (from: string, to: string) => `${from} to ${to}`;
