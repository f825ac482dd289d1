/**
 * What to tell a person of an error: its message and those of its causes, without stacks.
 * @param {unknown} error
 * @returns {string}
 */
export function describeError(error) {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  because: ${describeError(error.cause)}`;
}
