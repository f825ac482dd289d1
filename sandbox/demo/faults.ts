import type { DoltFaults, DoltTarget } from "../handle.ts";

interface FaultOrder {
  /** The words of the order, capitals for what is to be filled in. */
  readonly form: string;
  readonly meaning: string;
  readonly pods: 1 | 2;
  readonly act: (faults: DoltFaults, pod: string, other: string) => Promise<void>;
}

const orders: Readonly<Record<string, FaultOrder>> = {
  kill: {
    form: "kill POD",
    meaning: "the server crashes and is started again",
    pods: 1,
    act: (faults, pod) => faults.kill(pod),
  },
  freeze: {
    form: "freeze POD",
    meaning: "the server stays connected and answers nothing",
    pods: 1,
    act: (faults, pod) => faults.freeze(pod),
  },
  thaw: { form: "thaw POD", meaning: "a frozen server goes on", pods: 1, act: (faults, pod) => faults.thaw(pod) },
  "crash-loop": {
    form: "crash-loop POD",
    meaning: "the server crashes at each start",
    pods: 1,
    act: (faults, pod) => faults.crashLoop(pod, true),
  },
  partition: {
    form: "partition POD POD",
    meaning: "the two no longer replicate to each other",
    pods: 2,
    act: (faults, pod, other) => faults.partition(pod, other),
  },
};

/** What can be ordered, for a person. */
export const faultHelp = [
  ...Object.values(orders).map(({ form, meaning }) => `${form.padEnd(20)} ${meaning}`),
  `${"heal".padEnd(20)} ends every fault`,
];

/** Carries out one line, such as `kill orders-1`. @returns what to tell; a mistake is told too, never thrown */
export async function orderFault(line: string, targets: readonly DoltTarget[]): Promise<string> {
  const [verb = "", ...names] = line.trim().split(/\s+/);
  try {
    if (verb === "heal" && names.length === 0) {
      await Promise.all(targets.map((target) => target.faults.heal()));
      return "healed: every fault has ended";
    }
    const order = Object.hasOwn(orders, verb) ? orders[verb] : undefined;
    const [pod, other] = names;
    if (order === undefined || pod === undefined || names.length !== order.pods) {
      return ["That is no fault. There are:", ...faultHelp].join("\n");
    }
    const target = targets.find((one) => names.every((name) => one.pods.includes(name)));
    if (target === undefined) return `${names.join(" and ")}: no such pods of one target. ${podsOf(targets)}`;
    await order.act(target.faults, pod, other ?? pod);
    return `${line.trim()}: done`;
  } catch (error) {
    return `${line.trim()}: it did not work. ${error instanceof Error ? error.message : String(error)}`;
  }
}

function podsOf(targets: readonly DoltTarget[]): string {
  return `There are ${targets.map(({ pods }) => pods.join(", ")).join("; ")}.`;
}
