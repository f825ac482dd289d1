import type { JsonObject } from "../json.ts";
import { RESOURCES, type Resource } from "../resources.ts";
import { noSuchPath } from "../status.ts";

/** The version that this API takes after. */
export const KUBERNETES_VERSION = {
  major: "1",
  minor: "34",
  gitVersion: "v1.34.4",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "",
  goVersion: "",
  compiler: "",
  platform: "linux/amd64",
};

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const REVIEW_GROUPS = ["authorization.k8s.io", "authentication.k8s.io"];

/** Answers `/api`, `/apis` and what stands below them. */
export function discovery(group: string | undefined, version: string | undefined): JsonObject {
  if (group === undefined) {
    const groups = [...new Set(RESOURCES.map((resource) => resource.group))].filter((name) => name !== "");
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupDocument) };
  }
  const known = RESOURCES.filter((resource) => resource.group === group);
  if (known.length === 0) {
    throw noSuchPath();
  }
  if (version === undefined) {
    return group === ""
      ? { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }
      : { kind: "APIGroup", apiVersion: "v1", ...groupDocument(group) };
  }
  const served = known.filter((resource) => resource.version === version);
  if (served.length === 0) {
    throw noSuchPath();
  }
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: group === "" ? version : `${group}/${version}`,
    resources: served.flatMap(resourceDocuments),
  };
}

function groupDocument(name: string): JsonObject {
  const versions = [...new Set(RESOURCES.filter(({ group }) => group === name).map(({ version }) => version))];
  const documents = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: documents, preferredVersion: documents[0] };
}

function resourceDocuments(resource: Resource): JsonObject[] {
  const { plural, singular, namespaced, kind, shortNames } = resource;
  const isReview = REVIEW_GROUPS.includes(resource.group);
  const main: JsonObject = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: isReview ? ["create"] : VERBS,
  };
  const subresource = (name: string, more: JsonObject): JsonObject => ({
    name: `${plural}/${name}`,
    singularName: "",
    namespaced,
    kind,
    verbs: ["get", "patch", "update"],
    ...more,
  });
  return [
    shortNames.length === 0 ? main : { ...main, shortNames: [...shortNames] },
    ...(resource.hasStatus ? [subresource("status", {})] : []),
    ...(resource.hasScale ? [subresource("scale", { group: "autoscaling", version: "v1", kind: "Scale" })] : []),
    ...(plural === "pods"
      ? [
          subresource("binding", { kind: "Binding", verbs: ["create"] }),
          subresource("eviction", { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] }),
          subresource("log", { verbs: ["get"] }),
        ]
      : []),
  ];
}
