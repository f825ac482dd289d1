import { at, type JsonObject } from "../json.ts";
import { apiVersionOf, type Resource } from "../resources.ts";
import { badRequest } from "../status.ts";

export interface FieldRequirement {
  readonly path: readonly string[];
  readonly value: string;
  readonly negated: boolean;
}

export type FieldSelector = readonly FieldRequirement[];

/** `metadata.name=a,status.phase!=Running`. Throws 400 for a field that the resource cannot be selected by. */
export function parseFieldSelector(resource: Resource, text: string): FieldSelector {
  return text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const [, field, operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
      if (field === undefined || value === undefined) {
        throw badRequest(`invalid field selector: "${text}"; can't understand "${part}"`);
      }
      const known = [
        "metadata.name",
        ...(resource.namespaced ? ["metadata.namespace"] : []),
        ...resource.selectableFields,
      ];
      if (!known.includes(field)) {
        const what = `Unable to find "${apiVersionOf(resource)}, Resource=${resource.plural}" that match label selector "", field selector "${text}"`;
        throw badRequest(`${what}: field label not supported: ${field}`);
      }
      return { path: field.split("."), value, negated: operator === "!=" };
    });
}

/** A field that is not there counts as empty. */
export function matchesFields(selector: FieldSelector, object: JsonObject): boolean {
  return selector.every(({ path, value, negated }) => {
    const found = at(object, ...path);
    const text = found === undefined || found === null ? "" : String(found);
    return (text === value) !== negated;
  });
}
