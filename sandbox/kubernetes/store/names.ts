import { randomInt } from "node:crypto";
import type { GivenMeta } from "../object.ts";
import type { Resource } from "../resources.ts";
import { badRequest, invalid, required } from "../status.ts";

/** The letters that the API server draws from; no vowels, so that no words arise. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
const LONGEST_PREFIX = 63 - SUFFIX_LENGTH;

/** Checks the name against the path, and gives the namespace of the path. Throws when there is neither a name nor a `generateName`. */
export function completeNames(resource: Resource, namespace: string | undefined, metadata: GivenMeta): GivenMeta {
  if (!metadata.name && !metadata.generateName) {
    throw invalid(resource, "", [required("metadata.name", "name or generateName is required")]);
  }
  const { namespace: given, name, ...rest } = metadata;
  const named = name ? { ...rest, name } : rest;
  if (!resource.namespaced || namespace === undefined) {
    return named;
  }
  if (given !== undefined && given !== "" && given !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return { ...named, namespace };
}

export function generatedName(prefix: string): string {
  return prefix.slice(0, LONGEST_PREFIX) + randomSuffix();
}

export function randomSuffix(): string {
  return Array.from({ length: SUFFIX_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join("");
}
