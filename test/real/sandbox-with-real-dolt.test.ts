import { describe, it } from "vitest";
import { startSandboxCluster } from "../../sandbox/cluster.ts";
import { commandLineSuite } from "../integration/cli/command-line.suite.ts";
import { sandboxClusterSuite } from "../integration/sandbox-cluster.suite.ts";
import { ensurePart, partsUnavailable } from "../parts/build.ts";

const unavailable = partsUnavailable();

if (unavailable === null) {
  const doltBinary = await ensurePart("dolt");
  // Only root can mount a volume of a set size.
  const isRoot = process.getuid?.() === 0;
  sandboxClusterSuite("real servers", isRoot ? { doltBinary, volumeBytes: 256 * 1024 * 1024 } : { doltBinary }, isRoot);
  commandLineSuite("the embedded cluster with real servers", () => startSandboxCluster({ doltBinary }));
} else {
  describe(`the embedded cluster with real servers (${unavailable})`, () => it.skip("works", () => undefined));
}
