/** Lays out the text of a policy: two spaces a level, one between words, equals signs of neighbours below each other. Comments and heredocs stay. */

/** One piece of a line. */
type Piece =
  | { readonly kind: 'word' | 'open' | 'close' | 'comma' | 'equals' | 'comment'; readonly text: string }
  /** A heredoc, to the line that ends it. */
  | { readonly kind: 'heredoc'; readonly text: string };

const pieces =
  /(?<heredoc><<-?(?<tag>[A-Za-z_][A-Za-z0-9_]*)\r?\n(?:[^\n]*\n)*?[ \t]*\k<tag>(?=[ \t\r]*(?:\n|$)))|(?<comment>#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<word>"(?:[^"\\\n]|\\.)*"|[^\s"{}[\],=#/]+|\/)|(?<open>[{[])|(?<close>[}\]])|(?<comma>,)|(?<equals>=)|(?<newline>\n)|[ \t\r]+/gy;

/** Lays out HCL that the parser of policies takes. */
export function formatHcl(text: string): string {
  const lines = trimBlank(linesOf(text));
  let depth = 0;
  const laid = lines.map((line) => {
    const closing = line.findIndex(({ kind }) => kind !== 'close');
    const indent = Math.max(0, depth - (closing < 0 ? line.length : closing));
    for (const { kind } of line) depth += kind === 'open' ? 1 : kind === 'close' ? -1 : 0;
    return { line, indent };
  });
  const widths = equalsWidths(laid);
  return laid.map(({ line, indent }, at) => `${line.length === 0 ? '' : '  '.repeat(indent)}${joined(line, widths[at])}\n`).join('');
}

function linesOf(text: string): readonly (readonly Piece[])[] {
  const lines: Piece[][] = [[]];
  for (const { groups = {} } of text.matchAll(pieces)) {
    if (groups['newline'] !== undefined) lines.push([]);
    for (const kind of ['heredoc', 'comment', 'word', 'open', 'close', 'comma', 'equals'] as const)
      if (groups[kind] !== undefined) lines.at(-1)?.push({ kind, text: groups[kind].trimEnd() });
  }
  return lines;
}

/** At most one empty line between others, and none at the ends. */
function trimBlank(lines: readonly (readonly Piece[])[]): readonly (readonly Piece[])[] {
  return lines.filter(
    (line, at) => line.length > 0 || (at > 0 && lines[at - 1]?.length !== 0 && lines.slice(at).some((later) => later.length > 0)),
  );
}

/** How far the names of attributes are padded, line by line; neighbours at one level share a width. */
function equalsWidths(laid: readonly { readonly line: readonly Piece[]; readonly indent: number }[]): readonly number[] {
  const widths: number[] = [];
  for (let at = 0; at < laid.length;) {
    const indent = laid[at]?.indent;
    let end = at;
    while (isAttribute(laid[end]?.line) && laid[end]?.indent === indent) end += 1;
    const width = Math.max(0, ...laid.slice(at, end).map(({ line }) => line[0]?.text.length ?? 0));
    const stop = Math.max(end, at + 1);
    for (; at < stop; at += 1) widths.push(width);
  }
  return widths;
}

/** `name = value` that begins and ends on its line. */
function isAttribute(line: readonly Piece[] | undefined): boolean {
  if (line?.[0]?.kind !== 'word' || line[1]?.kind !== 'equals') return false;
  const depth = line.reduce((sum, { kind }) => sum + (kind === 'open' ? 1 : kind === 'close' ? -1 : 0), 0);
  return depth === 0;
}

function joined(line: readonly Piece[], width = 0): string {
  return line
    .map(({ kind, text }, at) => {
      const before = line[at - 1];
      if (before === undefined) return isAttribute(line) ? text.padEnd(width) : text;
      const tight = kind === 'comma' || before.text === '[' || text === ']' || (before.text === '{' && text === '}');
      return tight ? text : ` ${text}`;
    })
    .join('');
}
