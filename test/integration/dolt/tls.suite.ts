import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClusterHandle, DoltTarget } from "../../../sandbox/handle.ts";
import { type CertificateAuthority, certificateAuthority } from "../../../sandbox/kubernetes/tls/certificate.ts";
import { MysqlDoltServers } from "../../../src/adapters/dolt/dolt-servers.ts";
import { type DoltAddress, DoltError, type DoltTls } from "../../../src/ports/dolt-servers.ts";
import { targetCredentials } from "../../support/target-credentials.ts";

const patient = () => ({ deadlineMs: 10_000, signal: AbortSignal.timeout(10_000) });

/** Each mode of doltclusterctl, and each way in which it can go wrong, with certificates of the test's own. */
export function tlsSuite(servers: string, start: () => Promise<ClusterHandle>): void {
  describe(`TLS to ${servers}`, () => {
    runOn(start);
  });
}

/** The same on any cluster. */
function runOn(start: () => Promise<ClusterHandle>): void {
  const authority = certificateAuthority("the test's authority");
  const servers = new MysqlDoltServers();
  let cluster: ClusterHandle;
  let plain: DoltAddress;
  let offering: DoltAddress;
  let demanding: DoltAddress;

  beforeAll(async () => {
    cluster = await start();
    plain = await firstOf("plain");
    offering = await firstOf("offering", { required: false });
    demanding = await firstOf("demanding", { required: true });
  });

  afterAll(async () => {
    await cluster?.close();
  });

  const firstOf = async (name: string, tls?: { required: boolean }, by: CertificateAuthority = authority) => {
    const { certificatePem: certificate, privateKeyPem: key } = by.issue(namesOf(name));
    const target = await cluster.createDoltTarget({
      namespace: "shop",
      name,
      replicas: 2,
      databases: [],
      ...(tls === undefined ? {} : { tls: { certificate, key, ...tls } }),
    });
    return await addressOf(cluster, target);
  };
  const verified = (names: [string, ...string[]], ca: string | null = authority.certificatePem): DoltTls => ({
    mode: "verified",
    ca,
    names,
  });
  const connect = async (address: DoltAddress, tls: DoltTls | null, password = address.password) => {
    const session = await servers.connect({ ...address, password, tls }, patient());
    try {
      return (await session.identity(patient())).role;
    } finally {
      session.close();
    }
  };

  it("connects where the certificate leads to the CA, for the pod's name under its Service", async () => {
    expect(await connect(demanding, verified(["demanding-0.demanding-internal.shop"]))).toBe("primary");
    expect(await connect(offering, verified(["offering-0.offering-internal.shop"]))).toBe("primary");
  });

  it("takes any of the names that mean this server, and none that means another", async () => {
    const wrong = "demanding-1.demanding-internal.shop";

    expect(await connect(demanding, verified([wrong, "10.0.0.1", "demanding-0.demanding-internal.shop"]))).toBe(
      "primary",
    );
    expect(await failure(connect(demanding, verified([wrong, demanding.host])))).toMatchObject({ tls: "name" });
  });

  it("takes a certificate for the address", async () => {
    const address = await servingAddress(cluster, authority);

    expect(await connect(address, verified([address.host]))).toBe("primary");
    expect(await failure(connect(address, verified(["127.0.0.99"])))).toMatchObject({ tls: "name" });
  });

  it("connects without any check, and never without TLS where it was asked for", async () => {
    expect(await connect(demanding, { mode: "insecure" })).toBe("primary");
    expect(await failure(connect(plain, { mode: "insecure" }))).toMatchObject({
      outcome: "unreachable",
      tls: "unsupported",
    });
  });

  it("tells an untrusted CA, one that nobody named, a wrong name, a server without TLS and one that demands it", async () => {
    const name: [string] = ["demanding-0.demanding-internal.shop"];
    const other = certificateAuthority("another authority").certificatePem;

    expect(await failure(connect(demanding, verified(name, other)))).toMatchObject({ tls: "untrusted" });
    expect(await failure(connect(demanding, verified(name, null)))).toMatchObject({ tls: "untrusted" });
    const misnamed = await failure(connect(demanding, verified(["does.not.match"])));
    expect(misnamed).toMatchObject({ outcome: "unreachable", tls: "name" });
    expect(misnamed.message).toMatch(/is for .*demanding-0\.demanding-internal\.shop.*, not for does\.not\.match/);
    expect(await failure(connect(plain, verified(name)))).toMatchObject({ tls: "unsupported" });
    expect(await failure(connect(demanding, null))).toMatchObject({ outcome: "unreachable", tls: "required" });
  });

  it("tells an expired certificate", async () => {
    const { certificatePem: certificate, privateKeyPem: key } = authority.issue(["expired"], { expired: true });
    const tls = { certificate, key, required: true };
    const target = await cluster.createDoltTarget({ namespace: "shop", name: "old", replicas: 2, databases: [], tls });
    const address = await addressOf(cluster, target);

    expect(await failure(connect(address, verified(["expired"])))).toMatchObject({ tls: "expired" });
  });

  it("tells a wrong password and a dead server apart from all that", async () => {
    const name: [string] = ["demanding-0.demanding-internal.shop"];

    expect(await failure(connect(demanding, verified(name), "wrong"))).toMatchObject({ outcome: "login", tls: null });
    expect(await failure(connect(demanding, { mode: "insecure" }, "wrong"))).toMatchObject({ outcome: "login" });
    const dead = { ...demanding, host: "127.0.0.1", port: 1 };
    expect(await failure(connect(dead, verified(name)))).toMatchObject({ outcome: "unreachable", tls: null });
  });
}

/** Names as doltclusterctl's own certificates have them. */
const namesOf = (name: string) => [`${name}-0.${name}-internal.shop`, `${name}-rw.shop`];

/** A server whose certificate is for its address: which one it gets shows only once it runs, so it gets all that it may get. */
async function servingAddress(cluster: ClusterHandle, authority: CertificateAuthority): Promise<DoltAddress> {
  const all = Array.from({ length: 250 }, (_, last) => last + 1);
  const first = await addressOf(
    cluster,
    await cluster.createDoltTarget({ namespace: "shop", name: "first", replicas: 2, databases: [] }),
  );
  const prefix = first.host.slice(0, first.host.lastIndexOf(".") + 1);
  const { certificatePem: certificate, privateKeyPem: key } = authority.issue(all.map((last) => `${prefix}${last}`));
  const tls = { certificate, key, required: true };
  const target = await cluster.createDoltTarget({ namespace: "shop", name: "byip", replicas: 2, databases: [], tls });
  return await addressOf(cluster, target);
}

async function addressOf(cluster: ClusterHandle, target: DoltTarget): Promise<DoltAddress> {
  const credentials = await targetCredentials(cluster.kubeconfig, target);
  return { ...(await target.address(`${target.name}-0`)), ...credentials };
}

async function failure(call: Promise<unknown>): Promise<DoltError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof DoltError) return error;
    throw error;
  }
  throw new Error("a DoltError was expected, and the connection was made");
}
