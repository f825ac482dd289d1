import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { DelayLine } from "./delay-line.ts";

/** Where a link leads now; undefined while the other end has no address. */
export type LinkTarget = () => { host: string; port: number } | undefined;

/**
 * One direction of replication between two pods: a TCP proxy that the primary dials as it would the standby's ClusterIP
 * Service. Its address stays while the pod's changes, and it can be cut or slowed, also before it listens.
 */
export class ReplicationLink {
  readonly #target: LinkTarget;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #host = "";
  #isCut = false;
  #delayMs = 0;

  constructor(target: LinkTarget) {
    this.#target = target;
  }

  /** `HOST:PORT` to dial. Throws before it listens. */
  get address(): string {
    const address = this.#server?.address();
    if (address === undefined || address === null || typeof address === "string") {
      throw new Error("a replication link that does not listen has no address");
    }
    return `${address.address}:${address.port}`;
  }

  /** Listens there from now on, and nowhere else. */
  async listen(host: string, port: number): Promise<void> {
    if (this.#host === host) return;
    const old = this.#server;
    const server = createServer((socket) => this.#accept(socket));
    this.#host = host;
    this.#server = server;
    old?.close();
    server.listen(port, host);
    await once(server, "listening");
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
    const server = this.#server;
    this.#server = null;
    this.#host = "";
    this.#reset();
    if (server === null) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
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

/** In the range of the Services (control-plane.ts), and nobody's: who holds a port here holds it for all their addresses. */
const RESERVATION_HOST = "127.96.0.1";

/**
 * The links of one target, one for each ordered pair of its pods, also of those that come later. What kube-proxy does on a
 * whole cluster: each listens on the ClusterIP of the receiver's own Service. The port tells who sends, because all
 * processes of a machine send from one address.
 */
export class ReplicationLinks {
  readonly #target: (pod: string) => ReturnType<LinkTarget>;
  readonly #links = new Map<string, ReplicationLink>();
  /** By the sender. */
  readonly #ports = new Map<string, Promise<number>>();
  /** By the receiver. */
  readonly #hosts = new Map<string, string>();
  readonly #reservations: Server[] = [];

  /** @param target where the remotes API of a pod is now */
  constructor(target: (pod: string) => ReturnType<LinkTarget>) {
    this.#target = target;
  }

  /** The link over which `from` replicates to `to`. */
  between(from: string, to: string): ReplicationLink {
    const name = `${from} to ${to}`;
    const link = this.#links.get(name) ?? new ReplicationLink(() => this.#target(to));
    this.#links.set(name, link);
    return link;
  }

  all(): Iterable<ReplicationLink> {
    return this.#links.values();
  }

  /** The port to which a pod sends whatever it replicates; its links listen there from now on. */
  async portOf(sender: string): Promise<number> {
    const known = this.#ports.get(sender);
    const port = await (known ?? this.#reserve(sender));
    if (known === undefined) {
      await Promise.all([...this.#hosts].map(([receiver, host]) => this.#listen(sender, receiver, host, port)));
    }
    return port;
  }

  /** The address of the Service that leads to this pod; its links listen there from now on. */
  async setHost(receiver: string, host: string): Promise<void> {
    if (this.#hosts.get(receiver) === host) return;
    this.#hosts.set(receiver, host);
    const senders = [...this.#ports].map(async ([sender, port]) => {
      await this.#listen(sender, receiver, host, await port);
    });
    await Promise.all(senders);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    await Promise.all(this.#reservations.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen(sender: string, receiver: string, host: string, port: number): Promise<void> {
    if (sender !== receiver) await this.between(sender, receiver).listen(host, port);
  }

  #reserve(sender: string): Promise<number> {
    const server = createServer((socket) => socket.destroy());
    this.#reservations.push(server);
    server.listen(0, RESERVATION_HOST);
    const port = once(server, "listening").then(() => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("a reserved port has no address");
      return address.port;
    });
    this.#ports.set(sender, port);
    return port;
  }
}
