import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { fail } from "../domain/errors.ts";

/**
 * Reads a YAML file by its schema. Unknown keys are errors where the schema is strict.
 * @param file how the errors name it
 * @throws {HandoverError} `configuration_invalid`, each issue with its line and column
 */
export function readYaml<Schema extends z.ZodType>(text: string, file: string, schema: Schema): z.output<Schema> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const unreadable = [...document.errors, ...document.warnings];
  if (unreadable.length > 0) {
    const issues = unreadable.map(
      (error) => `${at(error.pos[0])}: ${error.message.split("\n")[0]?.split(" at line")[0]}`,
    );
    throw fail("configuration_invalid", { file, issues });
  }
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) =>
    linesOf(issue).map(({ path, text }) => `${at(offsetOf(document.contents, path))}: ${text}`),
  );
  throw fail("configuration_invalid", { file, issues });
}

interface IssueLine {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

function linesOf(issue: z.core.$ZodIssue): IssueLine[] {
  const { path } = issue;
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: [...path, key], text: `unknown key ${pathText([...path, key])}` }));
    case "invalid_union": {
      const closest = issue.errors.find((errors) => !errors.some(isOfAnotherType));
      if (closest === undefined) break;
      return closest.flatMap((error) => linesOf({ ...error, path: [...path, ...error.path] }));
    }
  }
  return [{ path, text: `${pathText(path)} ${issue.message}` }];
}

/** Of a union: this branch is not the one that was meant, because the value is of another type altogether. */
function isOfAnotherType({ code, path }: z.core.$ZodIssue): boolean {
  return code === "invalid_type" && path.length === 0;
}

/** Where the deepest part of this path that is there begins. */
function offsetOf(root: unknown, path: readonly PropertyKey[]): number {
  let node = root;
  let offset = startOf(root) ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      offset = startOf(node) ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the document";
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}
