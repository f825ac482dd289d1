import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leaseName, targetOfLease } from "../../../src/adapters/kubernetes/lease-name.ts";
import { targetKindSchema } from "../../../src/domain/target.ts";

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const objectName = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?(\.[a-z0-9]{1,5})?$/);

describe("the name of a target's lease", () => {
  it("is what it always was for a StatefulSet", () => {
    expect(leaseName({ namespace: "shop", workload: "orders" })).toBe("handover-orders");
    expect(targetOfLease("shop", "handover-orders")).toEqual({ namespace: "shop", workload: "orders" });
  });

  it("leads back to its target, whatever that is called, and to no other", () => {
    const target = fc.record({
      workload: fc.oneof(
        objectName,
        fc.string({ minLength: 1, maxLength: 40 }).filter((text) => text.isWellFormed()),
      ),
      kind: fc.constantFrom(...targetKindSchema.options),
    });
    fc.assert(
      fc.property(target, ({ workload, kind }) => {
        const name = leaseName({ namespace: "shop", workload, kind });

        expect(name).toMatch(subdomain);
        const back = targetOfLease("shop", name);
        expect(back).toEqual({ namespace: "shop", workload, ...(kind === "StatefulSet" ? {} : { kind }) });
      }),
    );
  });

  it("is none of Handover's when it begins otherwise", () => {
    expect(targetOfLease("shop", "kube-scheduler")).toBeNull();
    expect(targetOfLease("shop", "handover-")).toBeNull();
  });
});
