type Labels = Readonly<Record<string, string>>;

/** The labels that all objects behind a target have in common: a rule for a label is about the whole target. */
export function commonLabels(all: readonly Labels[]): Labels {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([label, value]) => others.every((labels) => labels[label] === value)),
  );
}
