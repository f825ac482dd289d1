import type { AuditEntry } from "../../adapters/redis/audit-chain.ts";
import { isLinked } from "../../adapters/redis/audit-chain.ts";
import type { Configuration } from "../../config/handover-yaml.ts";
import { type PublicKeys, readPublicKeys, signatureHolds } from "../../domain/signing.ts";
import { exitCodes } from "../exit-codes.ts";
import type { SideSurroundings } from "../side-commands.ts";
import { readSideWords } from "../side-words.ts";
import { readEntry, timeText } from "./audit-event.ts";
import { withAudit } from "./open-audit.ts";

export const verifyUsage = "audit verify [--cluster NAME] [--json]";

interface Finding {
  readonly id: string;
  readonly at: string;
  readonly what: string;
}

/** `npx handover audit verify`: exit code 1 when anything is not as it was written. */
export async function verifyAudit(words: readonly string[], surroundings: SideSurroundings): Promise<number> {
  const options = { cluster: "text", json: "switch" } as const;
  const typed = readSideWords(words, { usage: `npx handover ${verifyUsage}`, options });
  return await withAudit(typed.text("cluster"), surroundings, async ({ entries, configuration, cluster }) => {
    const keys = configuration === null ? null : allKeys(configuration);
    const findings: Finding[] = [];
    let before: AuditEntry | null = null;
    let first: AuditEntry | null = null;
    const counted = { entries: 0, statements: 0 };
    for await (const entry of entries()) {
      surroundings.signal.throwIfAborted();
      counted.entries += 1;
      first ??= entry;
      const told = (what: string) => findings.push({ id: entry.id, at: timeText(entry.atMs), what });
      if (!isLinked(entry, before)) told("this entry was changed, or one before it was taken out or put in");
      for (const statement of readEntry(entry).event?.statements ?? []) {
        counted.statements += 1;
        const good = keys === null ? null : signatureHolds(statement, keys);
        if (good === false)
          told(`what key ${statement.keyId} signed does not bear a good signature, or the key is unknown`);
      }
      before = entry;
    }
    const whole = first === null || /^0+$/.test(first.previous);
    const report = { cluster, ...counted, fromTheBeginning: whole, signaturesChecked: keys !== null, findings };
    surroundings.terminal.out(typed.isSet("json") ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    return findings.length === 0 ? exitCodes.done : exitCodes.failed;
  });
}

interface VerifyReport {
  readonly cluster: string;
  readonly entries: number;
  readonly statements: number;
  readonly fromTheBeginning: boolean;
  readonly signaturesChecked: boolean;
  readonly findings: readonly Finding[];
}

function reportText(report: VerifyReport): string {
  const { cluster, entries, statements, findings } = report;
  const from = report.fromTheBeginning ? "from the first one ever" : "from the oldest one that is kept";
  const signatures = report.signaturesChecked
    ? `${statements} signed statements were checked against the keys of handover.yaml.`
    : `${statements} signed statements were not checked: without HANDOVER_CONFIG no key is known.`;
  const result =
    findings.length === 0 ? "The chain is whole." : `${findings.length} of them are not as they were written:`;
  const lines = findings.map(({ id, at, what }) => `  ${id}  ${at}  ${what}`);
  return `${[`${entries} entries of cluster ${cluster}, ${from}.`, signatures, result, ...lines].join("\n")}\n`;
}

function allKeys({ clusters, edge }: Configuration): PublicKeys {
  return readPublicKeys([...clusters.map(({ publicKey }) => publicKey), ...edge.publicKeys]);
}
