import { mkdir, readFile } from "node:fs/promises";
import { get } from "node:https";
import { join } from "node:path";
import type { Machine } from "../machine/machine.ts";
import { until } from "../machine/until.ts";
import type { Certificates } from "./certificates.ts";
import type { Identities } from "./identities.ts";

export const API_SERVER_PORT = 6443;
const ETCD_URL = "http://127.0.0.1:2379";
const ETCD_PEER_URL = "http://127.0.0.1:2380";

/** On a busy machine; alone it takes about 2 s. */
const READY_DEADLINE_MS = 90_000;
const READY_ANSWER_DEADLINE_MS = 5_000;

export interface ControlPlaneBinaries {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly scheduler: string;
}

/** Starts etcd, the API server, its controllers and the scheduler; resolves once the API server is ready. */
export async function startControlPlane(
  machine: Machine,
  folder: string,
  binaries: ControlPlaneBinaries,
  certificates: Certificates,
  identities: Identities,
  signal?: AbortSignal,
): Promise<void> {
  const etcdData = join(folder, "etcd");
  await mkdir(etcdData, { mode: 0o700 });
  const etcd = await machine.start("etcd", binaries.etcd, [
    ...[`--data-dir=${etcdData}`, "--unsafe-no-fsync", "--log-level=warn"],
    ...[`--listen-client-urls=${ETCD_URL}`, `--advertise-client-urls=${ETCD_URL}`],
    ...[`--listen-peer-urls=${ETCD_PEER_URL}`, `--initial-advertise-peer-urls=${ETCD_PEER_URL}`],
    `--initial-cluster=default=${ETCD_PEER_URL}`,
  ]);
  const { network } = machine;
  const apiServer = await machine.start("kube-apiserver", binaries.apiServer, [
    ...[`--etcd-servers=${ETCD_URL}`, `--secure-port=${API_SERVER_PORT}`, "--bind-address=0.0.0.0"],
    ...[`--advertise-address=${network.nodeAddress}`, `--service-cluster-ip-range=${network.serviceRange}`],
    ...[`--tls-cert-file=${certificates.serving}`, `--tls-private-key-file=${certificates.servingKey}`],
    ...["--authorization-mode=Node,RBAC", `--token-auth-file=${identities.tokenFile}`, "--allow-privileged=true"],
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${certificates.serviceAccountKey}`,
    `--service-account-signing-key-file=${certificates.serviceAccountKey}`,
    // The node has a name that nobody resolves; logs and exec go to its address.
    "--kubelet-preferred-address-types=InternalIP",
  ]);
  const authority = await readFile(certificates.authority, "utf8");
  await until(async () => ((await readiness(network.nodeAddress, authority)) === 200 ? true : null), {
    what: "the API server is ready",
    deadlineMs: READY_DEADLINE_MS,
    check: () => {
      etcd.assertRunning();
      apiServer.assertRunning();
    },
    explain: async () => `${await etcd.logTail()}\n${await apiServer.logTail()}`,
    ...(signal === undefined ? {} : { signal }),
  });
  await machine.start("kube-controller-manager", binaries.controllerManager, [
    ...[`--kubeconfig=${identities.kubeconfigs.controllerManager}`, "--leader-elect=false"],
    ...["--use-service-account-credentials=true", `--root-ca-file=${certificates.authority}`],
    ...[`--service-account-private-key-file=${certificates.serviceAccountKey}`],
    ...["--kube-api-qps=200", "--kube-api-burst=400", "--secure-port=0"],
  ]);
  await machine.start("kube-scheduler", binaries.scheduler, [
    ...[`--kubeconfig=${identities.kubeconfigs.scheduler}`, "--leader-elect=false", "--secure-port=0"],
  ]);
}

/** HTTP status of `/readyz`; 403 until the API server has made the role that lets everyone read it. */
function readiness(address: string, authority: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(
      {
        host: address,
        port: API_SERVER_PORT,
        path: "/readyz",
        ca: authority,
        agent: false,
        signal: AbortSignal.timeout(READY_ANSWER_DEADLINE_MS),
      },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    ).once("error", reject);
  });
}
