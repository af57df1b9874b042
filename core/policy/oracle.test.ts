/**
 * A slow, plain reading of the rules (every rule is tried against every path, the winners are sorted by their criteria, written as a
 * list) against the compiled one, over random policies with everything a rule may hold. Both name the rule.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, Verb } from '@strongroom/sdk-plugin';
import { compilePolicies } from './compile.ts';
import { parsePolicy } from './parse.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);

interface Rule {
  readonly path: string;
  readonly capabilities: readonly string[];
  readonly allowed: Readonly<Record<string, readonly string[]>>;
  readonly denied: Readonly<Record<string, readonly string[]>>;
  readonly required: readonly string[];
  readonly min: number;
  readonly max: number;
}

interface Question {
  readonly path: string;
  readonly verb: Verb;
  readonly parameters: Readonly<Record<string, string>>;
  readonly wrapTtl: number;
}

const plain = (path: string): boolean => !path.endsWith('*') && !path.split('/').includes('+');

function matches(pattern: string, path: string): boolean {
  if (plain(pattern)) return pattern === path;
  const wanted = pattern.split('/');
  const given = path.split('/');
  for (const [at, segment] of wanted.entries()) {
    const here = given[at];
    if (here === undefined) return false;
    if (segment === '+') continue;
    // A star at the end stands for the rest of this segment and whatever follows.
    if (segment.endsWith('*')) return [here, ...given.slice(at + 1)].join('/').startsWith(segment.slice(0, -1));
    if (segment !== here) return false;
  }
  return wanted.length === given.length;
}

/** What comes first of two patterns that match: the list of criteria, in words that can be compared from left to right. */
function beats(a: string, b: string): boolean {
  const wildcardAt = (pattern: string): number => /(^|(?<=\/))\+(?=\/|$)|\*$/u.exec(pattern)?.index ?? pattern.length;
  const plusses = (pattern: string): number => pattern.split('/').filter((segment) => segment === '+').length;
  const criteria: readonly (readonly [number, number])[] = [
    [wildcardAt(a), wildcardAt(b)],
    [a.endsWith('*') ? 0 : 1, b.endsWith('*') ? 0 : 1],
    [-plusses(a), -plusses(b)],
    [a.length, b.length],
  ];
  for (const [mine, others] of criteria) if (mine !== others) return mine > others;
  return a > b;
}

const best = (patterns: readonly string[]): string | undefined => patterns.toSorted((a, b) => (beats(a, b) ? -1 : 1))[0];

/** The pattern that counts. */
function winner(rules: readonly Rule[], { path, verb }: Question): string | undefined {
  const patterns = [...new Set(rules.map((rule) => rule.path))];
  const directory = (verb === 'list' || verb === 'scan') && path.endsWith('/');
  const bare = path.slice(0, -1);
  if (patterns.includes(path) && plain(path)) return path;
  if (directory && patterns.includes(bare) && plain(bare)) return bare;
  const candidates = patterns.filter((pattern) => !plain(pattern) && matches(pattern, path));
  const found = best(candidates);
  if (!directory) return found;
  const refuses = best(patterns.filter((pattern) => !plain(pattern) && matches(pattern, bare)));
  const isDeny = rules.some((rule) => rule.path === refuses && rule.capabilities.includes('deny'));
  if (refuses === undefined || !isDeny) return found;
  return found === undefined || beats(refuses, found) ? refuses : found;
}

function globs(wanted: string, given: string): boolean {
  if (wanted.length < 2) return wanted === given;
  if (wanted.startsWith('*') && wanted.endsWith('*')) return given.includes(wanted.slice(1, -1));
  if (wanted.startsWith('*')) return given.endsWith(wanted.slice(1));
  return wanted.endsWith('*') ? given.startsWith(wanted.slice(0, -1)) : wanted === given;
}

/** Whether the values that several rules list for a name hold this one; undefined when none names it. No value at all is any value. */
function listed(lists: readonly Rule['allowed'][], name: string, value: string): boolean | undefined {
  const all = lists.flatMap((one) => (Object.hasOwn(one, name) ? [one[name] ?? []] : []));
  if (all.length === 0) return undefined;
  return all.some((values) => values.length === 0 || values.some((wanted) => globs(wanted, value)));
}

const least = (bounds: readonly number[]): number => Math.min(...bounds.filter((bound) => bound > 0));

function allowed(rules: readonly Rule[], question: Question): { readonly allowed: boolean; readonly sudo: boolean; readonly rule: string } {
  const pattern = winner(rules, question);
  const no = { allowed: false, sudo: false, rule: pattern ?? '-' };
  const united = rules.filter(({ path }) => path === pattern);
  const granted = new Set(united.flatMap(({ capabilities }) => capabilities));
  if (pattern === undefined || granted.has('deny') || !granted.has(question.verb)) return no;
  const { wrapTtl, parameters } = question;
  const [min, max] = [least(united.map((rule) => rule.min)), least(united.map((rule) => rule.max))];
  if (Number.isFinite(min) && wrapTtl < min) return no;
  if (Number.isFinite(max) && (wrapTtl === 0 || wrapTtl > max)) return no;
  const yes = { allowed: true, sudo: granted.has('sudo'), rule: pattern };
  if (['delete', 'list', 'scan'].includes(question.verb)) return yes;
  const names = Object.keys(parameters);
  if (united.some(({ required }) => required.some((name) => !names.includes(name)))) return no;
  const deniedLists = united.map((rule) => rule.denied);
  const allowedLists = united.map((rule) => rule.allowed);
  const restricted = allowedLists.some((one) => Object.keys(one).length > 0);
  for (const [name, value] of Object.entries(parameters)) {
    if (deniedLists.some((one) => Object.hasOwn(one, '*'))) return no;
    if (listed(deniedLists, name, value) === true) return no;
    if (!restricted) continue;
    const fits = listed(allowedLists, name, value) ?? allowedLists.some((one) => Object.hasOwn(one, '*'));
    if (!fits) return no;
  }
  return yes;
}

const textOf = (rules: readonly Rule[]): string =>
  JSON.stringify({
    path: rules.map(({ path, capabilities, allowed: may, denied, required, min, max }) => ({
      [path]: {
        capabilities,
        allowed_parameters: may,
        denied_parameters: denied,
        required_parameters: required,
        min_wrapping_ttl: min,
        max_wrapping_ttl: max,
      },
    })),
  });

const verb = fc.constantFrom<Verb>('create', 'read', 'update', 'patch', 'delete', 'list', 'scan');
const path = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'ab', 'abc', 'é', 'A', '%2f'), { minLength: 1, maxLength: 4 }), fc.constantFrom('', '', '/'))
  .map(([segments, end]) => segments.join('/') + end);
const pattern = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'ab', 'é', '+', '+'), { minLength: 1, maxLength: 4 }), fc.constantFrom('', '', '/', '*', '/*'))
  .map(([segments, end]) => segments.join('/') + end)
  .filter((text) => !text.endsWith('+*'));
const value = fc.constantFrom('x', 'xy', 'yx', 'axa', 'z');
const lists = fc.dictionary(fc.constantFrom('k', 'l', '*'), fc.array(fc.constantFrom('x', 'x*', '*x', '*x*', '*'), { maxLength: 2 }), {
  maxKeys: 2,
});
const seldom = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const rule: fc.Arbitrary<Rule> = fc.record({
  path: pattern,
  capabilities: fc.uniqueArray(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('create', 'read', 'update', 'patch', 'delete', 'list', 'scan') },
      { weight: 1, arbitrary: fc.constantFrom('sudo', 'deny') },
    ),
    { maxLength: 5 },
  ),
  allowed: seldom({}, lists),
  denied: seldom({}, lists),
  required: seldom<string[]>([], fc.constant(['k'])),
  min: seldom(0, fc.constantFrom(30, 60)),
  max: seldom(0, fc.constantFrom(60, 90)),
});
const question: fc.Arbitrary<Question> = fc.record({
  path,
  verb,
  parameters: fc.dictionary(fc.constantFrom('k', 'l', 'm'), value, { maxKeys: 2 }),
  wrapTtl: fc.constantFrom(0, 30, 60, 61, 90, 91),
});

test('the compiled policies decide as a plain reading of them does, and name the same rule', () => {
  const outcomes = { allowed: 0, refused: 0, unmatched: 0 };
  const policies = fc.array(fc.array(rule, { maxLength: 6 }), { minLength: 1, maxLength: 4 });
  const property = fc.property(policies, fc.array(question, { minLength: 4, maxLength: 12 }), (written, asked) => {
    const acl = compilePolicies(written.map((rules, index) => ({ name: `p${index}`, policy: parsePolicy(textOf(rules)) })));
    for (const one of asked) {
      const expected = allowed(written.flat(), one);
      const found = acl.decide({ ...one, parameters: new Map<string, Json>(Object.entries(one.parameters)) });
      expect([one, { allowed: found.allowed, sudo: found.allowed && found.sudo, rule: found.rule?.path ?? '-' }]).toEqual([one, expected]);
      outcomes[expected.allowed ? 'allowed' : expected.rule === '-' ? 'unmatched' : 'refused']++;
    }
  });
  fc.assert(property, { numRuns: 1500 * scale });
  // All three happened, and not by chance.
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(100);
});
