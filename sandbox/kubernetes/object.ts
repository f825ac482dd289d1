import { isObject, type Json, type JsonObject, textAt } from "./json.ts";
import { badRequest } from "./status.ts";

export interface OwnerReference extends JsonObject {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta extends JsonObject {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: { [key: string]: string };
  annotations?: { [key: string]: string };
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** An object as it is stored. It is never changed in place: a write puts another one in its stead. */
export interface KubeObject extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** What a client sent: the identity may still be missing. */
export interface GivenObject extends JsonObject {
  metadata: GivenMeta;
}

export interface GivenMeta extends JsonObject {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  labels?: { [key: string]: string };
  annotations?: { [key: string]: string };
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** Checks the parts of the metadata that this server reads; throws 400 as a decoder would. */
export function givenObject(body: Json | undefined): GivenObject {
  if (!isObject(body)) {
    throw badRequest("the object provided is unrecognized (must be of type Object)");
  }
  const metadata = body.metadata ?? {};
  if (!isGivenMeta(metadata)) {
    throw badRequest("metadata cannot be decoded: names are texts, labels and annotations are maps of texts");
  }
  return { ...body, metadata: withoutNulls(metadata) };
}

function isGivenMeta(value: Json): value is GivenMeta {
  return (
    isObject(value) &&
    ["name", "generateName", "namespace", "uid", "resourceVersion"].every((key) => isTextOrAbsent(value[key])) &&
    isTextMapOrAbsent(value.labels) &&
    isTextMapOrAbsent(value.annotations) &&
    isListOrAbsent(value.finalizers, (item) => typeof item === "string") &&
    isListOrAbsent(value.ownerReferences, isOwnerReference)
  );
}

function isOwnerReference(value: Json): boolean {
  return ["apiVersion", "kind", "name", "uid"].every((key) => textAt(value, key) !== undefined);
}

const isAbsent = (value: Json | undefined) => value === undefined || value === null;
const isTextOrAbsent = (value: Json | undefined) => isAbsent(value) || typeof value === "string";
const isTextMapOrAbsent = (value: Json | undefined) =>
  isAbsent(value) || (isObject(value) && Object.values(value).every((text) => typeof text === "string"));
const isListOrAbsent = (value: Json | undefined, isItem: (item: Json) => boolean) =>
  isAbsent(value) || (Array.isArray(value) && value.every(isItem));

/** A null is what clients send for a field that is not set. */
function withoutNulls(metadata: GivenMeta): GivenMeta {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null));
}

/** The reference that says which controller manages the object. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** A reference for objects that this one manages. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}
