/** The known word that a misspelt one was most likely meant to be; null when none is near enough to be offered. */
export function nearestWord(given: string, known: readonly string[]): string | null {
  const mostEdits = Math.max(1, Math.floor(given.length / 3));
  let best: { word: string; edits: number } | null = null;
  for (const word of known) {
    const edits = editDistance(given.toLowerCase(), word);
    if (edits <= mostEdits && (best === null || edits < best.edits)) best = { word, edits };
  }
  return best?.word ?? null;
}

/** Longer words than this are never a slip of the fingers; comparing them would only take time. */
const longestCompared = 64;

/** How many letters have to be changed, left out, put in or swapped with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  if (a.length > longestCompared || b.length > longestCompared) return a === b ? 0 : Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const choices = [cell(row, j) + 1, cell(next, j - 1) + 1, cell(row, j - 1) + (same ? 0 : 1)];
      if (swapped) choices.push(cell(before, j - 2) + 1);
      next.push(Math.min(...choices));
    }
    before = row;
    row = next;
  }
  return cell(row, b.length);
}

function cell(row: readonly number[], at: number): number {
  return row[at] ?? Number.POSITIVE_INFINITY;
}
