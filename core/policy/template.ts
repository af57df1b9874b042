/** `{{…}}` in the paths of policies: values of the caller's identity. What an expression means is the resolver's business. */
import { StrongroomError } from '../errors.ts';
import { parsePattern, type Pattern } from './pattern.ts';

/** Gives the value of an expression such as `identity.entity.id`; undefined when this caller has none, and the rule is then not theirs. */
export type TemplateResolver = (expression: string) => string | undefined;

const expression = /\{\{\s*([^{}\s](?:[^{}]*[^{}\s])?)\s*\}\}/gu;

/** Tells whether a path holds a template. */
export function hasTemplate(path: string): boolean {
  return path.includes('{{');
}

/**
 * Says what is wrong with a templated path, if anything: checked when it is written, with a name in place of each expression.
 * @param isKnown whether an expression means something
 */
export function templateFault(path: string, isKnown: (expression: string) => boolean): string | undefined {
  const filled = path.replace(expression, 'x');
  if (/\{\{|\}\}/u.test(filled)) return 'a template must be {{ and a dotted name and }}';
  for (const [, name = ''] of path.matchAll(expression))
    if (!isKnown(name)) return 'a template names nothing of the identity that there is';
  try {
    parsePattern(filled);
  } catch (error) {
    if (error instanceof StrongroomError) return error.message;
    throw error;
  }
  return undefined;
}

/** What filling in came to: a pattern; or that a value is absent, or could widen the pattern or leave its segment. */
export type FilledTemplate =
  | { readonly kind: 'pattern'; readonly pattern: Pattern }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unfit' };

/** Fills in the values. One that holds `/`, `*`, `+`, a backslash or a control character, or is `.` or `..`, is unfit. */
export function fillTemplate(path: string, resolve: TemplateResolver): FilledTemplate {
  const values = new Map<string, string>();
  for (const [, name = ''] of path.matchAll(expression)) {
    const value = resolve(name);
    if (value === undefined || value === '') return { kind: 'absent' };
    if (/[/*+]/u.test(value) || value === '.' || value === '..') return { kind: 'unfit' };
    values.set(name, value);
  }
  try {
    return { kind: 'pattern', pattern: parsePattern(path.replace(expression, (_whole, name: string) => values.get(name) ?? '')) };
  } catch (error) {
    if (error instanceof StrongroomError) return { kind: 'unfit' };
    throw error;
  }
}
