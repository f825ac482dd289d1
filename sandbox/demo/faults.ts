import type { CrateFaults } from "../crate-faults.ts";
import type { DoltFaults } from "../handle.ts";
import type { Demo } from "./demo.ts";
import { crateBytesPerSecond } from "./seed.ts";

type FaultyParts = Pick<Demo, "targets" | "crate" | "worker">;

/** What can happen to any pod. */
type PodFaults = Pick<DoltFaults & CrateFaults, "kill" | "crashLoop" | "freeze" | "thaw"> & Partial<DoltFaults>;

interface PodOrder {
  /** What stands behind its verb. */
  readonly form: "POD" | "POD POD";
  readonly meaning: string;
  readonly act: (faults: PodFaults, pod: string, other: string) => Promise<void>;
}

interface WholeOrder {
  readonly meaning: string;
  readonly act: (demo: FaultyParts) => Promise<unknown>;
}

const podOrders = new Map<string, PodOrder>([
  ["kill", { form: "POD", meaning: "the server crashes and is started again", act: (faults, pod) => faults.kill(pod) }],
  [
    "freeze",
    {
      form: "POD",
      meaning: "the server stays connected and answers nothing",
      act: (faults, pod) => faults.freeze(pod),
    },
  ],
  ["thaw", { form: "POD", meaning: "a frozen server goes on", act: (faults, pod) => faults.thaw(pod) }],
  [
    "crash-loop",
    { form: "POD", meaning: "the server crashes at each start", act: (faults, pod) => faults.crashLoop(pod, true) },
  ],
  [
    "partition",
    {
      form: "POD POD",
      meaning: "the two no longer replicate to each other",
      act: async (faults, pod, other) => {
        if (faults.partition === undefined) throw new Error("only Dolt servers replicate so that it can be cut");
        await faults.partition(pod, other);
      },
    },
  ],
]);

/** Orders that name no pod. */
const wholeOrders = new Map<string, WholeOrder>([
  [
    "heal",
    {
      meaning: "ends every fault of the servers",
      act: async ({ targets, crate }) => {
        await Promise.all([...targets, crate].map((target) => target.faults.heal()));
        crate.faults.relocationSpeed(crateBytesPerSecond);
      },
    },
  ],
  [
    "slow shards",
    {
      meaning: "CrateDB copies shards at a thirtieth of its speed",
      act: async ({ crate }) => crate.faults.relocationSpeed(crateBytesPerSecond / 30),
    },
  ],
  [
    "stuck shard",
    {
      meaning: "one shard of CrateDB's table devices goes nowhere",
      act: async ({ crate }) => crate.faults.stick("devices", 0),
    },
  ],
  [
    "snapshot",
    {
      meaning: "a snapshot of CrateDB begins, and does not end",
      act: async ({ crate }) => crate.faults.beginSnapshot("backups", `by_hand_${Date.now()}`),
    },
  ],
  ["kill worker", { meaning: "Handover's worker crashes, and stays away", act: ({ worker }) => worker.kill() }],
  ["start worker", { meaning: "a new one takes up what it left unfinished", act: ({ worker }) => worker.start() }],
]);

/** What can be ordered, for a person. */
export const faultHelp = [
  ...[...podOrders].map(([verb, { form, meaning }]) => `${`${verb} ${form}`.padEnd(20)} ${meaning}`),
  ...[...wholeOrders].map(([words, { meaning }]) => `${words.padEnd(20)} ${meaning}`),
];

/** Carries out one line, such as `kill orders-1`. @returns what to tell; a mistake is told too, never thrown */
export async function orderFault(line: string, demo: FaultyParts): Promise<string> {
  const words = line.trim().split(/\s+/);
  const written = words.join(" ");
  try {
    const whole = wholeOrders.get(written);
    if (whole === undefined) return await orderAtPods(words, demo);
    await whole.act(demo);
    return `${written}: done`;
  } catch (error) {
    return `${written}: it did not work. ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function orderAtPods([verb = "", ...pods]: readonly string[], demo: FaultyParts): Promise<string> {
  const order = podOrders.get(verb);
  const [pod, other = ""] = pods;
  if (order === undefined || pod === undefined || pods.length !== order.form.split(" ").length) {
    return ["That is no fault. There are:", ...faultHelp].join("\n");
  }
  const faults = faultsFor(pods, demo);
  if (faults === null) return `${pods.join(" and ")}: no such pods of one target. ${podsOf(demo)}`;
  await order.act(faults, pod, other);
  return `${verb} ${pods.join(" ")}: done`;
}

/** CrateDB's pods come and go with its scale. */
function faultsFor(pods: readonly string[], { targets, crate }: FaultyParts): PodFaults | null {
  const target = targets.find((one) => pods.every((name) => one.pods.includes(name)));
  if (target !== undefined) return target.faults;
  const isOfCrate = (name: string) => name.startsWith("crate-") && name.replace(/-\d+$/, "").endsWith(`-${crate.name}`);
  return pods.every(isOfCrate) ? crate.faults : null;
}

function podsOf({ targets, crate }: FaultyParts): string {
  return `There are ${[...targets, crate].map(({ pods }) => pods.join(", ")).join("; ")}.`;
}
