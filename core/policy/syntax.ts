/** The tree that both notations of a policy (HCL and JSON) are read into, and the reader of characters that both parsers share. */
import { StrongroomError } from '../errors.ts';

/** Nesting of lists and objects, in either notation. */
export const syntaxDepthMax = 32;

/** A value as it was written, with the line (from 1) it starts on. */
export type Node =
  | { readonly kind: 'string'; readonly text: string; readonly line: number }
  | { readonly kind: 'number'; readonly lexeme: string; readonly line: number }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly line: number }
  | { readonly kind: 'null'; readonly line: number }
  | { readonly kind: 'list'; readonly items: readonly Node[]; readonly line: number }
  | { readonly kind: 'object'; readonly members: readonly Member[]; readonly line: number };

/** A named value of an object or of the top level. */
export interface Member {
  readonly name: string;
  readonly value: Node;
  readonly line: number;
}

/** Makes the refusal of a policy text. `what` names the rule that was broken, never what was written. */
export function syntaxError(line: number, what: string): StrongroomError {
  return new StrongroomError('invalid', `policy, line ${line}: ${what}`);
}

/** A position in a text. Only ever moves forward, which is what keeps both parsers linear. */
export class Cursor {
  readonly text: string;
  at = 0;
  line = 1;

  constructor(text: string) {
    this.text = text;
  }

  /** The character here; '' at the end. */
  peek(ahead = 0): string {
    return this.text.charAt(this.at + ahead);
  }

  /** Steps over one character and gives it. */
  next(): string {
    const char = this.text.charAt(this.at++);
    if (char === '\n') this.line++;
    return char;
  }

  /** Steps over what the sticky expression matches here, if anything. It must not be able to match a line break. */
  match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    return found;
  }

  /** Steps over a literal if it stands here. */
  take(literal: string): boolean {
    if (!this.text.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }

  fail(what: string): StrongroomError {
    return syntaxError(this.line, this.at >= this.text.length ? `${what} (the text ends here)` : what);
  }
}

/** Reads exactly `size` hexadecimal digits into a code point. */
export function hexEscape(cursor: Cursor, size: 2 | 4 | 8): number {
  const digits = cursor.text.slice(cursor.at, cursor.at + size);
  if (digits.length < size || !/^[0-9a-fA-F]+$/u.test(digits)) throw cursor.fail(`an escape needs ${size} hexadecimal digits`);
  cursor.at += size;
  return Number.parseInt(digits, 16);
}
