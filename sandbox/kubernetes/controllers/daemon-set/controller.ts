import { type JsonObject, listAt, numberAt, objectAt, textAt } from "../../json.ts";
import type { KubeObject } from "../../object.ts";
import { DAEMON_SETS, NODES, PODS } from "../../resources.ts";
import type { Registry } from "../../store/registry.ts";
import { type Controller, type ControllerContext, followOwners } from "../follow.ts";
import { deletePod, hasEnded, isReady, isTerminating, podFromTemplate, podsOf } from "../pods.ts";
import { countFrom } from "../share.ts";
import { keptRevisions, revisionOfTemplate } from "../template-revisions.ts";

const REVISION_LABEL = "controller-revision-hash";

/** Keeps one pod of each DaemonSet on each node (https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/); taints, selectors and surge are left out. */
export function startDaemonSets(context: ControllerContext): Controller {
  const { registry } = context;
  const reconcile = (set: KubeObject) => {
    if (set.metadata.deletionTimestamp !== undefined) {
      return;
    }
    const revision = revisionOfTemplate(registry, set, keptRevisions(registry, set), REVISION_LABEL);
    const hash = revision.metadata.labels?.[REVISION_LABEL] ?? "";
    const nodes = registry.store.list(NODES).map(({ metadata }) => metadata.name);
    keepPods(registry, set, nodes, hash);
    if (textAt(set, "spec", "updateStrategy", "type") === "RollingUpdate") {
      roll(registry, set, nodes.length, hash);
    }
    reportStatus(registry, set, nodes.length, hash);
  };
  return followOwners(context, DAEMON_SETS, [PODS], reconcile, { around: [NODES] });
}

function keepPods(registry: Registry, set: KubeObject, nodes: readonly string[], hash: string): void {
  const pods = podsOf(registry, set);
  for (const pod of pods) {
    if ((hasEnded(pod) || !nodes.includes(nodeOf(pod))) && !isTerminating(pod)) {
      deletePod(registry, pod);
    }
  }
  for (const node of nodes) {
    if (!pods.some((pod) => nodeOf(pod) === node)) {
      registry.create(PODS, set.metadata.namespace, newPod(set, node, hash));
    }
  }
}

function newPod(set: KubeObject, node: string, hash: string) {
  const template = objectAt(set, "spec", "template");
  const requirement = { key: "metadata.name", operator: "In", values: [node] };
  const nodeSelectorTerms = [{ matchFields: [requirement] }];
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  return podFromTemplate(set, template, {
    generateName: `${set.metadata.name}-`,
    labels: { [REVISION_LABEL]: hash },
    spec: { affinity: { ...objectAt(template, "spec", "affinity"), nodeAffinity } },
  });
}

/** The node that a pod is for, bound or not. */
function nodeOf(pod: KubeObject): string {
  const affinity = objectAt(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  const [term] = listAt(affinity, "nodeSelectorTerms");
  const [field] = listAt(objectAt(term), "matchFields");
  const [node] = listAt(objectAt(field), "values");
  return textAt(pod, "spec", "nodeName") ?? (typeof node === "string" ? node : "");
}

const isOf = (hash: string) => (pod: KubeObject) => pod.metadata.labels?.[REVISION_LABEL] === hash;

/** Pods of an older template go: those that are not ready at once, the others as far as not too many are missing. */
function roll(registry: Registry, set: KubeObject, wanted: number, hash: string): void {
  const pods = podsOf(registry, set);
  const bound = objectAt(set, "spec", "updateStrategy", "rollingUpdate").maxUnavailable;
  const mostMissing = Math.max(1, countFrom(bound, wanted, Math.ceil) ?? 1);
  const older = pods.filter((pod) => !isOf(hash)(pod) && !isTerminating(pod));
  const ready = pods.filter((pod) => isReady(pod) && !isTerminating(pod));
  for (const pod of older.filter((one) => !isReady(one))) {
    deletePod(registry, pod);
  }
  const room = Math.max(0, mostMissing - (wanted - ready.length));
  for (const pod of older.filter(isReady).slice(0, room)) {
    deletePod(registry, pod);
  }
}

function reportStatus(registry: Registry, set: KubeObject, wanted: number, hash: string): void {
  const { namespace, name, generation } = set.metadata;
  const living = podsOf(registry, set).filter((pod) => !isTerminating(pod));
  const ready = living.filter(isReady).length;
  const updated = living.filter(isOf(hash)).length;
  const counted: JsonObject = {
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(ready > 0 ? { numberAvailable: ready } : {}),
    ...(wanted > ready ? { numberUnavailable: wanted - ready } : {}),
  };
  const status: JsonObject = {
    currentNumberScheduled: living.length,
    numberMisscheduled: 0,
    desiredNumberScheduled: wanted,
    numberReady: ready,
    observedGeneration: generation,
    collisionCount: numberAt(set, "status", "collisionCount") ?? 0,
    ...counted,
  };
  registry.update(DAEMON_SETS, namespace, name, (now) => ({ ...now, status }), { part: "status" });
}
