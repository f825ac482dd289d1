import { describe, expect, it } from "vitest";
import { addressOf } from "../../../../src/operations/dolt/look.ts";
import type { DoltAccess } from "../../../../src/ports/dolt-servers.ts";
import { DoltError } from "../../../../src/ports/dolt-servers.ts";
import { plainAccess } from "../../../support/plain-access.ts";
import { answering } from "./views.ts";

const place = { namespace: "shop", serviceName: "dolt-internal" };
const { pod } = answering("dolt-1", {}, { ip: "10.0.0.2", port: 3399 });
const verified: DoltAccess = { ...plainAccess, tls: { mode: "verified", ca: "PEM", serverName: null } };

describe("where a pod's server is reached", () => {
  it("is the pod's address and port, or its stable name where that was asked for", () => {
    expect(addressOf("dolt-1", pod, plainAccess, place)).toMatchObject({ host: "10.0.0.2", port: 3399, tls: null });
    const byName = addressOf("dolt-1", pod, { ...plainAccess, connectBy: "host" }, place);
    expect(byName).toMatchObject({ host: "dolt-1.dolt-internal.shop", port: 3399 });
  });

  it("takes a certificate for any name of this pod, the one of doltclusterctl's convention first", () => {
    const names = [
      "dolt-1.dolt-internal.shop",
      "dolt-1.dolt-internal.shop.svc",
      "dolt-1.dolt-internal.shop.svc.cluster.local",
      "10.0.0.2",
    ];
    expect(addressOf("dolt-1", pod, verified, place).tls).toEqual({ mode: "verified", ca: "PEM", names });
    expect(addressOf("dolt-1", pod, verified, { ...place, serviceName: null }).tls).toMatchObject({
      names: ["10.0.0.2"],
    });
  });

  it("takes one for the name that was set, and for no other", () => {
    const named: DoltAccess = { ...plainAccess, tls: { mode: "verified", ca: null, serverName: "db.example.com" } };
    expect(addressOf("dolt-1", pod, named, place).tls).toMatchObject({ names: ["db.example.com"] });
  });

  it("is nowhere for a pod without an address, and by name without a Service", () => {
    expect(() => addressOf("dolt-1", null, plainAccess, place)).toThrow(DoltError);
    const byName: DoltAccess = { ...plainAccess, connectBy: "host" };
    expect(() => addressOf("dolt-1", pod, byName, { ...place, serviceName: null })).toThrow(/no serviceName/);
  });
});
