import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runSideCommand } from "../../../src/cli/side-commands.ts";
import { FakeTerminal } from "../cli/stand-ins.ts";
import { readPage } from "./pages.ts";

const [configuration = "", expectations = ""] = [...readPage("docs/policy.md").matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text]) => text ?? "",
);

it("docs/policy.md shows a policy that is valid, and expectations that it meets", async () => {
  const folder = mkdtempSync(join(tmpdir(), "handover-policy-page-"));
  const terminal = new FakeTerminal();
  try {
    writeFileSync(join(folder, "handover.yaml"), configuration);
    writeFileSync(join(folder, "expectations.yaml"), expectations);
    const code = await runSideCommand(["policy", "test", join(folder, "expectations.yaml")], terminal, {});
    expect(terminal.stderr + terminal.stdout).toContain("All 4 expectations are met.");
    expect(code).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
