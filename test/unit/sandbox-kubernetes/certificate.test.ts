import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { selfSignedCertificate } from "../../../sandbox/kubernetes/tls/certificate.ts";

test("a certificate signs itself, is an authority, and names its hosts", () => {
  const { certificatePem } = selfSignedCertificate("sandbox", ["127.0.0.1", "localhost", "kubernetes.default.svc"]);
  const certificate = new X509Certificate(certificatePem);
  expect(certificate.subject).toBe("CN=sandbox");
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.ca).toBe(true);
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.checkHost("kubernetes.default.svc")).toBe("kubernetes.default.svc");
  expect(certificate.checkHost("example.test")).toBeUndefined();
  expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now());
  expect(certificate.validToDate.getTime()).toBeGreaterThan(Date.now());
});

test("no two certificates share a serial number", () => {
  const serials = [1, 2, 3].map(
    () => new X509Certificate(selfSignedCertificate("a", ["localhost"]).certificatePem).serialNumber,
  );
  expect(new Set(serials).size).toBe(3);
});
