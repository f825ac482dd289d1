import type { JsonObject } from "./json.ts";
import type { Resource } from "./resources.ts";

/** A refusal as the API tells it: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | undefined;

  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The `Status` object of the answer. */
  get status(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** One reason why an object is invalid. `type` is a `FieldValueInvalid`, `FieldValueRequired` … */
export interface FieldCause extends JsonObject {
  reason: string;
  message: string;
  field: string;
}

/** `pods` or `statefulsets.apps`, as messages name a resource. */
export function qualifiedName({ plural, group }: Pick<Resource, "plural" | "group">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

function detailsOf(
  { plural, group }: Pick<Resource, "plural" | "group">,
  name: string,
  more: JsonObject = {},
): JsonObject {
  return { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: plural, ...more };
}

export const notFound = (resource: Resource, name: string): ApiFailure =>
  new ApiFailure(404, "NotFound", `${qualifiedName(resource)} "${name}" not found`, detailsOf(resource, name));

/** For a path that leads nowhere. */
export const noSuchPath = (): ApiFailure =>
  new ApiFailure(404, "NotFound", "the server could not find the requested resource", {});

export const alreadyExists = (resource: Resource, name: string): ApiFailure =>
  new ApiFailure(
    409,
    "AlreadyExists",
    `${qualifiedName(resource)} "${name}" already exists`,
    detailsOf(resource, name),
  );

export const conflict = (resource: Resource, name: string, why: string): ApiFailure =>
  new ApiFailure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  );

export const staleVersion = (resource: Resource, name: string): ApiFailure =>
  conflict(
    resource,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );

export const invalid = (resource: Resource, name: string, causes: readonly FieldCause[]): ApiFailure => {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const all = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const details = { ...detailsOf(resource, name), kind: resource.kind, causes: [...causes] };
  const kind = resource.group === "" ? resource.kind : `${resource.kind}.${resource.group}`;
  return new ApiFailure(422, "Invalid", `${kind} "${name}" is invalid: ${all}`, details);
};

export const required = (field: string, what = ""): FieldCause => ({
  reason: "FieldValueRequired",
  message: what === "" ? "Required value" : `Required value: ${what}`,
  field,
});

export const invalidValue = (field: string, value: unknown, why: string): FieldCause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});

export const forbiddenField = (field: string, why: string): FieldCause => ({
  reason: "FieldValueForbidden",
  message: `Forbidden: ${why}`,
  field,
});

export const badRequest = (message: string): ApiFailure => new ApiFailure(400, "BadRequest", message);

/** A JSON patch that could not be applied; the API does not say why. */
export const unprocessable = (): ApiFailure =>
  new ApiFailure(422, "Invalid", "the server rejected our request due to an error in our request", {});

export const unauthorized = (): ApiFailure => new ApiFailure(401, "Unauthorized", "Unauthorized");

export const expired = (message: string): ApiFailure => new ApiFailure(410, "Expired", message);

export const forbidden = (resource: Pick<Resource, "plural" | "group">, name: string, why: string): ApiFailure =>
  new ApiFailure(
    403,
    "Forbidden",
    `${qualifiedName(resource)}${name === "" ? "" : ` "${name}"`} is forbidden: ${why}`,
    detailsOf(resource, name),
  );

export const forbiddenPath = (path: string, user: string, verb: string): ApiFailure =>
  new ApiFailure(403, "Forbidden", `forbidden: User "${user}" cannot ${verb} path "${path}"`, {});

export const notAllowed = (): ApiFailure =>
  new ApiFailure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});

export const unsupportedMediaType = (given: string, accepted: readonly string[]): ApiFailure =>
  new ApiFailure(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")} (got ${given})`,
    {},
  );

/** A budget that allows no disruption now. */
export const disruptionRefused = (budget: string, why: string): ApiFailure =>
  new ApiFailure(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: "DisruptionBudget", message: `The disruption budget ${budget} ${why}` }],
  });

export const tooLargeVersion = (given: number, current: number): ApiFailure =>
  new ApiFailure(504, "Timeout", `Timeout: Too large resource version: ${given}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
