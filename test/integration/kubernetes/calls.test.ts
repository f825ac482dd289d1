import { describe, expect, it } from "vitest";
import { KubernetesWorkloads } from "../../../src/adapters/kubernetes/workloads.ts";
import { HandoverError, type Problem } from "../../../src/domain/errors.ts";
import { answer, type Script, type ScriptedApi, startScriptedApi, statefulSetList } from "./scripted-api.ts";

const patient = AbortSignal.timeout(30_000);
const pod = { namespace: "shop", name: "orders-0", uid: "uid-0" };

const workloadsOf = ({ api }: ScriptedApi) => new KubernetesWorkloads(api, { cluster: "prod", namespaces: ["shop"] });
const silent: Script = () => {};

describe("a call to the Kubernetes API", () => {
  it("uses a connection that is open: a label patch waits for no handshake", async () => {
    const scripted = await startScriptedApi((_, response) => answer(response, 200, { kind: "Pod", metadata: {} }));
    const workloads = workloadsOf(scripted);

    for (let count = 0; count < 10; count += 1) {
      await workloads.labelPod(pod, "dolthub.com/cluster_role", "primary", patient);
    }

    expect(scripted.requests).toHaveLength(10);
    // An answer can be read before its connection counts as free again, so that two take turns.
    expect(scripted.connections()).toBeLessThanOrEqual(2);
  });

  it("labels that very pod and no other of its name", async () => {
    const scripted = await startScriptedApi((_, response) => answer(response, 200, { kind: "Pod", metadata: {} }));

    await workloadsOf(scripted).labelPod(pod, "dolthub.com/cluster_role", "primary", patient);

    const [request] = scripted.requests;
    expect(request?.method).toBe("PATCH");
    expect(request?.url.pathname).toBe("/api/v1/namespaces/shop/pods/orders-0");
    expect(request?.headers["content-type"]).toBe("application/json-patch+json");
    expect(request?.body).toEqual([
      { op: "test", path: "/metadata/uid", value: "uid-0" },
      { op: "add", path: "/metadata/labels/dolthub.com~1cluster_role", value: "primary" },
    ]);
  });

  it("goes no further than its deadline when nothing answers", async () => {
    const scripted = await startScriptedApi(silent, { callDeadlineMs: 100 });

    const problem = await problemOf(workloadsOf(scripted).targets(patient));

    expect(problem.code).toBe("kubernetes_away");
    expect(problem.what).toContain("no answer within 100 ms");
  });

  it("ends with its caller's signal, also in the middle of an answer", async () => {
    const stop = new AbortController();
    const scripted = await startScriptedApi((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write('{"items": [');
      setImmediate(() => stop.abort());
    });

    const problem = await problemOf(workloadsOf(scripted).targets(stop.signal));

    expect(problem.what).toContain("the wait was cancelled");
  });

  it("asks nothing when the signal has ended already", async () => {
    const scripted = await startScriptedApi(silent);

    await problemOf(workloadsOf(scripted).targets(AbortSignal.abort()));

    expect(scripted.requests).toHaveLength(0);
  });

  it("never tells the token it came with", async () => {
    const scripted = await startScriptedApi((request, response) =>
      answer(response, 401, { kind: "Status", message: `no user for ${request.headers.authorization}` }),
    );

    const problem = await problemOf(workloadsOf(scripted).targets(patient));

    expect(scripted.requests[0]?.headers.authorization).toBe("Bearer secret-token");
    expect(problem.code).toBe("kubernetes_refused");
    expect(JSON.stringify(problem)).not.toContain("secret-token");
  });

  it("says that the server is away when nobody listens", async () => {
    const scripted = await startScriptedApi((_, response) => response.destroy());

    expect((await problemOf(workloadsOf(scripted).targets(patient))).code).toBe("kubernetes_away");
  });

  it("reads a long list page by page", async () => {
    const scripted = await startScriptedApi(({ url }, response) => {
      if (!url.pathname.endsWith("/statefulsets"))
        return answer(response, 200, statefulSetList([], { resourceVersion: "7" }));
      const second = url.searchParams.get("continue") === "page-2";
      const page = second
        ? statefulSetList(["billing"], { resourceVersion: "7" })
        : statefulSetList(["orders"], { resourceVersion: "7", continue: "page-2" });
      answer(response, 200, page);
    });

    const targets = await workloadsOf(scripted).targets(patient);

    expect(targets.map((target) => target.name)).toEqual(["orders", "billing"]);
    const ofStatefulSets = scripted.requests.filter(({ url }) => url.pathname.endsWith("/statefulsets"));
    expect(ofStatefulSets.map(({ url }) => url.searchParams.get("limit"))).toEqual(["500", "500"]);
  });
});

async function problemOf(call: Promise<unknown>): Promise<Problem> {
  try {
    await call;
  } catch (error) {
    if (error instanceof HandoverError) return error.problem;
    throw error;
  }
  throw new Error("a HandoverError was expected, and the call succeeded");
}
