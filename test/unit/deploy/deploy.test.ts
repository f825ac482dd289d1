import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { entries } from "../../../bin/build.mjs";
import { botScopes, knownMethods, scopesOfMethods } from "../../../src/cli/manifest/scopes.ts";
import { slackManifest } from "../../../src/cli/manifest/slack-app.ts";
import { readConfiguration } from "../../../src/config/handover-yaml.ts";
import { version } from "../../../src/version.ts";

const folder = new URL("../../../deploy/", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), "utf8");
const objects = (text: string): unknown[] => parseAllDocuments(text).map((document): unknown => document.toJS());

const ruleSchema = z.strictObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});

/** The chart's Role as text, its template actions filled in by hand: there is no Helm here. */
function chartRules(): unknown {
  const template = read("helm/handover/templates/roles.yaml");
  const begin = template.indexOf("rules:");
  const end = template.indexOf("---", begin);
  const text = template
    .slice(begin, end)
    .replace("{{ toJson . }}", '["orders-credentials"]')
    .replaceAll(/^\s*\{\{-.*\}\}\n/gm, "");
  return z.object({ rules: z.array(ruleSchema) }).parse(parse(text)).rules;
}

describe("the worker's Role", () => {
  const role = z.object({ rules: z.array(ruleSchema) }).parse(objects(read("role.yaml"))[0]);

  it("allows exactly what the worker needs, and Secrets by name only", () => {
    const allowed = role.rules.map((rule) => `${rule.resources.join(",")}: ${rule.verbs.join(",")}`);
    expect(allowed).toEqual([
      "statefulsets: get,list,watch",
      "pods: get,list,patch",
      "pods/eviction: create",
      "pods/log: get",
      "events: list",
      "services: list",
      "networkpolicies: list",
      "configmaps: get",
      "leases: get,list,create,update",
      "secrets: get",
    ]);
    expect(role.rules.at(-1)?.resourceNames).toEqual(["orders-credentials"]);
  });

  it("is the same in the chart", () => {
    expect(chartRules()).toEqual(role.rules);
  });

  it("has what scaling takes apart, for those namespaces only where it is wanted", () => {
    const scale = z.object({ rules: z.array(ruleSchema) }).parse(objects(read("role-scale.yaml"))[0]);
    const template = read("helm/handover/templates/roles.yaml");
    const text = template.slice(template.lastIndexOf("rules:"), template.lastIndexOf("---"));
    expect(parse(text.replace("{{ toJson . }}", '["orders-config"]'))).toEqual({ rules: scale.rules });
    expect(template).toContain("{{- with $target.scaleConfigMaps }}");
  });
});

describe("the example configuration", () => {
  it("is one that edge and worker accept", () => {
    const { policy } = readConfiguration(read("handover.yaml"), "deploy/handover.yaml");
    expect(policy.length).toBeGreaterThan(2);
  });
});

describe("the Deployment", () => {
  const environmentSchema = z.array(z.looseObject({ name: z.string() }));
  const deploymentSchema = z.object({
    kind: z.literal("Deployment"),
    spec: z.object({
      template: z.object({
        spec: z.object({ containers: z.tuple([z.looseObject({ image: z.string(), env: environmentSchema })]) }),
      }),
    }),
  });
  const deployment = deploymentSchema.parse(objects(read("worker.yaml")).at(-1));
  const [container] = deployment.spec.template.spec.containers;

  it("runs this version", () => {
    expect(container.image).toBe(`handover:${version}`);
    const chart = z
      .object({ version: z.string(), appVersion: z.string() })
      .parse(parse(read("helm/handover/Chart.yaml")));
    expect(chart).toEqual({ version, appVersion: version });
  });

  it("takes secrets from mounted files, never from its own text", () => {
    const names = container.env.map((variable) => variable.name);
    for (const secret of ["REDIS_URL", "SLACK_BOT_TOKEN", "HANDOVER_CLUSTER_KEY"]) {
      expect(names).toContain(`${secret}_FILE`);
      expect(names).not.toContain(secret);
    }
  });

  it("has the same variables in the chart, apart from those that have defaults", () => {
    const chart = read("helm/handover/templates/worker.yaml");
    const inChart = [...chart.matchAll(/- name: ([A-Z_]+)$/gm)].map(([, name]) => name);
    const optional = ["HANDOVER_LEASE_SECONDS", "HANDOVER_LOG_LEVEL", "HANDOVER_PAGERDUTY_TOKEN_FILE"];
    expect(inChart.toSorted()).toEqual([...container.env.map((variable) => variable.name), ...optional].toSorted());
  });
});

describe("the Slack app", () => {
  it("is what the command prints, and asks for the scopes that are used and no more", () => {
    const url = "https://handover.example.com/slack/events";
    const printed = slackManifest({ kind: "http", url }, { grid: false });
    expect(parse(read("slack-manifest.yaml"))).toEqual(parse(printed));
    expect(new Set(botScopes.map(({ scope }) => scope))).toEqual(scopesOfMethods);
  });

  it("knows every method of Slack's that is called, and no other", () => {
    const adapters = new URL("../../../src/", import.meta.url);
    const called = readdirSync(adapters, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.name.endsWith(".ts") && entry.name !== "scopes.ts")
      .flatMap((entry) => [
        ...readFileSync(`${entry.parentPath}/${entry.name}`, "utf8").matchAll(
          /"((?:auth|chat|conversations|usergroups|users|views)\.[a-zA-Z.]+)"/g,
        ),
      ])
      .map(([, method]) => method);
    expect([...new Set(called)].toSorted()).toEqual([...knownMethods].toSorted());
  });
});

describe("the Lambda template", () => {
  it("names the handler that the build makes", () => {
    expect(entries).toHaveProperty("lambda");
    expect(read("lambda.yaml")).toContain("Handler: lambda.handler");
  });
});

it("holds nothing that looks like a secret", () => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(10);
  for (const entry of files) {
    const text = readFileSync(`${entry.parentPath}/${entry.name}`, "utf8");
    expect(text, entry.name).not.toMatch(/xox[bp]-|xapp-|MC4CAQAw|BEGIN [A-Z ]*PRIVATE KEY/);
  }
});
