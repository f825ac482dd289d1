import { KubeConfig, RbacAuthorizationV1Api, type V1PolicyRule } from "@kubernetes/client-node";
import { KubernetesApi } from "../../../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../../../src/adapters/kubernetes/pooled-kube-config.ts";
import type { AccessRule } from "../../../../src/operations/access-rule.ts";
import { until } from "../../../support/until.ts";

/** One verb on one resource. */
export interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Only these objects; empty: all. */
  readonly names: readonly string[];
}

export const rightText = ({ group, resource, verb }: Right) => `${verb} ${resource}${group === "" ? "" : `.${group}`}`;

/** Rules taken apart, so that each right can be left out by itself. */
export function rightsIn(
  rules: readonly AccessRule[],
  named: Readonly<Record<"secrets" | "configmaps", readonly string[]>>,
): Right[] {
  return rules.flatMap(({ group, resources, verbs, named: kind }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => ({ group, resource, verb, names: kind === undefined ? [] : named[kind] })),
    ),
  );
}

export interface AccountCluster {
  readonly kubeconfig: string;
  kubeconfigFor(user: string, groups: readonly string[]): string;
}

/** An account that may do exactly this in one namespace. Resolves once the API server knows it. */
export async function createAccount(
  cluster: AccountCluster,
  namespace: string,
  name: string,
  rights: readonly Right[],
): Promise<{ kubeconfig: string; api: KubernetesApi }> {
  const admin = new KubeConfig();
  admin.loadFromString(cluster.kubeconfig);
  const rbac = admin.makeApiClient(RbacAuthorizationV1Api);
  const user = `system:serviceaccount:handover:${name}`;
  const rules = rights.map(({ group, resource, verb, names }): V1PolicyRule => {
    const rule = { apiGroups: [group], resources: [resource], verbs: [verb] };
    return names.length === 0 ? rule : { ...rule, resourceNames: [...names] };
  });
  await rbac.createNamespacedRole({ namespace, body: { metadata: { name }, rules } });
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
  const subjects = [{ kind: "ServiceAccount", name, namespace: "handover" }];
  await rbac.createNamespacedRoleBinding({ namespace, body: { metadata: { name }, roleRef, subjects } });
  const kubeconfig = cluster.kubeconfigFor(user, ["system:serviceaccounts", "system:authenticated"]);
  const pooled = new PooledKubeConfig();
  pooled.loadFromString(kubeconfig);
  const api = new KubernetesApi(pooled);
  const [known] = rights;
  await until(`${name} may what its Role says`, async () => {
    if (known === undefined) return true;
    const [resource, subresource] = known.resource.split("/");
    const resourceAttributes = {
      namespace,
      group: known.group,
      ...(resource === undefined ? {} : { resource }),
      ...(subresource === undefined ? {} : { subresource }),
      verb: known.verb,
      ...(known.names[0] === undefined ? {} : { name: known.names[0] }),
    };
    const { status } = await api.authorization.createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes } },
    });
    return status?.allowed;
  });
  return { kubeconfig, api };
}
