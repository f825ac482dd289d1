import {
  ApiException,
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
  VersionApi,
} from "@kubernetes/client-node";
import { beforeAll, describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { type KubernetesUnderTest, namespaced, refusal } from "./support/subject.ts";

/** Who one is and what one may do. */
export function accessConformance(api: () => KubernetesUnderTest): void {
  describe("access", () => {
    const namespace = "access";
    const subject = namespaced(api, namespace);
    const as = () => subject().as("reader", ["readers"]);
    const may = async (verb: string, resource: string, more: object = {}) => {
      const body = { spec: { resourceAttributes: { namespace, verb, resource, ...more } } };
      const { status } = await as().makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body });
      return status?.allowed;
    };

    beforeAll(async () => {
      const rbac = subject().kubeConfig.makeApiClient(RbacAuthorizationV1Api);
      await rbac.createNamespacedRole({
        namespace,
        body: {
          metadata: { name: "reader" },
          rules: [
            { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
            { apiGroups: [""], resources: ["secrets"], resourceNames: ["one"], verbs: ["get"] },
            { apiGroups: ["apps"], resources: ["statefulsets/scale"], verbs: ["*"] },
          ],
        },
      });
      await rbac.createNamespacedRoleBinding({
        namespace,
        body: {
          metadata: { name: "reader" },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
          subjects: [{ kind: "Group", name: "readers", apiGroup: "rbac.authorization.k8s.io" }],
        },
      });
      await until("the role is in force", () => may("list", "pods").then((allowed) => allowed === true));
    });

    test("a user is told who it is", async () => {
      const { status } = await as().makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
      expect(status?.userInfo?.username).toBe("reader");
      expect(status?.userInfo?.groups?.toSorted()).toEqual(["readers", "system:authenticated"]);
    });

    test("a token that nobody has is Unauthorized", async () => {
      const kubeConfig = new KubeConfig();
      kubeConfig.loadFromString(api().kubeconfig.replace(/token: .*/, "token: wrong"));
      const call = kubeConfig.makeApiClient(CoreV1Api).listNamespacedPod({ namespace });
      await expect(call).rejects.toSatisfy((error) => error instanceof ApiException && error.code === 401);
    });

    test("a Role allows what it names and nothing else", async () => {
      const core = as().makeApiClient(CoreV1Api);
      expect((await core.listNamespacedPod({ namespace })).items).toEqual([]);
      expect(await refusal(core.listNamespacedPod({ namespace: "default" }))).toMatchObject({
        code: 403,
        reason: "Forbidden",
        message:
          'pods is forbidden: User "reader" cannot list resource "pods" in API group "" in the namespace "default"',
      });
      expect(await refusal(core.deleteNamespacedPod({ namespace, name: "x" }))).toMatchObject({
        code: 403,
        details: { name: "x", kind: "pods" },
      });
      expect(await refusal(core.readNamespacedSecret({ namespace, name: "one" }))).toMatchObject({ code: 404 });
      expect(await refusal(core.readNamespacedSecret({ namespace, name: "two" }))).toMatchObject({ code: 403 });
      expect(await refusal(core.listNode())).toMatchObject({
        message: 'nodes is forbidden: User "reader" cannot list resource "nodes" in API group "" at the cluster scope',
      });
    });

    test("an access review answers the same", async () => {
      expect(await may("get", "pods")).toBe(true);
      expect(await may("get", "pods", { namespace: "default" })).toBe(false);
      expect(await may("get", "secrets", { name: "one" })).toBe(true);
      expect(await may("get", "secrets")).toBe(false);
      expect(await may("patch", "statefulsets", { group: "apps", subresource: "scale" })).toBe(true);
      expect(await may("patch", "statefulsets", { group: "apps" })).toBe(false);
    });

    test("the version is open to everybody who is known", async () => {
      const { major, minor } = await as().makeApiClient(VersionApi).getCode();
      expect({ major, minor }).toEqual({ major: "1", minor: expect.stringMatching(/^\d+\+?$/) });
    });
  });
}
