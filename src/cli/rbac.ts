import { fail } from "../domain/errors.ts";
import { type Engine, engineSchema } from "../domain/target.ts";
import { accessRules } from "../operations/access.ts";
import type { AccessRule } from "../operations/access-rule.ts";
import { catalogue } from "../operations/catalogue.ts";
import { exitCodes } from "./exit-codes.ts";
import type { SideCommand } from "./side-commands.ts";
import { readSideWords, type SideWords } from "./side-words.ts";

const usage =
  "rbac --namespace NAME --engine dolt|cratedb|kubernetes [--operations restart,…] [--secrets NAME,…] [--configmaps NAME,…] [--account NAMESPACE/NAME]";

/** Objects that the Role names one by one. */
export interface NamedObjects {
  readonly secrets: readonly string[];
  readonly configmaps: readonly string[];
}

/** `npx handover rbac`: the Role for exactly the operations asked for, and the binding that gives it to the worker. */
export const rbacCommand: SideCommand = {
  word: "rbac",
  help: [[usage, "print the Role that these operations need in a namespace (YAML), each rule with what it is for"]],
  run(words, { terminal }) {
    const options = {
      namespace: "text",
      engine: "text",
      operations: "text",
      secrets: "text",
      configmaps: "text",
      account: "text",
    } as const;
    const typed = readSideWords(words, { usage: `npx handover ${usage}`, options });
    const engine = engineOf(typed);
    const rules = accessRules(engine, operationsOf(typed, engine));
    const named = { secrets: namesIn(typed, "secrets"), configmaps: namesIn(typed, "configmaps") };
    const account = accountOf(typed.text("account") ?? "handover/handover-worker");
    terminal.out(roleText({ namespace: namespaceOf(typed), engine, rules, named, account }));
    return exitCodes.done;
  },
};

const objectName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

function engineOf(typed: SideWords): Engine {
  const given = typed.text("engine") ?? "";
  const engine = engineSchema.safeParse(given);
  if (engine.success) return engine.data;
  throw fail("flag_value", { flag: "--engine", given, expected: engineSchema.options.join(", ") });
}

function namespaceOf(typed: SideWords): string {
  const given = typed.text("namespace") ?? "";
  if (objectName.test(given)) return given;
  throw fail("flag_value", { flag: "--namespace", given, expected: "the name of a namespace" });
}

/** As they are typed (`restart`), or as the policy names them (`dolt.restart`). */
function operationsOf(typed: SideWords, engine: Engine): readonly string[] | "all" {
  const given = typed.text("operations");
  if (given === null) return "all";
  const known = catalogue.filter((one) => one.engine === engine);
  return given.split(",").map((word) => {
    const found = known.find(({ verb, name }) => verb === word || name === word);
    if (found !== undefined) return found.name;
    const expected = known.map(({ verb }) => verb).join(", ");
    throw fail("flag_value", { flag: "--operations", given: word, expected: `operations of ${engine}: ${expected}` });
  });
}

function namesIn(typed: SideWords, option: string): string[] {
  const names = (typed.text(option) ?? "").split(",").filter((name) => name !== "");
  const wrong = names.find((name) => !objectName.test(name));
  if (wrong === undefined) return names;
  throw fail("flag_value", { flag: `--${option}`, given: wrong, expected: "names with commas between them" });
}

function accountOf(given: string): { namespace: string; name: string } {
  const [namespace = "", name = "", ...more] = given.split("/");
  if (objectName.test(namespace) && objectName.test(name) && more.length === 0) return { namespace, name };
  throw fail("flag_value", { flag: "--account", given, expected: "NAMESPACE/NAME of a ServiceAccount" });
}

/** A Role and its binding as YAML, ready for `kubectl apply -f -`. */
export function roleText({
  namespace,
  engine,
  rules,
  named,
  account,
}: {
  readonly namespace: string;
  readonly engine: Engine;
  readonly rules: readonly AccessRule[];
  readonly named: NamedObjects;
  readonly account: { readonly namespace: string; readonly name: string };
}): string {
  const name = `handover-worker-${engine}`;
  const labels = ["  labels:", "    app.kubernetes.io/name: handover"];
  const head = (kind: string) => [
    "apiVersion: rbac.authorization.k8s.io/v1",
    `kind: ${kind}`,
    "metadata:",
    `  name: ${name}`,
    `  namespace: ${namespace}`,
    ...labels,
  ];
  const lines = [
    "# For kubectl apply -f -. Who it is (SelfSubjectReview) and what it may (SelfSubjectAccessReview) every user may ask.",
    ...head("Role"),
    "rules:",
    ...rules.flatMap((rule) => ruleLines(rule, named)),
    "---",
    ...head("RoleBinding"),
    "roleRef:",
    "  apiGroup: rbac.authorization.k8s.io",
    "  kind: Role",
    `  name: ${name}`,
    "subjects:",
    "  - kind: ServiceAccount",
    `    name: ${account.name}`,
    `    namespace: ${account.namespace}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Secrets are never given all together; ConfigMaps are, where nobody names them. */
function ruleLines({ group, resources, verbs, named: kind, why }: AccessRule, named: NamedObjects): string[] {
  const names = kind === undefined ? [] : named[kind];
  const comment = `  # ${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
  if (kind === "secrets" && names.length === 0) {
    return [comment, "  # None was named: with --secrets NAME,… this rule is printed too."];
  }
  return [
    comment,
    ...(kind === "configmaps" && names.length === 0 ? ["  # Every one: --configmaps NAME,… names them."] : []),
    `  - apiGroups: [${group === "" ? '""' : group}]`,
    `    resources: [${resources.join(", ")}]`,
    ...(names.length === 0 ? [] : [`    resourceNames: [${names.join(", ")}]`]),
    `    verbs: [${verbs.join(", ")}]`,
  ];
}
