import type { DoltFaults, DoltTarget } from "../handle.ts";
import type { Demo } from "./demo.ts";

type FaultyParts = Pick<Demo, "targets" | "worker">;

interface PodOrder {
  /** What stands behind its verb. */
  readonly form: "POD" | "POD POD";
  readonly meaning: string;
  readonly act: (faults: DoltFaults, pod: string, other: string) => Promise<void>;
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
      act: (faults, pod, other) => faults.partition(pod, other),
    },
  ],
]);

/** Orders that name no pod. */
const wholeOrders = new Map<string, WholeOrder>([
  [
    "heal",
    {
      meaning: "ends every fault of the servers",
      act: ({ targets }) => Promise.all(targets.map((target) => target.faults.heal())),
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
    if (whole === undefined) return await orderAtPods(words, demo.targets);
    await whole.act(demo);
    return `${written}: done`;
  } catch (error) {
    return `${written}: it did not work. ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function orderAtPods([verb = "", ...pods]: readonly string[], targets: readonly DoltTarget[]): Promise<string> {
  const order = podOrders.get(verb);
  const [pod, other = ""] = pods;
  if (order === undefined || pod === undefined || pods.length !== order.form.split(" ").length) {
    return ["That is no fault. There are:", ...faultHelp].join("\n");
  }
  const target = targets.find((one) => pods.every((name) => one.pods.includes(name)));
  if (target === undefined) return `${pods.join(" and ")}: no such pods of one target. ${podsOf(targets)}`;
  await order.act(target.faults, pod, other);
  return `${verb} ${pods.join(" ")}: done`;
}

function podsOf(targets: readonly DoltTarget[]): string {
  return `There are ${targets.map(({ pods }) => pods.join(", ")).join("; ")}.`;
}
