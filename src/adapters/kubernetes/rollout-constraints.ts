import type { V1LabelSelector, V1PodDisruptionBudget, V1ResourceQuota } from "@kubernetes/client-node";
import { HandoverError } from "../../domain/errors.ts";
import type { Budget, BudgetMinimum, Quota, RolloutConstraints, RolloutView } from "../../ports/rollouts.ts";
import type { Seen } from "../../ports/surroundings.ts";
import type { KubernetesApi } from "./api.ts";
import { readAutoscalers } from "./autoscalers.ts";
import { readAmounts } from "./pod-demand.ts";

/** Reads what may be read; what may not says why. */
export async function readConstraints(
  api: KubernetesApi,
  view: RolloutView,
  signal: AbortSignal,
): Promise<RolloutConstraints> {
  const [budgets, quotas] = await Promise.all([seen(budgetsOf(api, view, signal)), seen(quotasOf(api, view, signal))]);
  return { budgets, quotas };
}

/** What sets the number of this workload's pods by itself, with between what. */
export function readAutoscalersOf(
  api: KubernetesApi,
  view: RolloutView,
  signal: AbortSignal,
): Promise<Seen<readonly string[]>> {
  return seen(autoscalersOf(api, view, signal));
}

async function seen<T>(reading: Promise<T>): Promise<Seen<T>> {
  try {
    return { seen: true, value: await reading };
  } catch (error) {
    if (error instanceof HandoverError && error.problem.code === "kubernetes_refused") {
      return { seen: false, why: error.problem.what };
    }
    throw error;
  }
}

async function autoscalersOf(api: KubernetesApi, view: RolloutView, signal: AbortSignal): Promise<string[]> {
  const found = await readAutoscalers(api, view.namespace, signal);
  return found
    .filter(({ target }) => target.kind === view.kind && target.name === view.name)
    .map(
      ({ kind, name, minReplicas, maxReplicas }) =>
        `${kind} ${name} (${minReplicas ?? 1} to ${maxReplicas ?? "any number"})`,
    );
}

async function budgetsOf(api: KubernetesApi, view: RolloutView, signal: AbortSignal): Promise<Budget[]> {
  const { namespace, labels } = view;
  const doing = `listing PodDisruptionBudgets of ${namespace}`;
  const { items } = await api.list<V1PodDisruptionBudget>(doing, signal, (page, options) =>
    api.policy.listNamespacedPodDisruptionBudget({ namespace, ...page }, options),
  );
  return items.filter(({ spec }) => selects(spec?.selector, labels)).flatMap((budget) => budgetOf(budget) ?? []);
}

function budgetOf({ metadata, spec, status }: V1PodDisruptionBudget): Budget | null {
  const minimum = minimumOf(spec);
  if (minimum === null) return null;
  const rule = minimum.kind === "atLeast" ? "minAvailable" : "maxUnavailable";
  return {
    name: metadata?.name ?? "",
    rule: `${rule} ${minimum.value}${minimum.isPercent ? "%" : ""}`,
    disruptionsAllowed: status?.disruptionsAllowed ?? 0,
    expectedPods: status?.expectedPods ?? 0,
    minimum,
  };
}

function minimumOf(spec: V1PodDisruptionBudget["spec"]): BudgetMinimum | null {
  if (spec?.minAvailable !== undefined) return { kind: "atLeast", ...amountOf(spec.minAvailable) };
  if (spec?.maxUnavailable !== undefined) return { kind: "missingAtMost", ...amountOf(spec.maxUnavailable) };
  return null;
}

function amountOf(given: number | string): { value: number; isPercent: boolean } {
  const text = String(given);
  return { value: Number.parseInt(text, 10), isPercent: text.endsWith("%") };
}

/** An empty selector of a budget holds for every pod, none at all for none. */
function selects(selector: V1LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  if (selector === undefined) return false;
  const byLabel = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return byLabel && (selector.matchExpressions ?? []).every((one) => isMatched(one, labels));
}

function isMatched(
  { key, operator, values = [] }: { readonly key: string; readonly operator: string; readonly values?: string[] },
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    default:
      return value === undefined;
  }
}

async function quotasOf(api: KubernetesApi, { namespace }: RolloutView, signal: AbortSignal): Promise<Quota[]> {
  const { items } = await api.list<V1ResourceQuota>(`listing ResourceQuotas of ${namespace}`, signal, (page, options) =>
    api.core.listNamespacedResourceQuota({ namespace, ...page }, options),
  );
  return items.filter(holdsForLastingPods).map(({ metadata, spec, status }) => {
    const hard = readAmounts(status?.hard ?? spec?.hard);
    const used = readAmounts(status?.used);
    const left = Object.entries(hard).map(([name, amount]) => [name, amount - (used[name] ?? 0)] as const);
    return { name: metadata?.name ?? "", left: Object.fromEntries(left) };
  });
}

/** Quotas for a class of pods only are not judged here but for the one that every workload's pods are of. */
function holdsForLastingPods({ spec }: V1ResourceQuota): boolean {
  const scopes = spec?.scopes ?? [];
  return scopes.every((scope) => scope === "NotTerminating") && spec?.scopeSelector === undefined;
}
