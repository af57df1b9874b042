/** The word that somebody may have meant. */

/** Gives the nearest of some words: at most a third of the letters changed, added, left out or swapped; undefined when none is near. */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of words) {
    const distance = candidate.startsWith(word) && word.length > 1 ? 0.5 : distanceOf(word, candidate);
    if (distance <= Math.max(1, Math.ceil(Math.max(word.length, candidate.length) / 3)) && distance < (best?.distance ?? Infinity))
      best = { word: candidate, distance };
  }
  return best?.word;
}

/** Tells whether a word of the caller may be repeated to them: what is long, or not plain letters, could be a secret in the wrong place. */
export function shownWord(word: string): boolean {
  return /^[A-Za-z][A-Za-z-]{0,23}$/.test(word);
}

/** Edits that turn one word into the other; a swap of neighbours is one. */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Infinity;
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed, swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? Infinity;
}
