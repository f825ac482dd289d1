import { describe, expect, it } from "vitest";
import { accessAnnotations } from "../../../src/adapters/kubernetes/access-annotations.ts";
import { HandoverError } from "../../../src/domain/errors.ts";
import { viewOf } from "../operations/dolt/views.ts";

const read = (annotations: Record<string, string>) => accessAnnotations(viewOf([], { annotations }).workload);

describe("what a workload says of connecting to it", () => {
  it.each<[Record<string, string>, object]>([
    [{}, {}],
    [{ "handover.dev/connect-by": "host" }, { connectBy: "host" }],
    [{ "handover.dev/tls": "insecure" }, { tls: "insecure" }],
    [{ "handover.dev/tls-ca": "configmap/roots" }, { tlsCa: { kind: "configmap", name: "roots", key: "ca.crt" } }],
    [{ "handover.dev/tls-ca": "secret/a.b/roots.pem" }, { tlsCa: { kind: "secret", name: "a.b", key: "roots.pem" } }],
    [
      { "handover.dev/tls": "off", "handover.dev/tls-server-name": "orders.shop.svc" },
      { tls: "off", tlsServerName: "orders.shop.svc" },
    ],
  ])("%j", (annotations, settings) => {
    expect(read(annotations)).toEqual(settings);
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ "handover.dev/tls": "yes" }, /handover\.dev\/tls of shop\/orders: “yes”; it takes off, required or insecure/],
    [{ "handover.dev/connect-by": "" }, /it takes ip or host/],
    [{ "handover.dev/tls-ca": "roots" }, /it takes secret\/NAME or configmap\/NAME/],
    [{ "handover.dev/tls-ca": "configmap/../roots" }, /it takes secret\/NAME/],
    [{ "handover.dev/tls-server-name": "a b" }, /it takes a host name/],
    [{ "handover.dev/tls": "insecure", "handover.dev/tls-ca": "secret/a" }, /insecure checks no certificate/],
  ])("refuses %j", (annotations, why) => {
    let thrown: unknown;
    try {
      read(annotations);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(HandoverError);
    expect(thrown).toMatchObject({ problem: { code: "dolt_access_invalid", what: expect.stringMatching(why) } });
  });
});
