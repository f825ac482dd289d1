import { onTestFinished } from "vitest";
import { createApp } from "./client.ts";
import type { Bootstrap, DoltClusterUnderTest, DoltNodeUnderTest, StartDoltCluster } from "./cluster-under-test.ts";

export interface ThreeNodes {
  readonly cluster: DoltClusterUnderTest;
  readonly nodes: readonly DoltNodeUnderTest[];
  /** The first node, the only primary at the start. */
  readonly a: DoltNodeUnderTest;
  readonly b: DoltNodeUnderTest;
  readonly c: DoltNodeUnderTest;
}

const ONE_PRIMARY: readonly Bootstrap[] = [
  { role: "primary", epoch: 1 },
  { role: "standby", epoch: 1 },
  { role: "standby", epoch: 1 },
];

/** Three fresh nodes, gone at the end of the test. */
export async function startThree(
  start: StartDoltCluster,
  bootstrap: readonly Bootstrap[] = ONE_PRIMARY,
): Promise<ThreeNodes> {
  const cluster = await start(bootstrap);
  onTestFinished(() => cluster.close());
  return threeOf(cluster);
}

/** Three fresh nodes with the database `app`, caught up. */
export async function startWithApp(start: StartDoltCluster): Promise<ThreeNodes> {
  const three = await startThree(start);
  await createApp(three.a, [three.b, three.c]);
  return three;
}

export function threeOf(cluster: DoltClusterUnderTest): ThreeNodes {
  const [a, b, c] = cluster.nodes;
  if (a === undefined || b === undefined || c === undefined) throw new Error("This test needs three nodes.");
  return { cluster, nodes: cluster.nodes, a, b, c };
}
