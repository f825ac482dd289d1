import { ApiException } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { callFailure } from "../../../src/adapters/kubernetes/failures.ts";
import { fail } from "../../../src/domain/errors.ts";

const answered = (code: number, body: unknown) =>
  callFailure("reading the pod", new ApiException(code, "no", body, {})).problem;

describe("a failed call to the Kubernetes API", () => {
  it("is refused when the API said no, in the API's own words", () => {
    const problem = answered(403, JSON.stringify({ kind: "Status", message: 'pods "orders-0" is forbidden' }));
    expect(problem.code).toBe("kubernetes_refused");
    expect(problem.what).toContain('pods "orders-0" is forbidden (403)');
  });

  it.each([500, 503, 504])("is no answer at %i: whether it was done is not known", (code) => {
    expect(answered(code, { message: "etcdserver: request timed out" }).code).toBe("kubernetes_away");
  });

  it("is no answer when nothing came, and says the innermost cause", () => {
    const error = new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 127.0.0.1:6443") });
    const { problem } = callFailure("reading the pod", error);
    expect(problem.code).toBe("kubernetes_away");
    expect(problem.what).toContain("ECONNREFUSED");
  });

  it("never tells a credential, nor a whole page", () => {
    const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    const { what } = answered(401, { message: `Bearer abc.def rejected ${jwt} ${"x".repeat(5_000)}` });
    expect(what).not.toContain("abc.def");
    expect(what).not.toContain(jwt);
    expect(what.length).toBeLessThan(400);
  });

  it("leaves a problem as it is that was one already", () => {
    const known = fail("kubernetes_refused", { doing: "reading Secret shop/orders", why: "it has no key" });
    expect(callFailure("reading the pod", known)).toBe(known);
  });
});
