import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { accessRules, accessTable } from "../../../src/operations/access.ts";
import type { AccessRule } from "../../../src/operations/access-rule.ts";
import { catalogue } from "../../../src/operations/catalogue.ts";
import { FakeTerminal, FakeWorld, run } from "../cli/stand-ins.ts";

const ruleSchema = z.strictObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});
const roleSchema = z.object({ kind: z.literal("Role"), rules: z.array(ruleSchema) });

const shipped = (file: string) =>
  rolesIn(readFileSync(new URL(`../../../deploy/${file}`, import.meta.url), "utf8")).flatMap(({ rules }) => rules);

function rolesIn(text: string) {
  const objects = parseAllDocuments(text).map((document): unknown => document.toJS());
  return objects.flatMap((object) => {
    const role = roleSchema.safeParse(object);
    return role.success ? [role.data] : [];
  });
}

/** `apps/statefulsets get`, and whether only named objects are meant. */
function rightsOf(rules: readonly z.infer<typeof ruleSchema>[]): string[] {
  const rights = rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => `${group}/${resource} ${verb}${resourceNames === undefined ? "" : " named"}`),
      ),
    ),
  );
  return [...new Set(rights)].sort();
}

function declaredRights(rules: readonly AccessRule[]): string[] {
  return rightsOf(
    rules.map(({ group, resources, verbs, named }) => ({
      apiGroups: [group],
      resources: [...resources],
      verbs: [...verbs],
      ...(named === undefined ? {} : { resourceNames: ["some"] }),
    })),
  );
}

async function printed(line: string): Promise<string> {
  const terminal = new FakeTerminal();
  expect(await run(line, terminal, new FakeWorld())).toBe(0);
  return terminal.stdout;
}

describe("npx handover rbac", () => {
  it("knows what every operation does with the Kubernetes API", () => {
    expect(Object.keys(accessTable).sort()).toEqual(catalogue.map(({ name }) => name).sort());
  });

  it("agrees with the Roles that are shipped", () => {
    const withoutScale = catalogue.flatMap(({ engine, name }) =>
      engine === "dolt" && name !== "dolt.scale" ? [name] : [],
    );
    expect(rightsOf(shipped("role.yaml"))).toEqual(declaredRights(accessRules("dolt", withoutScale)));
    expect(rightsOf([...shipped("role.yaml"), ...shipped("role-scale.yaml")])).toEqual(
      declaredRights(accessRules("dolt", "all")),
    );
  });

  it.each([
    ["kubernetes", "workloads"],
    ["cratedb", "cratedb"],
  ] as const)("agrees with the chart's Role for %s", (engine, file) => {
    const template = readFileSync(
      new URL(`../../../deploy/helm/handover/templates/roles-${file}.yaml`, import.meta.url),
      "utf8",
    );
    // The template's own actions are filled in by hand: there is no Helm here.
    const text = template
      .slice(template.indexOf("rules:"), template.lastIndexOf("---"))
      .replaceAll("{{ toJson . }}", '["some"]')
      .replaceAll(/^\s*\{\{-.*\}\}\n/gm, "");
    const { rules } = z.object({ rules: z.array(ruleSchema) }).parse(parse(text));
    expect(rightsOf(rules)).toEqual(declaredRights(accessRules(engine, "all")));
    expect(template).toContain(`{{- if $target.${file} }}`);
  });

  it("prints a Role and its binding, and names Secrets and ConfigMaps one by one", async () => {
    const text = await printed(
      "rbac --namespace db --engine dolt --operations scale --secrets login,ca --configmaps yaml --account ops/worker",
    );

    const [role] = rolesIn(text);
    expect(role?.rules).toContainEqual({
      apiGroups: [""],
      resources: ["secrets"],
      resourceNames: ["login", "ca"],
      verbs: ["get"],
    });
    expect(role?.rules).toContainEqual({
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["yaml"],
      verbs: ["get", "patch"],
    });
    expect(parseAllDocuments(text).at(1)?.toJS()).toMatchObject({
      kind: "RoleBinding",
      metadata: { namespace: "db" },
      subjects: [{ kind: "ServiceAccount", name: "worker", namespace: "ops" }],
    });
  });

  it("prints what is asked for and no more, and never all Secrets", async () => {
    const rights = rightsOf(
      rolesIn(await printed("rbac --namespace db --engine kubernetes --operations status")).flatMap(
        ({ rules }) => rules,
      ),
    );
    expect(rights.filter((right) => /patch|create|update/.test(right))).toEqual([
      "coordination.k8s.io/leases create",
      "coordination.k8s.io/leases update",
    ]);
    const all = await printed("rbac --namespace db --engine cratedb");
    expect(all).toContain("--secrets NAME");
    expect(
      rightsOf(rolesIn(all).flatMap(({ rules }) => rules)).filter((right) => right.startsWith("/secrets")),
    ).toEqual([]);
  });

  it.each([
    ["rbac --namespace db", "--engine cannot be"],
    ["rbac --engine dolt", "--namespace cannot be"],
    ["rbac --namespace db --engine dolt --operations failover,resume", "--operations cannot be “resume”"],
    ["rbac --namespace db --engine dolt --account worker", "--account cannot be"],
  ])("%s: says what is wrong", async (line, said) => {
    const terminal = new FakeTerminal();
    expect(await run(line, terminal, new FakeWorld())).toBe(2);
    expect(terminal.stderr).toContain(said);
  });
});
