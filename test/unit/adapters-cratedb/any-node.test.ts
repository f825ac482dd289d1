import { afterEach, describe, expect, it } from "vitest";
import { certificateAuthority } from "../../../sandbox/kubernetes/tls/certificate.ts";
import { HttpCrateServers } from "../../../src/adapters/cratedb/crate-servers.ts";
import {
  type CrateAccess,
  type CrateAddress,
  type CrateCluster,
  CrateError,
} from "../../../src/ports/crate-servers.ts";
import { failure, type Reaction, rows, StubNode } from "./stub-node.ts";

const access: CrateAccess = { username: "bob", password: "p:w", source: "a test", connectBy: "ip", tls: null };
const options = { deadlineMs: 3000, signal: new AbortController().signal };
const checks = ["id", "node_id", "severity", "description", "passed", "acknowledged"];
const check = (id: number) => [id, "n1", 1, "a check", true, false];
const set = { "cluster.routing.allocation.enable": "all" };

describe("a cluster through whichever node answers", () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one.close();
  });

  const stub = async (
    name: string,
    react: (stmt: string) => Reaction,
    tls: { key: string; cert: string } | null = null,
  ) => {
    const node = await StubNode.start(name, react, tls);
    open.push(node);
    return node;
  };
  const cluster = (addresses: readonly CrateAddress[], given: CrateAccess = access): CrateCluster => {
    const crate = new HttpCrateServers().open(addresses, given);
    open.push(crate);
    return crate;
  };
  /** A port where nobody listens. */
  const nobody = async (name: string): Promise<CrateAddress> => {
    const node = await StubNode.start(name, () => "silence");
    await node.close();
    return node.address;
  };
  const errorOf = async (work: Promise<unknown>): Promise<CrateError> => {
    const error: unknown = await work.then(() => null).catch((one: unknown) => one);
    if (error instanceof CrateError) return error;
    throw new Error("it did not fail with a CrateError", { cause: error });
  };

  it("asks the next node when one cannot be reached, and stays with the one that answered", async () => {
    const there = await stub("b", () => rows(checks, check(1)));
    const crate = cluster([await nobody("a"), there.address]);

    expect(await crate.nodeChecks(options)).toHaveLength(1);
    expect(await crate.nodeChecks(options)).toHaveLength(1);
    expect(there.heard).toHaveLength(2);
    expect(Buffer.from(there.heard[0]?.authorization.slice(6) ?? "", "base64").toString()).toBe("bob:p:w");
  });

  it("asks the next node when one stays silent, within its share of the time", async () => {
    const silent = await stub("a", () => "silence");
    const there = await stub("b", () => rows(checks, check(1)));
    const crate = cluster([silent.address, there.address]);

    expect(await crate.nodeChecks({ ...options, deadlineMs: 400 })).toHaveLength(1);
    expect(silent.heard).toHaveLength(1);
  });

  it("asks the next node when one fails by itself (5xx), but takes a no for an answer", async () => {
    const failing = await stub("a", () => failure(500, 5000, "MasterNotDiscoveredException[null]"));
    const there = await stub("b", () => rows(checks, check(1)));
    expect(await cluster([failing.address, there.address]).nodeChecks(options)).toHaveLength(1);

    failing.react = () => failure(404, 4043, "ColumnUnknownException[Column nope unknown]");
    const error = await errorOf(cluster([failing.address, there.address]).nodeChecks(options));
    expect(error).toMatchObject({ outcome: "refused", code: 4043 });
    expect(there.heard).toHaveLength(1);
  });

  it("prefers the word of a node that knows a master, when another was cut off from it", async () => {
    const state = (master: string | null) => rows(["name", "master_node", "settings"], ["c", master, {}]);
    const cutOff = await stub("a", () => state(null));
    const there = await stub("b", () => state("n2"));

    expect((await cluster([cutOff.address, there.address]).state(options)).masterNodeId).toBe("n2");
    expect((await cluster([cutOff.address]).state(options)).masterNodeId).toBeNull();
  });

  it("has a change done by another node only where the first was not asked", async () => {
    const there = await stub("b", () => rows([], []));
    await cluster([await nobody("a"), there.address]).setGlobal("persistent", set, options);
    expect(there.heard.map(({ stmt }) => stmt)).toEqual([
      `SET GLOBAL PERSISTENT "cluster.routing.allocation.enable" = 'all'`,
    ]);

    for (const reaction of ["silence", "cut"] as const) {
      const lost = await stub("c", () => reaction);
      const error = await errorOf(
        cluster([lost.address, there.address]).setGlobal("transient", set, { ...options, deadlineMs: 300 }),
      );
      expect(error.outcome).toBe("unknown");
      expect(error.message).toContain("c: ");
      expect(lost.heard).toHaveLength(1);
    }
    expect(there.heard).toHaveLength(1);
  });

  it("does not know whether a change was made that CrateDB itself failed at, and does where it refused it", async () => {
    const node = await stub("a", () => failure(500, 5000, "ProcessClusterEventTimeoutException[…]"));
    expect(await errorOf(cluster([node.address]).setGlobal("transient", set, options))).toMatchObject({
      outcome: "unknown",
      code: 5000,
    });
    node.react = () => failure(400, 4000, "IllegalArgumentException[…]");
    expect(await errorOf(cluster([node.address]).setGlobal("transient", set, options))).toMatchObject({
      outcome: "refused",
      code: 4000,
    });
  });

  it("tells a failed login, a missing privilege and a superuser's statement apart", async () => {
    const node = await stub("a", () => ({ status: 401, body: 'password authentication failed for user "bob"\n' }));
    const crate = cluster([node.address]);
    expect(await errorOf(crate.nodeChecks(options))).toMatchObject({
      outcome: "login",
      code: null,
      message: 'a: password authentication failed for user "bob"',
    });
    node.react = () => failure(401, 4011, "MissingPrivilegeException[Missing 'DQL' privilege for user 'bob']");
    expect(await errorOf(crate.nodeChecks(options))).toMatchObject({ outcome: "privilege", code: 4011 });
    node.react = () => failure(401, 4010, "UnauthorizedException[…]");
    expect(await errorOf(crate.decommission("data-0", options))).toMatchObject({ outcome: "privilege", code: 4010 });
  });

  it("names every node that could not be reached, and why", async () => {
    const error = await errorOf(cluster([await nobody("a"), await nobody("b")]).nodeChecks(options));

    expect(error.outcome).toBe("unreachable");
    expect(error.message).toMatch(/^a: .*ECONNREFUSED.*; b: .*ECONNREFUSED/);
  });

  it("never takes for an answer what it cannot read", async () => {
    const node = await stub("a", () => rows(checks, ["one", "n1", 1, "a check", true, false]));
    expect(await errorOf(cluster([node.address]).nodeChecks(options))).toMatchObject({
      outcome: "unknown",
      message: expect.stringContaining("sys.node_checks cannot be read: column id"),
    });
    node.react = () => ({ status: 200, body: "<html>a proxy's page</html>" });
    expect((await errorOf(cluster([node.address]).nodeChecks(options))).message).toContain("no result of CrateDB");
    node.react = () => ({ status: 503, body: "<html>no upstream</html>" });
    expect(await errorOf(cluster([node.address]).nodeChecks(options))).toMatchObject({ outcome: "unknown" });
  });

  it("ends when it is told to, at once", async () => {
    const silent = await stub("a", () => "silence");
    const aborted = new AbortController();
    const asking = errorOf(cluster([silent.address]).nodeChecks({ deadlineMs: 60_000, signal: aborted.signal }));
    aborted.abort();

    expect((await asking).message).toContain("cancelled");
  });

  it("asks again on a new connection when the node has closed the old one", async () => {
    const node = await stub("a", () => rows(checks, check(1)));
    const crate = cluster([node.address]);
    await crate.nodeChecks(options);
    let isFirst = true;
    node.react = () => {
      const reaction = isFirst ? "cut" : rows(checks, check(2));
      isFirst = false;
      return reaction;
    };

    expect((await crate.nodeChecks(options)).map(({ id }) => id)).toEqual([2]);
  });

  it("speaks to other addresses once it is told of them, and to each by itself", async () => {
    const [a, b] = [await stub("a", () => rows(checks, check(1))), await stub("b", () => rows(checks, check(2)))];
    const crate = cluster([a.address]);
    await crate.nodeChecks(options);
    crate.useAddresses([b.address, await nobody("c")]);

    expect((await crate.nodeChecks(options)).map(({ id }) => id)).toEqual([2]);
    const answers = await crate.reachable(options);
    expect(answers.map(({ address, error }) => [address.name, error?.outcome ?? null])).toEqual([
      ["b", null],
      ["c", "unreachable"],
    ]);
  });

  it("writes settings as literals that nothing gets out of, and refuses what is no setting's name", async () => {
    const node = await stub("a", () => rows([], []));
    const crate = cluster([node.address]);
    await crate.setGlobal(
      "transient",
      { "cluster.routing.allocation.exclude._name": "a'; DROP", "cluster.max_shards_per_node": 5 },
      options,
    );
    await crate.resetGlobal(["cluster.routing.allocation.exclude._name"], options);
    await crate.setGlobal("transient", {}, options);

    expect(node.heard.map(({ stmt }) => stmt)).toEqual([
      `SET GLOBAL TRANSIENT "cluster.routing.allocation.exclude._name" = 'a''; DROP', "cluster.max_shards_per_node" = 5`,
      `RESET GLOBAL "cluster.routing.allocation.exclude._name"`,
    ]);
    expect(await errorOf(crate.resetGlobal(['x" = 1'], options))).toMatchObject({ outcome: "refused" });
  });

  describe("over TLS", () => {
    const authority = certificateAuthority("the CA");
    const issued = (names: readonly string[], expired = false) => {
      const { certificatePem: cert, privateKeyPem: key } = authority.issue(names, { expired });
      return { cert, key };
    };
    const verified: CrateAccess = {
      ...access,
      tls: { mode: "verified", ca: authority.certificatePem, serverName: null },
    };
    const answer = () => rows(checks, check(1));
    const withName = (node: StubNode, name: string): CrateAddress => ({ ...node.address, tlsNames: [name] });

    it("takes a certificate for its address or for one of its names", async () => {
      const byAddress = await stub("a", answer, issued(["127.0.0.1"]));
      const byName = await stub("b", answer, issued(["metrics-0.crate.db"]));

      expect(await cluster([byAddress.address], verified).nodeChecks(options)).toHaveLength(1);
      expect(await cluster([withName(byName, "metrics-0.crate.db")], verified).nodeChecks(options)).toHaveLength(1);
    });

    it("says what is wrong with any other, and asks nothing", async () => {
      const named = await stub("a", answer, issued(["other.db"]));
      const old = await stub("b", answer, issued(["127.0.0.1"], true));
      const plain = await stub("c", answer);
      const elsewhere: CrateAccess = {
        ...verified,
        tls: { mode: "verified", ca: certificateAuthority("another").certificatePem, serverName: null },
      };
      const trouble = async (node: StubNode, given: CrateAccess) => {
        const { outcome, tls, message } = await errorOf(
          cluster([node.address], given).setGlobal("transient", set, options),
        );
        return [outcome, tls, message.includes("TLS: ")];
      };

      expect(await trouble(named, verified)).toEqual(["unreachable", "name", true]);
      expect(await trouble(old, verified)).toEqual(["unreachable", "expired", true]);
      expect(await trouble(plain, verified)).toEqual(["unreachable", "unsupported", true]);
      expect(await trouble(named, elsewhere)).toEqual(["unreachable", "untrusted", true]);
      expect([named, old, plain].flatMap(({ heard }) => heard)).toEqual([]);
    });

    it("checks nothing with insecure, and one name alone where it is given", async () => {
      const node = await stub("a", answer, issued(["metrics.example"]));
      const named: CrateAccess = {
        ...verified,
        tls: { mode: "verified", ca: authority.certificatePem, serverName: "metrics.example" },
      };

      expect(await cluster([node.address], { ...access, tls: { mode: "insecure" } }).nodeChecks(options)).toHaveLength(
        1,
      );
      expect(await cluster([node.address], named).nodeChecks(options)).toHaveLength(1);
    });
  });
});
