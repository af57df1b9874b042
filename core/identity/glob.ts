/** Globs of token roles: `*` stands for any text, also none, anywhere. */

/** Whether a name matches. Linear in the name for each piece of the glob. */
export function matchesGlob(glob: string, name: string): boolean {
  const pieces = glob.split('*');
  const [first = ''] = pieces;
  if (pieces.length === 1) return glob === name;
  const last = pieces.at(-1) ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Whether a name is in a list, or matches one of the globs. */
export function isListed(name: string, list: readonly string[], globs: readonly string[]): boolean {
  return list.includes(name) || globs.some((glob) => matchesGlob(glob, name));
}
