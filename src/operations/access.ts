import { type Engine, workloadKinds } from "../domain/target.ts";
import { type AccessRule, type AccessTable, verbs } from "./access-rule.ts";
import { catalogue } from "./catalogue.ts";
import { crateAccess } from "./cratedb/access.ts";
import { doltAccess } from "./dolt/access.ts";
import { workloadAccess } from "./kubernetes/access.ts";

/** A row for each operation; a test holds that none is missing. */
export const accessTable: AccessTable = { ...doltAccess, ...crateAccess, ...workloadAccess };

/** What every target takes, whatever is done to it: to be found, to be read as annotated, and its lock. */
function commonRules(engine: Engine): AccessRule[] {
  const resources = workloadKinds[engine].map((kind) => `${kind.toLowerCase()}s`);
  return [
    { group: "apps", resources, verbs: ["get", "list", "watch"], why: "targets and their changes" },
    {
      group: "coordination.k8s.io",
      resources: ["leases"],
      verbs: ["get", "list", "create", "update"],
      why: "the lock of each target, what is on record beside it, and freezes",
    },
  ];
}

/** Everything that these operations of an engine do with the Kubernetes API, each resource once. `all`: every one there is. */
export function accessRules(engine: Engine, operations: readonly string[] | "all"): AccessRule[] {
  const names = catalogue.filter((one) => one.engine === engine).map(({ name }) => name);
  const asked = names.filter((name) => operations === "all" || operations.includes(name));
  return merged([...commonRules(engine), ...asked.flatMap((name) => accessTable[name] ?? [])]);
}

/** One rule a resource, then resources of equal rules together. */
function merged(rules: readonly AccessRule[]): AccessRule[] {
  const single = rules.flatMap((rule) => rule.resources.map((resource) => ({ ...rule, resources: [resource] })));
  const byResource = [
    ...Map.groupBy(single, ({ group, resources, named }) => `${group} ${resources} ${named}`).values(),
  ];
  const each = byResource.flatMap((same) => together(same, same[0]?.resources ?? []));
  const alike = Map.groupBy(each, ({ group, verbs: of, named, why }) => `${group} ${of} ${named} ${why}`);
  return [...alike.values()].flatMap((same) =>
    together(
      same,
      same.flatMap(({ resources }) => resources),
    ),
  );
}

function together(same: readonly AccessRule[], resources: readonly string[]): AccessRule[] {
  const [first] = same;
  if (first === undefined) return [];
  const why = [...new Set(same.map((rule) => rule.why))].join("; ");
  return [{ ...first, resources, verbs: verbs.filter((verb) => same.some((rule) => rule.verbs.includes(verb))), why }];
}
