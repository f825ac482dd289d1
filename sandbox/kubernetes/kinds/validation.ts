import { at, entries, isObject, type JsonObject, listAt, numberAt, objectAt, sameJson, textAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { matchesLabels, selectorOfObject } from "../requests/label-selector.ts";
import type { Resource } from "../resources.ts";
import { type FieldCause, forbiddenField, invalidValue, qualifiedName, required } from "../status.ts";

/** Reasons to refuse a new object: those that clients of this project can run into. */
export function createCauses(resource: Resource, object: KubeObject): FieldCause[] {
  return [...nameCauses(resource, object), ...labelCauses(object), ...kindCauses(resource, object)];
}

/** Reasons to refuse the next state of an object. */
export function updateCauses(resource: Resource, next: KubeObject, current: KubeObject): FieldCause[] {
  return [...labelCauses(next), ...kindCauses(resource, next), ...immutableCauses(resource, next, current)];
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LONGEST_SUBDOMAIN = 253;
const LONGEST_LABEL = 63;
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/** RBAC names may be any path segment. */
function nameCauses({ group, plural }: Resource, { metadata: { name } }: KubeObject): FieldCause[] {
  if (group === "rbac.authorization.k8s.io") {
    return [];
  }
  const isLabel = plural === "namespaces" || plural === "services";
  const [pattern, longest, rule] = isLabel
    ? [DNS_LABEL, LONGEST_LABEL, DNS_LABEL_RULE]
    : [SUBDOMAIN, LONGEST_SUBDOMAIN, SUBDOMAIN_RULE];
  if (name.length > longest) {
    return [invalidValue("metadata.name", name, `must be no more than ${longest} characters`)];
  }
  return pattern.test(name) ? [] : [invalidValue("metadata.name", name, rule)];
}

const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LABEL_KEY_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

function labelCauses({ metadata: { labels = {} } }: KubeObject): FieldCause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(LABEL_KEY.test(key) ? [] : [invalidValue("metadata.labels", key, LABEL_KEY_RULE)]),
    ...(LABEL_VALUE.test(value) ? [] : [invalidValue("metadata.labels", value, LABEL_VALUE_RULE)]),
  ]);
}

function kindCauses(resource: Resource, object: KubeObject): FieldCause[] {
  switch (qualifiedName(resource)) {
    case "pods":
      return podCauses(objectAt(object, "spec"), "spec");
    case "leases.coordination.k8s.io":
      return leaseCauses(objectAt(object, "spec"));
    case "statefulsets.apps":
    case "deployments.apps":
    case "replicasets.apps":
    case "daemonsets.apps":
      return workloadCauses(object);
    default:
      return [];
  }
}

function podCauses(spec: JsonObject, path: string): FieldCause[] {
  const containers = listAt(spec, "containers");
  if (containers.length === 0) {
    return [required(`${path}.containers`)];
  }
  return containers.flatMap((container, index) => {
    const field = `${path}.containers[${index}]`;
    const name = textAt(container, "name") ?? "";
    return [
      ...(name === "" ? [required(`${field}.name`)] : []),
      ...(name !== "" && !DNS_LABEL.test(name) ? [invalidValue(`${field}.name`, name, DNS_LABEL_RULE)] : []),
      ...(textAt(container, "image") ? [] : [required(`${field}.image`)]),
    ];
  });
}

function leaseCauses(spec: JsonObject): FieldCause[] {
  const duration = numberAt(spec, "leaseDurationSeconds");
  const transitions = numberAt(spec, "leaseTransitions");
  return [
    ...(duration !== undefined && duration <= 0
      ? [invalidValue("spec.leaseDurationSeconds", duration, "must be greater than 0")]
      : []),
    ...(transitions !== undefined && transitions < 0
      ? [invalidValue("spec.leaseTransitions", transitions, "must be greater than or equal to 0")]
      : []),
  ];
}

function workloadCauses(object: KubeObject): FieldCause[] {
  const spec = objectAt(object, "spec");
  const selector = spec.selector;
  const replicas = numberAt(spec, "replicas") ?? 0;
  const podLabels = objectAt(spec, "template", "metadata", "labels");
  const causes = podCauses(objectAt(spec, "template", "spec"), "spec.template.spec");
  if (replicas < 0) {
    causes.push(invalidValue("spec.replicas", replicas, "must be greater than or equal to 0"));
  }
  if (!isObject(selector)) {
    causes.push(required("spec.selector"));
  } else if (!matchesLabels(selectorOfObject(selector), podLabels)) {
    causes.push(
      invalidValue("spec.template.metadata.labels", podLabels, "`selector` does not match template `labels`"),
    );
  }
  return causes;
}

const STATEFUL_SET_MUTABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];
const STATEFUL_SET_RULE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const POD_RULE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function immutableCauses(resource: Resource, next: KubeObject, current: KubeObject): FieldCause[] {
  switch (qualifiedName(resource)) {
    case "statefulsets.apps":
      return sameJson(
        without(objectAt(next, "spec"), STATEFUL_SET_MUTABLE),
        without(objectAt(current, "spec"), STATEFUL_SET_MUTABLE),
      )
        ? []
        : [forbiddenField("spec", STATEFUL_SET_RULE)];
    case "deployments.apps":
    case "replicasets.apps":
    case "daemonsets.apps":
      return sameJson(at(next, "spec", "selector"), at(current, "spec", "selector"))
        ? []
        : [invalidValue("spec.selector", at(next, "spec", "selector"), "field is immutable")];
    case "pods":
      return podImmutableCauses(objectAt(next, "spec"), objectAt(current, "spec"));
    case "controllerrevisions.apps":
      return sameJson(next.data, current.data) ? [] : [invalidValue("data", next.data, "field is immutable")];
    case "secrets":
      return next.type === current.type ? [] : [invalidValue("type", next.type, "field is immutable")];
    default:
      return [];
  }
}

/** `nodeName` is set by a binding, which is not an update of a client. */
function podImmutableCauses(next: JsonObject, current: JsonObject): FieldCause[] {
  const comparable = (spec: JsonObject) => ({
    ...without(spec, ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"]),
    ...(current.nodeName === undefined ? { nodeName: undefined } : {}),
    containers: listAt(spec, "containers").map((container) =>
      isObject(container) ? without(container, ["image"]) : container,
    ),
  });
  return sameJson(comparable(next), comparable(current)) ? [] : [forbiddenField("spec", POD_RULE)];
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(entries(object).filter(([key]) => !keys.includes(key)));
}
