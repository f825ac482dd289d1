import { isAnswering } from "./assess.ts";
import type { AnsweringNode } from "./candidate.ts";
import type { Basis } from "./freshness.ts";
import type { Freshness } from "./freshness-look.ts";
import type { DoltView } from "./look.ts";
import type { PromoteParameters } from "./promote-definition.ts";

export type PromoteChoice =
  | {
      readonly kind: "chosen";
      readonly node: AnsweringNode;
      /** Why it and no other, in words. */
      readonly why: readonly string[];
      /** Other standbys that hold something newer, or may. */
      readonly passedOver: readonly {
        readonly pod: string;
        readonly kind: "newer" | "unclear";
        readonly why: string;
      }[];
      /** The weakest proof that it is the newest; null: all are equal, or none other answers, or a person chose. */
      readonly basis: Basis | null;
    }
  /** Nobody can take over. */
  | { readonly kind: "none"; readonly rejected: readonly string[] }
  /** Several could, and which is the newest cannot be told, or the newest cannot take over. */
  | { readonly kind: "unclear"; readonly why: readonly string[]; readonly fit: readonly string[] };

/**
 * The standby that becomes primary: the one asked for, else the one that is newer than, or equal to, every other that answers.
 * @param approved the pod that people approved; of equal ones it stays
 */
export function choosePromoted(
  view: DoltView,
  freshness: Freshness,
  parameters: PromoteParameters,
  approved?: string,
): PromoteChoice {
  const standbys = view.nodes.filter(isAnswering).filter(({ answer }) => answer.role === "standby");
  const pool = standbys.filter(({ name }) => name !== parameters.avoid);
  const judged = pool.map((node) => ({
    node,
    reason: unfitToLead(node, parameters),
  }));
  const rejected = [
    ...standbys.filter((node) => !pool.includes(node)).map(({ name }) => `${name}: to be avoided, as asked`),
    ...judged.flatMap(({ node, reason }) => (reason === null ? [] : [`${node.name}: ${reason}`])),
    ...view.nodes.flatMap(({ name, silence }) => (silence === null ? [] : [`${name}: ${silence.text}`])),
  ];
  const fit = judged.filter(({ reason }) => reason === null).map(({ node }) => node);
  const asked = fit.find(({ name }) => name === parameters.to);
  if (parameters.to !== undefined) {
    if (asked !== undefined) return { ...chosen(asked, standbys, freshness), basis: null };
    return { kind: "none", rejected };
  }
  if (fit.length === 0) return { kind: "none", rejected };
  const newest = pool.filter((node) => isNewest(node, pool, freshness));
  const ready = fit.filter((node) => newest.includes(node));
  const best = ready.find(({ name }) => name === approved) ?? ready[0];
  if (best !== undefined) return chosen(best, standbys, freshness);
  const why =
    newest.length > 0
      ? newest.map(
          ({ name }) =>
            `${name} holds the newest and cannot take over (${rejected.find((one) => one.startsWith(`${name}: `)) ?? ""})`,
        )
      : unclearPairs(pool, freshness);
  return { kind: "unclear", why, fit: fit.map(({ name }) => name) };
}

/** Why this server cannot become primary, whatever it holds; null: it can. */
export function unfitToLead({ name, pod, answer }: AnsweringNode, { to }: PromoteParameters): string | null {
  if (answer.role !== "standby") return `its role is ${answer.role}`;
  if (pod === null || pod.terminating) return "its pod is terminating";
  if (answer.databases.length === 0) return "it holds no database";
  // Services send nothing to it; whoever names it by hand may know better.
  return pod.ready || to === name ? null : "its pod is not Ready";
}

function isNewest(node: AnsweringNode, pool: readonly AnsweringNode[], { orderOf }: Freshness): boolean {
  return pool.every((other) => {
    if (other.name === node.name) return true;
    const order = orderOf(node.name, other.name);
    return order.kind === "equal" || (order.kind === "newer" && order.pod === node.name);
  });
}

function chosen(node: AnsweringNode, standbys: readonly AnsweringNode[], { orderOf }: Freshness) {
  const others = standbys.filter(({ name }) => name !== node.name);
  const orders = others.map(({ name }) => ({ pod: name, order: orderOf(node.name, name) }));
  const bases = orders.flatMap(({ order }) => (order.kind === "newer" && order.pod === node.name ? [order.basis] : []));
  return {
    kind: "chosen",
    node,
    why: orders.map(({ pod, order }) => (order.kind === "equal" ? `${pod} holds the same` : order.why)),
    passedOver: orders.flatMap(({ pod, order }) => {
      if (order.kind === "equal" || (order.kind === "newer" && order.pod === node.name)) return [];
      return [{ pod, kind: order.kind, why: order.why }];
    }),
    basis: (["rows", "contact", "commits"] as const).find((basis) => bases.includes(basis)) ?? null,
  } as const;
}

function unclearPairs(pool: readonly AnsweringNode[], { orderOf }: Freshness): string[] {
  const found = pool.flatMap((one, index) =>
    pool.slice(index + 1).flatMap((other) => {
      const order = orderOf(one.name, other.name);
      return order.kind === "equal" ? [] : [order.why];
    }),
  );
  return [...new Set(found)];
}
