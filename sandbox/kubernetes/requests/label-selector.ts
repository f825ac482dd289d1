import { isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "../json.ts";
import { badRequest } from "../status.ts";

export type LabelRequirement =
  | { readonly kind: "in" | "notIn"; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: "exists" | "doesNotExist"; readonly key: string };

export type LabelSelector = readonly LabelRequirement[];

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k` (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api). */
export function parseLabelSelector(text: string): LabelSelector {
  return splitOutsideParentheses(text).map((part) => parseRequirement(part.trim()));
}

const SET_BASED = /^([^\s!=(),]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY = /^([^\s!=(),]+)\s*(==|=|!=)\s*([^\s!=(),]*)$/;
const EXISTENCE = /^(!?)\s*([^\s!=(),]+)$/;

function parseRequirement(text: string): LabelRequirement {
  const [, setKey, operator, list] = SET_BASED.exec(text) ?? [];
  if (setKey !== undefined && list !== undefined) {
    const values = list.split(",").map((value) => value.trim());
    return { kind: operator === "in" ? "in" : "notIn", key: setKey, values };
  }
  const [, key, comparison, value] = EQUALITY.exec(text) ?? [];
  if (key !== undefined && value !== undefined) {
    return { kind: comparison === "!=" ? "notIn" : "in", key, values: [value] };
  }
  const [, negated, present] = EXISTENCE.exec(text) ?? [];
  if (present !== undefined) {
    return { kind: negated === "!" ? "doesNotExist" : "exists", key: present };
  }
  throw badRequest(`unable to parse requirement: found '${text}'`);
}

function splitOutsideParentheses(text: string): string[] {
  if (text.trim() === "") {
    return [];
  }
  return text.split(/,(?![^(]*\))/);
}

/** The selector of a workload: `matchLabels` and `matchExpressions`. An empty one matches everything. */
export function selectorOfObject(selector: JsonObject): LabelSelector {
  const equalities = Object.entries(objectAt(selector, "matchLabels")).flatMap(([key, value]): LabelRequirement[] =>
    typeof value === "string" ? [{ kind: "in", key, values: [value] }] : [],
  );
  return [...equalities, ...listAt(selector, "matchExpressions").map(expression)];
}

function expression(given: Json): LabelRequirement {
  const key = textAt(given, "key") ?? "";
  const values = listAt(given, "values").filter((value) => typeof value === "string");
  const operator = isObject(given) ? given.operator : undefined;
  switch (operator) {
    case "In":
      return { kind: "in", key, values };
    case "NotIn":
      return { kind: "notIn", key, values };
    case "Exists":
      return { kind: "exists", key };
    case "DoesNotExist":
      return { kind: "doesNotExist", key };
    default:
      throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`);
  }
}

export function matchesLabels(selector: LabelSelector, labels: JsonObject = {}): boolean {
  return selector.every((requirement) => isSatisfied(requirement, labels[requirement.key]));
}

/** A label that is not there satisfies `!=` and `notin`. */
function isSatisfied(requirement: LabelRequirement, value: Json | undefined): boolean {
  switch (requirement.kind) {
    case "exists":
      return value !== undefined;
    case "doesNotExist":
      return value === undefined;
    case "in":
      return typeof value === "string" && requirement.values.includes(value);
    case "notIn":
      return typeof value !== "string" || !requirement.values.includes(value);
  }
}

/** As the `status.selector` of a Scale shows it. */
export function selectorText(selector: LabelSelector): string {
  return selector.map(requirementText).join(",");
}

function requirementText(requirement: LabelRequirement): string {
  const { kind, key } = requirement;
  switch (kind) {
    case "exists":
      return key;
    case "doesNotExist":
      return `!${key}`;
    case "in":
      return requirement.values.length === 1
        ? `${key}=${requirement.values[0]}`
        : `${key} in (${requirement.values.join(",")})`;
    case "notIn":
      return `${key} notin (${requirement.values.join(",")})`;
  }
}
