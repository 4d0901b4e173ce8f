/** `, did you mean --listen?` when one of the candidates is close to what was typed, else nothing. */
export function didYouMean(typed: string, candidates: readonly string[]): string {
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: editDistance(typed, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  const allowed = Math.max(1, Math.floor(typed.replace(/^-+/, "").length / 3));
  return best !== undefined && best.edits <= allowed ? `, did you mean ${best.candidate}?` : "";
}

/** Levenshtein's distance: insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
