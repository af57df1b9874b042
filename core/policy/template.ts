/** `{{…}}` in the paths of policies: values of the caller's identity. What an expression means is the resolver's business. */
import { StrongroomError } from '../errors.ts';
import { parsePattern, type Pattern } from './pattern.ts';

/** Gives the value of an expression such as `identity.entity.id`; undefined when this caller has none, and the rule is then not theirs. */
export type TemplateResolver = (expression: string) => string | undefined;

const expression = /\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}/gu;

/** Tells whether a path holds a template. */
export function hasTemplate(path: string): boolean {
  return path.includes('{{');
}

/** Says what is wrong with a templated path, if anything: checked when it is written, with a name in place of each expression. */
export function templateFault(path: string): string | undefined {
  const filled = path.replace(expression, 'x');
  if (/\{\{|\}\}/u.test(filled)) return 'a template must be {{ and a dotted name and }}';
  try {
    parsePattern(filled);
  } catch (error) {
    if (error instanceof StrongroomError) return error.message;
    throw error;
  }
  return undefined;
}

/**
 * Fills in the values. Gives undefined when one is absent.
 * @throws StrongroomError `denied` when a value could widen the pattern or leave its segment: dropping the rule instead could lift a deny
 */
export function fillTemplate(path: string, resolve: TemplateResolver): Pattern | undefined {
  const values = new Map<string, string>();
  for (const [, name = ''] of path.matchAll(expression)) {
    const value = resolve(name);
    if (value === undefined || value === '') return undefined;
    if (/[/*+]/u.test(value) || value === '.' || value === '..') throw unfit();
    values.set(name, value);
  }
  try {
    return parsePattern(path.replace(expression, (_whole, name: string) => values.get(name) ?? ''));
  } catch (error) {
    if (error instanceof StrongroomError) throw unfit();
    throw error;
  }
}

function unfit(): StrongroomError {
  return new StrongroomError('denied', 'a value of the identity cannot stand in a policy path (it holds / * + or is not canonical)');
}
