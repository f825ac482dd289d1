/**
 * Lets pods reach a server of the test that listens on a loopback address only: a relay on the machine's end of the
 * cluster's link, an address which nothing but the cluster reaches.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { ClusterNetwork } from "./network.ts";

export interface HostRelay {
  /** Where pods find the server. */
  readonly host: string;
  readonly port: number;
  /** Ends the relay and every connection through it. */
  close(): Promise<void>;
}

export interface RelayTarget {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
}

export async function relayToHost(network: ClusterNetwork, target: RelayTarget): Promise<HostRelay> {
  const sockets = new Set<Socket>();
  const server = createServer((fromPod) => {
    const toServer = connect({ host: target.host ?? "127.0.0.1", port: target.port, noDelay: true });
    fromPod.setNoDelay(true);
    for (const [socket, other] of [
      [fromPod, toServer],
      [toServer, fromPod],
    ] as const) {
      sockets.add(socket);
      // One side's failure is told to the other by the end of its connection.
      socket.once("error", () => other.destroy()).once("close", () => sockets.delete(socket));
      socket.pipe(other);
    }
  });
  server.listen(0, network.machineAddress);
  await once(server, "listening");
  return {
    host: network.machineAddress,
    port: portOf(server.address()),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") {
    throw new Error(`the relay listens on no port: ${address}`);
  }
  return address.port;
}
