import { type Document, isMap, isScalar, isSeq, parseDocument, visit } from "yaml";

/** A standby remote as a server's YAML has it. */
export interface RemoteEntry {
  readonly name: string;
  /** With `{database}` where the database's name goes. */
  readonly urlTemplate: string;
}

const remotesPath = ["cluster", "standby_remotes"];

/** The YAML with these remotes and no others; everything else of it, comments too, stays as it is. */
export function withRemotes(yaml: string, remotes: readonly RemoteEntry[]): string {
  const document = parseDocument(yaml);
  setRemotes(document, remotes);
  return textOf(document);
}

/**
 * The YAML of a new pod, after that of another: a standby from its first start. An empty role means primary, and a primary on
 * an empty volume at the others' epoch breaks the whole cluster (dolt.md, “Seen on real servers”).
 */
export function forNewPod(
  yaml: string,
  names: { readonly model: string; readonly pod: string },
  remotes: readonly RemoteEntry[],
): string {
  const document = parseDocument(yaml);
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === "string") node.value = renamed(node.value, names.model, names.pod);
    },
  });
  document.setIn(["cluster", "bootstrap_role"], "standby");
  setRemotes(document, remotes);
  return textOf(document);
}

/** The text with one pod's name in the place of another's, where it stands as a whole: `orders-1` is not in `orders-10`. */
export function renamed(text: string, from: string, to: string): string {
  return text.replaceAll(wholeName(from), to);
}

export function containsName(text: string, pod: string): boolean {
  return wholeName(pod).test(text);
}

function wholeName(pod: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])${pod.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![A-Za-z0-9])`, "g");
}

/** Entries that stay are the nodes that were there, with their comments and style. */
function setRemotes(document: Document, remotes: readonly RemoteEntry[]): void {
  const found = document.getIn(remotesPath);
  const before = isSeq(found) ? found.items : [];
  const nodeOf = ({ name, urlTemplate }: RemoteEntry) => {
    const same = before.find(
      (node) => isMap(node) && textIn(node, "name") === name && textIn(node, "remote_url_template") === urlTemplate,
    );
    if (same !== undefined) return same;
    const node = document.createNode({ name, remote_url_template: urlTemplate });
    const [first] = before;
    if (isMap(first) && isMap(node) && first.flow === true) node.flow = true;
    return node;
  };
  const nodes = remotes.map(nodeOf);
  if (isSeq(found)) found.items = nodes;
  else document.setIn(remotesPath, nodes);
}

function textIn(map: { get(key: string, keepScalar: true): unknown }, key: string): unknown {
  const value = map.get(key, true);
  return isScalar(value) ? value.value : undefined;
}

function textOf(document: Document): string {
  return document.toString({ lineWidth: 0 });
}
