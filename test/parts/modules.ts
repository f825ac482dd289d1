import { join } from "node:path";

/** A Go module of ours that pins a few commands, and how they are built. */
export interface PartModule {
  readonly name: string;
  /** Folder of go.mod, go.sum and tools.go. */
  readonly folder: string;
  /** What is built, for the reader of the progress. */
  readonly version: string;
  /** How long a build takes with an empty cache on two cores, for the reader of the progress. */
  readonly coldBuild: string;
  /** Package path by the name of its command. */
  readonly packages: Readonly<Partial<Record<PartName, string>>>;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Every real server the tests can run, in the order in which `all` builds them. */
export const PARTS = [
  "dolt",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
  "coredns",
] as const;

export type PartName = (typeof PARTS)[number];

export function isPartName(name: string): name is PartName {
  return PARTS.some((part) => part === name);
}

const STRIPPED = "-s -w";

/** Without these the API server reports v0.0.0, and clients that ask for its version go astray. */
const KUBERNETES_VERSION = [
  "-X k8s.io/component-base/version.gitVersion=v1.34.4",
  "-X k8s.io/component-base/version.gitMajor=1",
  "-X k8s.io/component-base/version.gitMinor=34",
].join(" ");

const MODULES: readonly PartModule[] = [
  {
    name: "dolt",
    folder: join(import.meta.dirname, "dolt"),
    version: "Dolt 2.2.3",
    coldBuild: "about 5 min",
    packages: { dolt: "github.com/dolthub/dolt/go/cmd/dolt" },
    // Without this tag the build wants ICU's headers.
    flags: ["-trimpath", "-tags", "gms_pure_go", "-ldflags", STRIPPED],
    // The checksum database lacks one of Dolt's modules; the committed go.sum pins them all.
    environment: { CGO_ENABLED: "1", GONOSUMDB: "github.com/dolthub/*" },
  },
  {
    name: "etcd",
    folder: join(import.meta.dirname, "etcd"),
    version: "etcd 3.6.5",
    coldBuild: "about 20 s",
    packages: { etcd: "go.etcd.io/etcd/server/v3" },
    flags: ["-trimpath", "-ldflags", STRIPPED],
    environment: { CGO_ENABLED: "0" },
  },
  {
    name: "kubernetes",
    folder: join(import.meta.dirname, "kubernetes"),
    version: "Kubernetes 1.34.4",
    coldBuild: "about 8 min",
    packages: {
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
      kubelet: "k8s.io/kubernetes/cmd/kubelet",
      "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
      kubectl: "k8s.io/kubernetes/cmd/kubectl",
    },
    flags: ["-trimpath", "-ldflags", `${STRIPPED} ${KUBERNETES_VERSION}`],
    environment: { CGO_ENABLED: "0" },
  },
  {
    name: "coredns",
    folder: join(import.meta.dirname, "coredns"),
    version: "CoreDNS 1.12.4",
    coldBuild: "about 2 min",
    packages: { coredns: "github.com/coredns/coredns" },
    flags: ["-trimpath", "-ldflags", STRIPPED],
    environment: { CGO_ENABLED: "0" },
  },
];

/** The module that builds a part. */
export function partModule(name: PartName): PartModule {
  const module = MODULES.find((candidate) => candidate.packages[name] !== undefined);
  if (module === undefined) {
    throw new Error(`no module builds ${name}: add it to test/parts/modules.ts`);
  }
  return module;
}
