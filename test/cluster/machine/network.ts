import { z } from "zod";
import { command } from "./command.ts";

/** The addresses of one cluster: a /16 of private addresses that this machine has no route to. */
export interface ClusterNetwork {
  /** Network interface on the machine's side, through which the test reaches pods, Services and the API server. */
  readonly link: string;
  readonly range: string;
  readonly podRange: string;
  readonly serviceRange: string;
  /** First address of the service range, which the API server takes for `kubernetes.default.svc`. */
  readonly apiServiceAddress: string;
  readonly dnsAddress: string;
  /** The node's own address, on the cluster's side of the link. */
  readonly nodeAddress: string;
  /** The machine's address as pods see it, on the test's side of the link. */
  readonly machineAddress: string;
}

const LOWEST = 213;
const RANGES = 38;

/** Picks a range that no route of this machine leads into, so that two clusters, or a VPN, do not meet. */
export async function chooseNetwork(): Promise<ClusterNetwork> {
  const routes = z
    .array(z.object({ dst: z.string() }))
    .parse(JSON.parse(await command("ip", ["-json", "-4", "route", "show", "table", "all"])));
  for (let tried = 0; tried < RANGES; tried++) {
    // Two processes that choose at the same moment begin at different places.
    const octet = LOWEST + ((process.pid + tried) % RANGES);
    if (!routes.some(({ dst }) => dst.startsWith(`10.${octet}.`))) {
      return network(`10.${octet}`, octet);
    }
  }
  throw new Error(
    `every range from 10.${LOWEST}.0.0/16 to 10.${LOWEST + RANGES - 1}.0.0/16 has a route on this machine`,
  );
}

function network(prefix: string, octet: number): ClusterNetwork {
  return {
    link: `handover${octet}`,
    range: `${prefix}.0.0/16`,
    podRange: `${prefix}.0.0/24`,
    serviceRange: `${prefix}.1.0/24`,
    apiServiceAddress: `${prefix}.1.1`,
    dnsAddress: `${prefix}.1.10`,
    nodeAddress: `${prefix}.255.2`,
    machineAddress: `${prefix}.255.1`,
  };
}
