import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { freePort } from "../../../sandbox/free-port.ts";
import { kubeconfigText } from "../../../sandbox/kubernetes/kubeconfig.ts";
import { ensurePart } from "../../parts/build.ts";
import { untilWithin } from "../../support/until.ts";
import { Processes } from "./processes.ts";
import { serveTokenReviews } from "./token-reviews.ts";

/** It is ready about 2 s after the first spawn; this is for a machine that builds something else meanwhile. */
const READY_DEADLINE_MS = 90_000;
const REQUEST_DEADLINE_MS = 5_000;

/** Controllers that the targets of the tests and the project's own manifests need. */
const CONTROLLERS = [
  "cronjob-controller",
  "daemonset-controller",
  "deployment-controller",
  "disruption-controller",
  "endpointslice-controller",
  "garbage-collector-controller",
  "horizontal-pod-autoscaler-controller",
  "job-controller",
  "namespace-controller",
  "replicaset-controller",
  "serviceaccount-controller",
  "statefulset-controller",
];

/** etcd, kube-apiserver and kube-controller-manager as processes on free loopback ports, with RBAC as on a real cluster. */
export interface ControlPlane {
  /** Kubeconfig (YAML text) of an administrator. */
  readonly kubeconfig: string;
  /** Kubeconfig (YAML text) of any user with any groups, who may do what RBAC gives them. */
  kubeconfigFor(user: string, groups: readonly string[]): string;
  /** Ends the processes and waits until they have ended. */
  close(): Promise<void>;
}

/** @param folder an empty folder for data, keys and logs */
export async function startControlPlane(folder: string): Promise<ControlPlane> {
  const etcd = await ensurePart("etcd");
  const apiServer = await ensurePart("kube-apiserver");
  const controllerManager = await ensurePart("kube-controller-manager");
  const processes = new Processes(folder);
  const tokens = await serveTokenReviews();
  const close = async () => {
    await processes.close();
    await tokens.close();
  };
  try {
    const etcdUrl = `http://127.0.0.1:${await freePort()}`;
    await processes.start("etcd", etcd, etcdArguments(folder, etcdUrl, `http://127.0.0.1:${await freePort()}`));

    const port = await freePort();
    const server = `https://127.0.0.1:${port}`;
    const webhook = join(folder, "token-webhook.yaml");
    await writeFile(webhook, kubeconfigText({ server: tokens.url }));
    await processes.start("kube-apiserver", apiServer, await apiServerArguments(folder, etcdUrl, port, webhook));

    const adminToken = tokens.issue("admin", ["system:masters"]);
    const certificate = await processes.orEnd(
      untilWithin(READY_DEADLINE_MS)("kube-apiserver is ready", async () => {
        const ca = await readFile(join(folder, "certificates", "apiserver.crt"), "utf8");
        return (await isReady(server, ca, adminToken)) ? ca : undefined;
      }),
    );

    const kubeconfig = kubeconfigText({ server, certificateAuthority: certificate, token: adminToken });
    const kubeconfigFile = join(folder, "controller-manager.yaml");
    await writeFile(kubeconfigFile, kubeconfig, { mode: 0o600 });
    await processes.start("kube-controller-manager", controllerManager, [
      `--kubeconfig=${kubeconfigFile}`,
      "--leader-elect=false",
      "--kube-api-qps=200",
      "--kube-api-burst=400",
      "--secure-port=0",
      `--controllers=${CONTROLLERS.join(",")}`,
    ]);
    return {
      kubeconfig,
      kubeconfigFor: (user, groups) =>
        kubeconfigText({ server, certificateAuthority: certificate, token: tokens.issue(user, groups) }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function etcdArguments(folder: string, clientUrl: string, peerUrl: string): string[] {
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // Nothing here has to survive a power cut.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

async function apiServerArguments(folder: string, etcdUrl: string, port: number, webhook: string): Promise<string[]> {
  const key = join(folder, "service-account.key");
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await writeFile(key, privateKey, { mode: 0o600 });
  return [
    `--etcd-servers=${etcdUrl}`,
    `--cert-dir=${join(folder, "certificates")}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    `--authentication-token-webhook-config-file=${webhook}`,
    "--authentication-token-webhook-version=v1",
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=127.96.0.0/24",
    // Without a reconciler the server does not look for an address of its own to publish, which loopback cannot be.
    "--endpoint-reconciler-type=none",
    "--disable-admission-plugins=ServiceAccount",
  ];
}

/** Whether `/readyz` says ok, which it does once the bootstrap roles of RBAC exist. Rejects while nothing listens. */
function isReady(server: string, ca: string, token: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(REQUEST_DEADLINE_MS);
    const asked = request(`${server}/readyz`, { ca, signal, headers: { authorization: `Bearer ${token}` } });
    asked.once("error", reject);
    asked.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.end();
  });
}
