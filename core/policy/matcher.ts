/**
 * Finds the rule that counts for a path. Patterns never become regular expressions.
 *
 *     exact                 a Map by path
 *     literal prefix + *    one PrefixIndex over whole paths
 *     with + segments       a tree by segment; each node once per decision, so never more steps than there are patterns
 */
import { compareSpecificity, type Pattern } from './pattern.ts';
import { PrefixIndex, type StepCount } from './prefix-index.ts';

/** What the matcher holds: anything with a pattern. */
export interface Matchable {
  readonly pattern: Pattern;
}

interface Branch<T> {
  readonly literals: Map<string, Branch<T>>;
  plus: Branch<T> | undefined;
  /** The pattern that ends with the segment of this branch. */
  end: T | undefined;
  /** Patterns that end in `*`, by what stands before it in the segment after this branch. */
  readonly partial: Map<string, T>;
  index: PrefixIndex<T> | undefined;
}

function newBranch<T>(): Branch<T> {
  return { literals: new Map(), plus: undefined, end: undefined, partial: new Map(), index: undefined };
}

/** Rules by pattern, each pattern once. */
export class Matcher<T extends Matchable> {
  readonly #exact = new Map<string, T>();
  readonly #prefixes: PrefixIndex<T>;
  readonly #wild: Branch<T> = newBranch();
  #hasWild = false;

  constructor(rules: Iterable<T>) {
    const prefixes: [string, T][] = [];
    for (const rule of rules) {
      const { text, prefix, wildcards } = rule.pattern;
      if (wildcards > 0) this.#insertWild(rule);
      else if (prefix) prefixes.push([text, rule]);
      else this.#exact.set(text, rule);
    }
    this.#prefixes = new PrefixIndex(prefixes);
  }

  #insertWild(rule: T): void {
    this.#hasWild = true;
    const segments = rule.pattern.text.split('/');
    const partial = rule.pattern.prefix ? (segments.pop() ?? '') : undefined;
    let branch = this.#wild;
    for (const segment of segments) {
      let next = segment === '+' ? branch.plus : branch.literals.get(segment);
      if (!next) {
        next = newBranch();
        if (segment === '+') branch.plus = next;
        else branch.literals.set(segment, next);
      }
      branch = next;
    }
    if (partial === undefined) branch.end = rule;
    else branch.partial.set(partial, rule);
  }

  /** Gives the rule for exactly this path, without wildcards. */
  exact(path: string): T | undefined {
    return this.#exact.get(path);
  }

  /** Gives the most specific rule with a `+` or a `*` that matches. */
  wild(path: string, count?: StepCount): T | undefined {
    const prefixed = this.#prefixes.longest(path, count);
    if (!this.#hasWild) return prefixed;
    return this.#walk(this.#wild, path.split('/'), 0, prefixed, count);
  }

  #walk(branch: Branch<T>, segments: readonly string[], depth: number, found: T | undefined, count: StepCount | undefined): T | undefined {
    if (count) count.steps++;
    const segment = segments[depth];
    if (segment === undefined) return better(found, branch.end);
    let best = found;
    if (branch.partial.size > 0) {
      branch.index ??= new PrefixIndex(branch.partial);
      best = better(best, branch.index.longest(segment, count));
    }
    const literal = branch.literals.get(segment);
    if (literal) best = this.#walk(literal, segments, depth + 1, best, count);
    if (branch.plus) best = this.#walk(branch.plus, segments, depth + 1, best, count);
    return best;
  }
}

function better<T extends Matchable>(a: T | undefined, b: T | undefined): T | undefined {
  if (!a || !b) return a ?? b;
  return compareSpecificity(a.pattern, b.pattern) > 0 ? a : b;
}
