import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  KubernetesObject,
  V1Container,
  V1Deployment,
  V1EnvVar,
  V1Role,
  V1RoleBinding,
} from "@kubernetes/client-node";
import { loadAllYaml } from "@kubernetes/client-node";
import { repositoryRoot } from "../../bin/support/repository.mjs";
import { PROJECT_IMAGE } from "./images/project-image.ts";

/** What a user of the shipped manifests fills in. */
export interface WorkerSpec {
  /** `HANDOVER_CLUSTER`. */
  readonly clusterName: string;
  /** Text of handover.yaml. */
  readonly configuration: string;
  readonly secrets: { readonly redisUrl: string; readonly slackBotToken: string; readonly clusterKey: string };
  /** Beside the manifest's own, such as `SLACK_API_URL`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `HANDOVER_NAMESPACES`, each of which gets the Role. */
  readonly targetNamespaces: readonly string[];
  /** The credentials Secrets that the Role lets the worker read. */
  readonly credentialsSecrets: readonly string[];
  /** Default 1. */
  readonly replicas?: number;
  /** Another image and command than the manifest's, for a program that takes the worker's place. */
  readonly standIn?: { readonly image: string; readonly command: readonly string[] };
}

export interface WorkerManifests {
  readonly deployment: V1Deployment;
  /** The namespace, the service account, and whatever else stands beside the Deployment. */
  readonly others: readonly KubernetesObject[];
  readonly role: V1Role;
  readonly roleBinding: V1RoleBinding;
}

/** The manifests of deploy/, filled in; everything that is not filled in is as it is shipped. */
export async function workerManifests(spec: WorkerSpec): Promise<WorkerManifests> {
  const worker = await shipped("worker.yaml");
  const role = await shipped("role.yaml");
  const deployment = only(worker.filter(isDeployment), "Deployment");
  return {
    deployment: fillIn(deployment, spec),
    others: worker.filter((object) => !isDeployment(object)),
    role: withSecrets(only(role.filter(isRole), "Role"), spec.credentialsSecrets),
    roleBinding: only(role.filter(isRoleBinding), "RoleBinding"),
  };
}

async function shipped(file: string): Promise<KubernetesObject[]> {
  return loadAllYaml(await readFile(join(repositoryRoot, "deploy", file), "utf8"));
}

function fillIn(deployment: V1Deployment, spec: WorkerSpec): V1Deployment {
  const template = deployment.spec?.template;
  const container = template?.spec?.containers[0];
  if (deployment.spec === undefined || template?.spec === undefined || container === undefined) {
    throw new Error("the Deployment of deploy/worker.yaml has no container");
  }
  const replaced: V1Container = {
    ...container,
    image: spec.standIn?.image ?? PROJECT_IMAGE,
    imagePullPolicy: "Never",
    ...(spec.standIn === undefined ? {} : { command: [...spec.standIn.command] }),
    env: withValues(container.env ?? [], {
      HANDOVER_CLUSTER: spec.clusterName,
      HANDOVER_NAMESPACES: spec.targetNamespaces.join(","),
      ...spec.environment,
    }),
  };
  return {
    ...deployment,
    spec: {
      ...deployment.spec,
      replicas: spec.replicas ?? 1,
      template: { ...template, spec: { ...template.spec, containers: [replaced] } },
    },
  };
}

/** Values for names that are there already take their place. */
function withValues(variables: readonly V1EnvVar[], values: Readonly<Record<string, string>>): V1EnvVar[] {
  const kept = variables.filter(({ name }) => values[name] === undefined);
  return [...kept, ...Object.entries(values).map(([name, value]) => ({ name, value }))];
}

/** The manifest names one Secret as an example, where each installation names its own. */
function withSecrets(role: V1Role, names: readonly string[]): V1Role {
  const rules = role.rules?.map((rule) =>
    rule.resources?.includes("secrets") ? { ...rule, resourceNames: [...names] } : rule,
  );
  return { ...role, ...(rules === undefined ? {} : { rules }) };
}

function only<T>(objects: readonly T[], kind: string): T {
  const [object, ...others] = objects;
  if (object === undefined || others.length > 0) {
    throw new Error(`deploy/ has ${objects.length} objects of the kind ${kind} where one is looked for`);
  }
  return object;
}

const isDeployment = (object: KubernetesObject): object is V1Deployment => object.kind === "Deployment";
const isRole = (object: KubernetesObject): object is V1Role => object.kind === "Role";
const isRoleBinding = (object: KubernetesObject): object is V1RoleBinding => object.kind === "RoleBinding";
