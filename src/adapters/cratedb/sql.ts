/** A text as a literal of CrateDB: a quotation mark in it is doubled, a backslash is nothing special. */
export function literal(value: string | number | boolean): string {
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

/** A name as it is, with its capitals and dots. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literals(values: readonly (string | number)[]): string {
  return values.map(literal).join(", ");
}
