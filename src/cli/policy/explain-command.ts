import { readConfigurationOf } from "../../config/environment.ts";
import type { Configuration } from "../../config/handover-yaml.ts";
import { fail } from "../../domain/errors.ts";
import { freezeOperations } from "../../domain/freeze.ts";
import { noMemberships } from "../../domain/memberships.ts";
import { nearestWord } from "../../domain/nearest-word.ts";
import { explain } from "../../domain/policy/explain.ts";
import { principalsOf } from "../../domain/policy/judging.ts";
import type { PolicyTarget } from "../../domain/policy/matching.ts";
import { catalogue } from "../../operations/catalogue.ts";
import { exitCodes } from "../exit-codes.ts";
import type { SideSurroundings } from "../side-commands.ts";
import { readSideWords } from "../side-words.ts";
import { explanationText } from "./explanation-text.ts";
import { lookUp } from "./look-up.ts";

export const explainUsage =
  "policy explain --operation dolt.failover --target [[CLUSTER/]NAMESPACE/]NAME [--user U…] [--label KEY=VALUE,…] [--at TIME] [--look-up] [--config FILE]";

const options = {
  operation: "text",
  target: "text",
  cluster: "text",
  namespace: "text",
  label: "text",
  user: "text",
  at: "text",
  config: "text",
  "look-up": "switch",
} as const;

/** `npx handover policy explain`. @throws {HandoverError} */
export async function explainPolicy(words: readonly string[], surroundings: SideSurroundings): Promise<number> {
  const { terminal, environment, clock, signal } = surroundings;
  const typed = readSideWords(words, { usage: `npx handover ${explainUsage}`, options });
  const configuration = readConfigurationOf(environment, typed.text("config"));
  const operation = operationOf(typed.text("operation"));
  const userId = typed.text("user");
  const question = {
    operation: operation.name,
    changesTarget: operation.changesTarget,
    target: targetOf(
      {
        target: typed.text("target"),
        cluster: typed.text("cluster"),
        namespace: typed.text("namespace"),
        labels: labelsOf(typed.text("label")),
      },
      configuration,
    ),
    person: userId === null ? null : { teamId: configuration.slack.teamId, userId },
    atMs: timeOf(typed.text("at"), clock.nowMs()),
  };
  const { policy } = configuration;
  const memberships = typed.isSet("look-up")
    ? await lookUp(principalsOf(policy), configuration, environment, clock, signal)
    : noMemberships;
  terminal.out(explanationText(question, explain(policy, question, { memberships, notBeforeMs: null }), memberships));
  return exitCodes.done;
}

/** Whatever the policy judges. A freeze changes no target, and waits for nobody's approval. */
const judged = [...catalogue, ...Object.values(freezeOperations).map((name) => ({ name, changesTarget: false }))];

/** The operation of that name. @throws {HandoverError} `flag_value` */
export function operationOf(given: string | null): { readonly name: string; readonly changesTarget: boolean } {
  const found = judged.find(({ name }) => name === given);
  if (found !== undefined) return found;
  const names = judged.map(({ name }) => name);
  const near = given === null ? null : nearestWord(given, names);
  const expected = near === null ? `one of: ${names.join(", ")}` : `the name of an operation, such as ${near}`;
  throw fail("flag_value", { flag: "--operation", given: given ?? "", expected });
}

export interface TypedTarget {
  /** `orders`, `shop/orders` or `prod/shop/orders`. */
  readonly target: string | null;
  readonly cluster?: string | null | undefined;
  readonly namespace?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * The target that is asked about. The cluster may be left out where there is one, and the namespace where no rule looks at it.
 * @throws {HandoverError} `flag_value`
 */
export function targetOf(typed: TypedTarget, { clusters, policy }: Configuration): PolicyTarget {
  const parts = (typed.target ?? "").split("/");
  const name = parts.pop() ?? "";
  const namespace = typed.namespace ?? parts.pop() ?? null;
  const cluster = typed.cluster ?? parts.pop() ?? (clusters.length === 1 ? clusters[0]?.name : undefined);
  if (name === "" || parts.length > 0) {
    throw fail("flag_value", {
      flag: "--target",
      given: typed.target ?? "",
      expected: "NAME, NAMESPACE/NAME or CLUSTER/NAMESPACE/NAME",
    });
  }
  const known = clusters.map((one) => one.name);
  if (cluster === undefined || !known.includes(cluster)) {
    throw fail("flag_value", { flag: "--cluster", given: cluster ?? "", expected: `one of: ${known.join(", ")}` });
  }
  const isAsked = policy.some(({ namespaces }) => namespaces.some((pattern) => pattern !== "*"));
  if (namespace === null && isAsked) {
    throw fail("flag_value", {
      flag: "--namespace",
      given: "",
      expected: "the target's namespace: a rule looks at it",
    });
  }
  return { cluster, namespace: namespace ?? "any", name, labels: typed.labels ?? {} };
}

function labelsOf(text: string | null): Record<string, string> {
  if (text === null) return {};
  return Object.fromEntries(
    text.split(",").map((part) => {
      const at = part.indexOf("=");
      if (at < 1)
        throw fail("flag_value", { flag: "--label", given: text, expected: "KEY=VALUE, several with commas" });
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}

function timeOf(text: string | null, nowMs: number): number {
  if (text === null) return nowMs;
  const atMs = Date.parse(text);
  if (!Number.isNaN(atMs) && /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text)) return atMs;
  throw fail("flag_value", {
    flag: "--at",
    given: text,
    expected: "a time with its zone, such as 2026-12-24T18:00:00Z",
  });
}
