/** The path pattern of a rule: what it may look like, its parts, and which of two that match the same path counts. */
import { StrongroomError } from '../errors.ts';

/** UTF-8 bytes of a pattern. */
export const patternBytesMax = 4096;

/** A pattern, taken apart. `secret/+/x*` has text `secret/+/x`, prefix true, wildcards 1, firstWildcard 7. */
export interface Pattern {
  /** As written, without the leading slash. */
  readonly source: string;
  /** Without the `*` at the end. */
  readonly text: string;
  /** Ends in `*`: matches whatever follows, also nothing. */
  readonly prefix: boolean;
  /** Number of `+` segments. */
  readonly wildcards: number;
  /** Index of the first `+`, else of the `*`; the length when there is neither. */
  readonly firstWildcard: number;
}

/**
 * Takes a pattern apart. One leading slash is dropped, everything else must be canonical already: nothing is repaired.
 * @throws StrongroomError `invalid` that says which rule was broken
 */
export function parsePattern(written: string): Pattern {
  const source = written.startsWith('/') ? written.slice(1) : written;
  const wrong = patternFault(source);
  if (wrong !== undefined) throw new StrongroomError('invalid', `the path ${wrong}`);
  const prefix = source.endsWith('*');
  const text = prefix ? source.slice(0, -1) : source;
  const segments = text.split('/');
  const firstPlus = segments.indexOf('+');
  const firstWildcard = firstPlus < 0 ? text.length : segments.slice(0, firstPlus).reduce((sum, segment) => sum + segment.length + 1, 0);
  return { source, text, prefix, wildcards: segments.filter((segment) => segment === '+').length, firstWildcard };
}

function patternFault(source: string): string | undefined {
  if (source === '') return 'is empty';
  if (Buffer.byteLength(source) > patternBytesMax) return `is longer than ${patternBytesMax} bytes`;
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\\]/u.test(source) || !source.isWellFormed())
    return 'holds a control character, a backslash or half a surrogate pair';
  const star = source.indexOf('*');
  if (star >= 0 && star < source.length - 1) return 'has a * that is not its last character';
  const segments = source.split('/');
  if (segments.some((segment) => segment !== '+' && segment.includes('+'))) return 'has a + that is not a whole segment';
  if (segments.slice(0, -1).includes('')) return 'has an empty segment';
  if (segments.includes('.') || segments.includes('..')) return 'has a . or .. segment';
  return undefined;
}

/**
 * Orders patterns that match the same path: positive when `a` is the more specific one. Vault's order: the later first wildcard,
 * then the one without `*` at its end, then the one with fewer `+`, then the longer, then the greater by code units.
 */
export function compareSpecificity(a: Pattern, b: Pattern): number {
  return (
    a.firstWildcard - b.firstWildcard ||
    Number(b.prefix) - Number(a.prefix) ||
    b.wildcards - a.wildcards ||
    a.text.length - b.text.length ||
    Number(a.text > b.text) - Number(a.text < b.text)
  );
}
