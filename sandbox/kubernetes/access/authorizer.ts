import { type Json, type JsonObject, listAt, objectAt, textAt } from "../json.ts";
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from "../resources.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { User } from "./users.ts";

/** What somebody wants to do. Plain paths have `path` and a verb only. */
export interface Attributes {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`. */
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly path?: string;
}

/** Paths and reviews that every authenticated user may use (the bootstrap roles `system:discovery` and `system:basic-user`). */
const OPEN_PATHS = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version", "/openapi/*"];
const OPEN_REVIEWS = ["selfsubjectaccessreviews", "selfsubjectreviews"];

/** RBAC (https://kubernetes.io/docs/reference/access-authn-authz/rbac/) over the Roles and bindings in the store. */
export class Authorizer {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  allows(user: User, attributes: Attributes): boolean {
    if (user.groups.includes("system:masters") || isOpen(attributes)) {
      return true;
    }
    return this.#rulesFor(user, attributes.namespace).some((rule) => ruleAllows(rule, attributes));
  }

  /** Rules bound to the user: in every namespace, and in this one. */
  #rulesFor(user: User, namespace: string | undefined): JsonObject[] {
    const clusterWide = this.#store.list(CLUSTER_ROLE_BINDINGS);
    const here = namespace === undefined ? [] : this.#store.list(ROLE_BINDINGS, namespace);
    return [...clusterWide, ...here]
      .filter((binding) => listAt(binding, "subjects").some((subject) => isSubject(user, subject, namespace)))
      .flatMap((binding) => {
        const name = textAt(binding, "roleRef", "name") ?? "";
        const role =
          textAt(binding, "roleRef", "kind") === "Role"
            ? this.#store.get(ROLES, binding.metadata.namespace, name)
            : this.#store.get(CLUSTER_ROLES, undefined, name);
        return listAt(role, "rules").map((rule) => objectAt(rule));
      });
  }
}

function isOpen({ path, verb, resource, group }: Attributes): boolean {
  if (path !== undefined) {
    return verb === "get" && OPEN_PATHS.some((open) => covers(open, path));
  }
  return verb === "create" && OPEN_REVIEWS.includes(resource ?? "") && (group ?? "").endsWith(".k8s.io");
}

function isSubject(user: User, subject: Json, namespace: string | undefined): boolean {
  const name = textAt(subject, "name") ?? "";
  switch (textAt(subject, "kind")) {
    case "User":
      return user.name === name;
    case "Group":
      return user.groups.includes(name);
    case "ServiceAccount":
      return user.name === `system:serviceaccount:${textAt(subject, "namespace") ?? namespace}:${name}`;
    default:
      return false;
  }
}

function ruleAllows(rule: JsonObject, attributes: Attributes): boolean {
  const { verb, path, name } = attributes;
  if (!includes(rule, "verbs", verb)) {
    return false;
  }
  if (path !== undefined) {
    return listAt(rule, "nonResourceURLs").some((pattern) => typeof pattern === "string" && covers(pattern, path));
  }
  const { resource = "", subresource } = attributes;
  const wanted = subresource === undefined ? [resource] : [`${resource}/${subresource}`, `*/${subresource}`];
  const names = listAt(rule, "resourceNames");
  return (
    includes(rule, "apiGroups", attributes.group ?? "") &&
    wanted.some((text) => includes(rule, "resources", text)) &&
    (names.length === 0 || (name !== undefined && names.includes(name)))
  );
}

const includes = (rule: JsonObject, list: string, value: string) =>
  listAt(rule, list).includes("*") || listAt(rule, list).includes(value);

const covers = (pattern: string, path: string) =>
  pattern === "*" || pattern === path || (pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1)));
