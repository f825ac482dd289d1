import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";

/** What the servers of a target were started with: its credentials Secret. */
export async function targetCredentials(
  kubeconfig: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<{ username: string; password: string }> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(kubeconfig);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const { data } = await core.readNamespacedSecret({ namespace, name: `${name}-credentials` });
  const text = (key: string) => Buffer.from(data?.[key] ?? "", "base64").toString("utf8");
  return { username: text("username"), password: text("password") };
}
