import { type ExtraFlag, type Grammar, usageOf } from "../domain/command-line.ts";
import { quoteShellWord } from "../domain/command-words.ts";
import { type Engine, terminalCommands } from "../domain/target.ts";
import { catalogue, type OperationDefinition } from "../operations/catalogue.ts";
import { doltclusterctlWords } from "../operations/dolt/former-words.ts";
import { sideHelp } from "./side-commands.ts";

interface CliFlag extends ExtraFlag {
  readonly summary: string;
}

/** Options of the command line itself, for every operation. */
const cliFlags: readonly CliFlag[] = [
  { name: "plan", value: null, summary: "show what would be done, and change nothing" },
  { name: "dry-run", value: null, summary: "the same as --plan, as it is typed in Slack" },
  { name: "yes", value: null, summary: "do it without asking" },
  { name: "override-freeze", value: null, summary: "go past a freeze; it stands on record and is announced" },
  { name: "json", value: null, summary: "print one JSON document on stdout" },
  { name: "context", value: "NAME", summary: "the context of the kubeconfig (default: its current one)" },
  {
    name: "kubeconfig",
    value: "FILE",
    summary: "the kubeconfig (default: $KUBECONFIG, ~/.kube/config, or the pod's account)",
  },
  {
    name: "namespace",
    short: "n",
    value: "NAME",
    summary: "where to look for the target (default: wherever this user may look)",
  },
  { name: "connect-by", value: "ip|host", summary: "dial the pods' addresses (default) or their host names" },
  { name: "tls", value: null, summary: "connect over TLS, with certificates that this machine trusts" },
  { name: "tls-insecure", value: null, summary: "connect over TLS, and check no certificate" },
  { name: "tls-ca", value: "FILE", summary: "connect over TLS, with certificates that lead to this CA (PEM)" },
  { name: "tls-server-name", value: "NAME", summary: "connect over TLS, with certificates for this name" },
  {
    name: "username",
    value: "NAME",
    summary: "log in to the servers as (default: the annotated Secret, $DOLT_USERNAME, root)",
  },
  {
    name: "password-file",
    value: "FILE",
    summary: "a file with the password (default: the annotated Secret, $DOLT_PASSWORD, none)",
  },
];

/** What can be typed behind `npx handover ENGINE`. */
export function grammarFor(engine: Engine): Grammar<OperationDefinition> {
  return {
    prefix: terminalCommands[engine],
    quote: quoteShellWord,
    definitions: catalogue.filter((definition) => definition.engine === engine),
    extras: cliFlags,
    ...(engine === "dolt" ? { former: doltclusterctlWords } : {}),
  };
}

/** @param verb the one operation to tell of; of all when it is null or unknown */
export function helpText(engines: readonly Engine[], verb: string | null = null): string {
  const one = verb === null ? [] : engines.flatMap((engine) => helpOfEngine(grammarFor(engine), verb));
  if (one.length > 0) return [...one.slice(1), "", ...helpOfOptions(), ""].join("\n");
  return [
    "Handover hands a database's primary role over without losing a write: the same operations as in Slack, with the",
    "same checks and the same lock, and with neither Slack nor Redis. TARGET is NAMESPACE/STATEFULSET or the target's name.",
    ...engines.flatMap((engine) => helpOfEngine(grammarFor(engine))),
    "",
    ...sideHelp(),
    "",
    ...helpOfOptions(),
    "",
    "Coming from doltclusterctl: applyprimarylabels is relabel, gracefulfailover failover, promotestandby promote,",
    "rollingrestart restart; its -n, -timeout, -wait-for-ready, -min-caughtup-standbys and -tls… are answered with the new line.",
    "",
    "Exit codes: 0 done · 1 failed, with nothing changed or all undone · 2 wrong usage · 3 refused by the preflight ·",
    "4 the outcome is unknown · 5 the target is locked by another execution · 6 the target is frozen",
    "",
  ].join("\n");
}

function helpOfOptions(): string[] {
  return [
    "For every operation:",
    ...table([
      ["--reason TEXT", "why; demanded for whatever changes something, and kept on record in the cluster"],
      ...cliFlags.map((flag): [string, string] => [flagText(flag), flag.summary]),
    ]),
  ];
}

function helpOfEngine(grammar: Grammar<OperationDefinition>, verb: string | null = null): string[] {
  const definitions = grammar.definitions.filter((definition) => verb === null || definition.verb === verb);
  return definitions.flatMap((definition) => [
    "",
    usageOf(definition, { ...grammar, extras: [] }),
    `    ${definition.summary}`,
    ...table(definition.flags.map((flag) => [flagText(flag), flag.summary])),
  ]);
}

function flagText(flag: ExtraFlag): string {
  const names = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
  return flag.value === null ? names : `${names} ${flag.value}`;
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
