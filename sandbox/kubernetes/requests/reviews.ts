import type { Attributes, Authorizer } from "../access/authorizer.ts";
import { type JsonObject, objectAt, textAt } from "../json.ts";
import { givenObject } from "../object.ts";
import { apiVersionOf } from "../resources.ts";
import { now } from "../store/registry.ts";
import { type Answer, type ApiRequest, created } from "./answer.ts";

/** “May I?” (authorization.k8s.io/v1 SelfSubjectAccessReview). */
export function selfSubjectAccessReview(authorizer: Authorizer, { resource, body, user }: ApiRequest): Answer {
  const given = givenObject(body);
  const attributes = attributesOf(objectAt(given, "spec"));
  const allowed = authorizer.allows(user, attributes);
  return created({
    ...given,
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: {},
    status: { allowed, ...(allowed ? { reason: "RBAC: allowed" } : {}) },
  });
}

function attributesOf(spec: JsonObject): Attributes {
  const plain = objectAt(spec, "nonResourceAttributes");
  if (spec.nonResourceAttributes !== undefined) {
    return { verb: textAt(plain, "verb") ?? "", path: textAt(plain, "path") ?? "" };
  }
  const wanted = objectAt(spec, "resourceAttributes");
  const named = (key: "namespace" | "name" | "subresource") => {
    const text = textAt(wanted, key);
    return text ? { [key]: text } : {};
  };
  return {
    verb: textAt(wanted, "verb") ?? "",
    group: textAt(wanted, "group") ?? "",
    resource: textAt(wanted, "resource") ?? "",
    ...named("namespace"),
    ...named("name"),
    ...named("subresource"),
  };
}

/** “Who am I?” (authentication.k8s.io/v1 SelfSubjectReview). */
export function selfSubjectReview({ resource, user }: ApiRequest): Answer {
  return created({
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: { creationTimestamp: now() },
    status: { userInfo: { username: user.name, uid: user.uid, groups: [...user.groups] } },
  });
}
