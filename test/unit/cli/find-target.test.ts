import { describe, expect, it } from "vitest";
import { FakeTerminal, FakeWorld, run } from "./stand-ins.ts";

describe("a StatefulSet that nobody has annotated", () => {
  it.each(["shop/legacy", "legacy", "legacy -n shop"])("%s: is told with the one line that opts in", async (target) => {
    const terminal = new FakeTerminal();
    const world = new FakeWorld();
    world.strangers = [{ namespace: "shop", workload: "legacy", engine: null }];

    expect(await run(`dolt failover ${target} --plan`, terminal, world)).toBe(3);

    expect(terminal.stderr).toContain("The StatefulSet shop/legacy is there, and nobody has said yet");
    expect(terminal.stderr).toContain("kubectl annotate statefulset legacy -n shop handover.dev/engine=dolt\n");
  });

  it("is told with what its annotation says, where that is no engine", async () => {
    const terminal = new FakeTerminal();
    const world = new FakeWorld();
    world.strangers = [{ namespace: "shop", workload: "legacy", engine: "Dolt" }];

    await run("dolt status legacy", terminal, world);

    expect(terminal.stderr).toContain("says “Dolt”, which is no engine");
    expect(terminal.stderr).toContain("handover.dev/engine=dolt --overwrite");
  });

  it("is not guessed where there are several of that name, or none", async () => {
    const terminal = new FakeTerminal();
    const world = new FakeWorld();
    world.strangers = ["a", "b"].map((namespace) => ({ namespace, workload: "legacy", engine: null }));

    expect(await run("dolt status legacy", terminal, world)).toBe(2);
    expect(terminal.stderr).toContain("There is no target “legacy” here");
    expect(await run("dolt status legacy10 -n shop", terminal, world)).toBe(2);
    expect(terminal.stderr).toContain("kubectl annotate statefulset legacy10 -n shop handover.dev/engine=dolt");
  });
});

describe("options about the connection", () => {
  it.each([
    ["--tls-insecure --tls", "--tls-insecure and --tls exclude each other"],
    ["--tls-insecure --tls-server-name a.b", "--tls-insecure and --tls-server-name exclude each other"],
    ["--connect-by dns", "--connect-by takes ip or host"],
    ["--tls-server-name -", "--tls-server-name"],
  ])("%s", async (options, said) => {
    const terminal = new FakeTerminal();

    expect(await run(`dolt status shop/orders ${options}`, terminal, new FakeWorld())).toBe(2);
    expect(terminal.stderr).toContain(said);
  });
});

describe("several workloads of one name in a namespace", () => {
  const twin = (workload: string) => ({
    cluster: "prod",
    namespace: "shop",
    name: "orders",
    engine: "dolt" as const,
    workload,
    runbooks: {},
  });

  it("are told apart by nothing but a name of their own", async () => {
    const terminal = new FakeTerminal();
    const world = new FakeWorld();
    world.targets = [twin("dolt-a"), twin("dolt-b")];

    expect(await run("dolt status orders", terminal, world)).toBe(2);

    expect(terminal.stderr).toContain("StatefulSet shop/dolt-a, StatefulSet shop/dolt-b");
    expect(terminal.stderr).toContain("kubectl annotate statefulset dolt-b -n shop handover.dev/name=");
  });

  it("is told of a Deployment that no database can be", async () => {
    const terminal = new FakeTerminal();
    const world = new FakeWorld();
    world.strangers = [{ namespace: "shop", workload: "web", engine: "dolt", kind: "Deployment" }];

    expect(await run("dolt status web", terminal, world)).toBe(3);

    expect(terminal.stderr).toContain("The Deployment shop/web is there");
    expect(terminal.stderr).toContain("“dolt”, which is for a StatefulSet");
    expect(terminal.stderr).toContain(
      "kubectl annotate deployment web -n shop handover.dev/engine=kubernetes --overwrite",
    );
  });
});
