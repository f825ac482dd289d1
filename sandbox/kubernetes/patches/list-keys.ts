import { isObject, type Json } from "../json.ts";

/**
 * How lists are merged by strategic merge patches and by apply: by the value of a key of their items, or as sets of plain values.
 * Lists that are not named here are replaced whole. Source: `patchMergeKey` and `listType` in the types of k8s.io/api.
 */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  imagePullSecrets: ["name"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey"],
  // Of a container, or of a Service.
  ports: ["containerPort", "port"],
  conditions: ["type"],
  ownerReferences: ["uid"],
  addresses: ["type"],
  taints: ["key"],
};

const SETS: ReadonlySet<string> = new Set(["finalizers"]);

/** The key by which items of the list in this field are told apart; undefined when the list is replaced whole. */
export function mergeKey(field: string, items: readonly Json[]): string | undefined {
  return MERGE_KEYS[field]?.find((key) => items.some((item) => isObject(item) && item[key] !== undefined));
}

export function isSetField(field: string): boolean {
  return SETS.has(field);
}
