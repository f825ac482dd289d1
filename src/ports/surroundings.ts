/**
 * What is around a target's pods in Kubernetes, read where this process may: it explains and recommends, and nothing that
 * acts depends on it.
 */
export interface Surroundings {
  readonly networkPolicies: Seen<readonly NetworkPolicyView[]>;
  /** Ports of the server's container, by name. */
  readonly ports: ReadonlyMap<string, number>;
}

/** Something that could be read, or why not: mostly a right that is missing. */
export type Seen<T> = { readonly seen: true; readonly value: T } | { readonly seen: false; readonly why: string };

/** A NetworkPolicy as far as it holds for connections to pods. */
export interface NetworkPolicyView {
  readonly name: string;
  readonly pods: LabelSelector;
  /** Null: it says nothing of incoming connections. */
  readonly ingress: readonly IngressRule[] | null;
}

export interface IngressRule {
  /** Null: every port. `endPort` is the end of a range, the port itself included. */
  readonly ports: readonly { readonly port: string | number | null; readonly endPort: number | null }[] | null;
  /** Whether anybody may connect: it names no sources, or all addresses. */
  readonly fromEverywhere: boolean;
}

/** Kubernetes' own selector: everything in it has to hold; an empty one selects every pod. */
export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}
