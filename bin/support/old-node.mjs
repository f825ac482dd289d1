/**
 * Imported first by every command in bin/, for its effect: says in one line that this Node is too old, where the
 * packages' own errors would be riddles. What follows still runs on Node 18, to find or bring Node 24.
 */
const oldestMajor = 18;
const major = Number(process.versions.node.split(".")[0]);
if (major < oldestMajor) {
  console.error(
    `Handover's commands start on Node ${oldestMajor} or newer, and this is Node ${process.versions.node}. ` +
      "Install Node 24 (https://nodejs.org/en/download) and run the command again.",
  );
  process.exit(1);
}
