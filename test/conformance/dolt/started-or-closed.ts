import type { DoltClusterUnderTest } from "./cluster-under-test.ts";

/** Starts every node. Where one does not come up nothing is left behind: the others are ended too. */
export async function startedOrClosed(cluster: DoltClusterUnderTest): Promise<DoltClusterUnderTest> {
  const starts = await Promise.allSettled(cluster.nodes.map((node) => node.start()));
  const failed = starts.find((start) => start.status === "rejected");
  if (failed === undefined) return cluster;
  await cluster.close();
  throw failed.reason;
}
