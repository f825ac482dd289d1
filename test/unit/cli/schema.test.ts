import { expect, it } from "vitest";
import { z } from "zod";
import { runSideCommand } from "../../../src/cli/side-commands.ts";
import { FakeTerminal } from "./stand-ins.ts";

it("npx handover schema prints a JSON schema with every key's own, for editors", async () => {
  const terminal = new FakeTerminal();
  expect(await runSideCommand(["schema"], terminal, {})).toBe(0);
  const schema = z
    .object({
      $schema: z.literal("http://json-schema.org/draft-07/schema#"),
      required: z.array(z.string()),
      properties: z.object({
        groups: z.looseObject({}),
        policy: z.object({ items: z.object({ properties: z.record(z.string(), z.unknown()) }) }),
      }),
    })
    .parse(JSON.parse(terminal.stdout));
  // What has a default may be left out.
  expect(schema.required).toEqual(["version", "slack", "clusters", "edge", "policy"]);
  expect(Object.keys(schema.properties.policy.items.properties)).toEqual(
    expect.arrayContaining(["operations", "approvals", "escalation", "freeze", "breakGlass", "whenSlackIsAway"]),
  );
});
