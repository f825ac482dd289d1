import type { AnsweringNode } from "./candidate.ts";
import type { Contradiction } from "./contradiction.ts";
import type { DoltNode, DoltView } from "./look.ts";
import { roleLabel } from "./role-labels.ts";

/** Who answers, as what, at which epoch, and whether the labels say the same. */
export function roleContradictions(view: DoltView): Contradiction[] {
  const answering = view.nodes.filter((node): node is AnsweringNode => node.answer !== null);
  return [
    ...view.nodes.flatMap((node) => silenceOf(node)),
    ...primariesOf(view, answering),
    ...epochsOf(answering),
    ...labelsOf(view),
  ];
}

function silenceOf(node: DoltNode): Contradiction[] {
  if (node.silence === null) return [];
  const { name, silence } = node;
  const about = { pods: [name], mendedBy: "by hand" } as const;
  switch (silence.kind) {
    case "login":
      return [
        {
          ...about,
          code: "login_refused",
          text: `${name} answers, but refuses Handover's login: ${silence.text}`,
          advice: "correct the Secret that handover.dev/credentials-secret names",
          forbids: "planned",
        },
      ];
    case "silent":
      if (silence.tls !== undefined) {
        return [
          {
            ...about,
            code: "tls_in_the_way",
            text: `${name} is there, and TLS is in the way (${silence.text}): it may be a primary`,
            advice: "set how its certificate is checked, as docs/connecting.md says",
            forbids: "planned",
          },
        ];
      }
      return [
        {
          ...about,
          code: "silent",
          text: `${name} does not answer (${silence.text}), and was not seen ended: it may be a primary`,
          advice: `find out why ${name} is silent; its silence proves nothing`,
          forbids: "planned",
        },
      ];
    case "stopped":
      return [
        {
          ...about,
          code: "stopped",
          text: `${name} does not run (${silence.text})`,
          advice: `look at its events and its log; as long as it is down, a failover stops writes for 10 s`,
          forbids: "nothing",
        },
      ];
  }
}

function primariesOf(view: DoltView, answering: readonly AnsweringNode[]): Contradiction[] {
  const broken = answering.filter(({ answer }) => answer.role === "detected_broken_config");
  const primaries = answering.filter(({ answer }) => answer.role === "primary");
  const found: Contradiction[] = [];
  if (broken.length > 0) {
    found.push({
      code: "broken_config",
      text: `${namesOf(broken)} ${broken.length === 1 ? "says" : "say"} detected_broken_config: two primaries met at one epoch, and nobody can write there`,
      mendedBy: "repair",
      advice: "choose the server that stays primary; it shows what each side holds",
      pods: broken.map(({ name }) => name),
      forbids: "planned",
    });
  }
  if (primaries.length > 1) {
    const epochs = new Set(primaries.map(({ answer }) => answer.epoch));
    const meeting =
      epochs.size === 1
        ? "at their first contact both become detected_broken_config"
        : "at their first contact the one with the lower epoch is overwritten";
    found.push({
      code: "two_primaries",
      text: `more than one server says it is primary (${rolesOf(primaries)}): ${meeting}`,
      mendedBy: "repair",
      advice: "stop writes, and keep the two apart until one side is saved and the other chosen",
      pods: primaries.map(({ name }) => name),
      forbids: "planned",
    });
  }
  if (primaries.length === 0) {
    const silent = view.nodes.filter(({ silence }) => silence !== null);
    const mayBe = silent.filter(({ silence }) => silence?.kind !== "stopped");
    const text =
      mayBe.length === 0
        ? "no server says it is primary: nobody can write"
        : `no server that answers says it is primary; ${namesOf(mayBe)} cannot be asked, and may be`;
    const promotion = "it shows what each standby holds, and what may be lost";
    found.push({
      code: "no_primary",
      text,
      mendedBy: broken.length > 0 ? "repair" : "promote",
      advice:
        broken.length > 0
          ? "choose the server that becomes primary"
          : mayBe.length === 0
            ? promotion
            : `look again first, as a slow one may be it; then ${promotion}`,
      pods: view.nodes.map(({ name }) => name),
      forbids: "planned",
    });
  }
  return found;
}

function epochsOf(answering: readonly AnsweringNode[]): Contradiction[] {
  const primaries = answering.filter(({ answer }) => answer.role === "primary");
  const others = answering.filter(({ answer }) => answer.role !== "primary");
  const [primary] = primaries;
  if (primary === undefined || primaries.length > 1) {
    const epochs = new Set(others.map(({ answer }) => answer.epoch));
    if (primaries.length > 0 || epochs.size <= 1) return [];
    return [
      {
        code: "epochs_apart",
        text: `the servers are at different epochs: ${rolesOf(answering)}`,
        mendedBy: "repair",
        advice: "choose the server that becomes primary; the highest epoch had the last primary",
        pods: others.map(({ name }) => name),
        forbids: "planned",
      },
    ];
  }
  const { epoch } = primary.answer;
  const newer = others.filter(({ answer }) => answer.epoch > epoch);
  const older = others.filter(({ answer }) => answer.epoch < epoch && answer.role === "standby");
  const found: Contradiction[] = older.map(({ name, answer }) => ({
    code: "epoch_behind",
    text: `${name} is at epoch ${answer.epoch} and has not heard of ${primary.name} at epoch ${epoch}`,
    mendedBy: "by hand",
    advice: `see why ${primary.name} does not reach it; its next contact mends it`,
    pods: [name],
    forbids: "nothing",
  }));
  if (newer.length > 0) {
    found.push({
      code: "epochs_apart",
      text: `${rolesOf(newer)}, while the primary ${primary.name} is at epoch ${epoch}: a newer primary has been`,
      mendedBy: "repair",
      advice: "find out whose data is newer, and choose the server that becomes primary",
      pods: [primary.name, ...newer.map(({ name }) => name)],
      forbids: "planned",
    });
  }
  return found;
}

/** A label is compared with what the server itself says; of one that says nothing, only the primary's label is worth a word. */
function labelsOf(view: DoltView): Contradiction[] {
  return view.nodes.flatMap((node): Contradiction[] => {
    if (node.pod === null) return [];
    const label = node.pod.labels[roleLabel];
    const about = { code: "label_differs", pods: [node.name], forbids: "nothing" } as const;
    if (node.answer === null) {
      if (label !== "primary") return [];
      const text = `${node.name} carries the primary's label and does not answer: writes are routed to nobody who answers`;
      return [{ ...about, text, mendedBy: "promote", advice: "only if it is gone for good; else bring it back" }];
    }
    const { role } = node.answer;
    const wanted = role === "primary" ? "primary" : "standby";
    if (label === wanted) return [];
    const worn = label === undefined ? "no role's label" : `the label ${label}`;
    const text = `${node.name} is ${role} and carries ${worn}`;
    if (role === "detected_broken_config") {
      return label === "primary" ? [{ ...about, text, mendedBy: "repair", advice: "it labels the one chosen" }] : [];
    }
    return [{ ...about, text, mendedBy: "relabel", advice: "it labels every pod by its server's own word" }];
  });
}

function rolesOf(nodes: readonly AnsweringNode[]): string {
  return nodes.map(({ name, answer }) => `${name} is ${answer.role} at epoch ${answer.epoch}`).join(", ");
}

function namesOf(nodes: readonly DoltNode[]): string {
  return nodes.map(({ name }) => name).join(", ");
}
