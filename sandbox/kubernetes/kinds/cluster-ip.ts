import { objectAt, textAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { type Resource, SERVICES } from "../resources.ts";
import type { ObjectStore } from "../store/object-store.ts";

/** The range from which Services get their addresses; nothing listens there. */
const PREFIX = "127.96.0.";
const FIRST = 10;

/** Gives a Service that is to have one an address of its own. */
export function withClusterIp(resource: Resource, object: KubeObject, store: ObjectStore): KubeObject {
  const spec = objectAt(object, "spec");
  if (resource !== SERVICES || spec.type === "ExternalName" || textAt(spec, "clusterIP")) {
    return object;
  }
  const taken = new Set(store.list(SERVICES).map((service) => textAt(service, "spec", "clusterIP")));
  let last = FIRST;
  while (taken.has(`${PREFIX}${last}`)) {
    last += 1;
  }
  const clusterIP = `${PREFIX}${last}`;
  return {
    ...object,
    spec: { ...spec, clusterIP, clusterIPs: [clusterIP], ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" },
  };
}
