import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePolicies } from './compile.ts';
import { Matcher } from './matcher.ts';
import { parsePolicy } from './parse.ts';
import { parsePattern, type Pattern } from './pattern.ts';
import { PrefixIndex } from './prefix-index.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);

/** The rule of WIRE's text, written as plainly as possible: every pattern is tried, segment by segment, and the winners are sorted. */
function naiveWinner(patterns: readonly string[], path: string): string | undefined {
  const exact = patterns.find((pattern) => !pattern.includes('+') && !pattern.endsWith('*') && pattern === path);
  if (exact !== undefined) return exact;
  const matching = patterns.filter((pattern) => /[+*]/u.test(pattern) && naiveMatches(pattern, path));
  return matching.sort(naiveOrder)[0];
}

function naiveMatches(pattern: string, path: string): boolean {
  const glob = pattern.endsWith('*');
  const wanted = (glob ? pattern.slice(0, -1) : pattern).split('/');
  const given = path.split('/');
  if (given.length < wanted.length || (!glob && given.length > wanted.length)) return false;
  return wanted.every((segment, index) => {
    const here = given[index] ?? '';
    if (segment === '+') return true;
    return glob && index === wanted.length - 1 ? here.startsWith(segment) : here === segment;
  });
}

function naiveKey(text: string): readonly [number, number, number, number] {
  return [
    -text.split('').findIndex((char) => char === '+' || char === '*'),
    text.endsWith('*') ? 1 : 0,
    text.split('/').filter((part) => part === '+').length,
    -text.length,
  ];
}

function naiveOrder(a: string, b: string): number {
  const [ka, kb] = [naiveKey(a), naiveKey(b)];
  for (const index of [0, 1, 2, 3] as const) if (ka[index] !== kb[index]) return ka[index] - kb[index];
  return a < b ? 1 : -1;
}

function matcherOf(patterns: readonly string[]): Matcher<{ readonly pattern: Pattern }> {
  return new Matcher(patterns.map((pattern) => ({ pattern: parsePattern(pattern) })));
}

const segment = fc.constantFrom('a', 'b', 'ab', 'abc', 'c', '+', '+');
const pattern = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 5 }), fc.constantFrom('', '', '/', '*', '/*'))
  .map(([segments, end]) => segments.join('/') + end)
  .filter((text) => !text.endsWith('+*'));
const path = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'ab', 'abc', 'abcd', 'c', 'z'), { minLength: 1, maxLength: 6 }), fc.constantFrom('', '', '/'))
  .map(([segments, end]) => segments.join('/') + end);

test('the compiled matcher finds the rule that a naive one finds', () => {
  const property = fc.property(
    fc.uniqueArray(pattern, { maxLength: 12 }),
    fc.array(path, { minLength: 1, maxLength: 8 }),
    (patterns, paths) => {
      const matcher = matcherOf(patterns);
      for (const asked of paths) {
        const found = matcher.exact(asked) ?? matcher.wild(asked);
        expect([asked, found?.pattern.source]).toEqual([asked, naiveWinner(patterns, asked)]);
      }
    },
  );
  fc.assert(property, { numRuns: 2000 * scale });
});

test('decisions over several policies equal those over the union of the winning path', () => {
  const capability = fc.constantFrom('read', 'update', 'list', 'deny');
  const rule = fc.record({ path: pattern, capabilities: fc.uniqueArray(capability, { maxLength: 2 }) });
  const policies = fc.array(fc.array(rule, { maxLength: 5 }), { minLength: 1, maxLength: 3 });
  const property = fc.property(policies, path, fc.constantFrom('read', 'update'), (written, asked, verb) => {
    const acl = compilePolicies(
      written.map((rules, index) => ({
        name: String(index),
        policy: parsePolicy(rules.map((one) => `path "${one.path}" { capabilities = ${JSON.stringify(one.capabilities)} }`).join('\n')),
      })),
    );
    const all = written.flat();
    const winner = naiveWinner([...new Set(all.map((one) => one.path))], asked);
    const granted = new Set(all.filter((one) => one.path === winner).flatMap((one) => one.capabilities));
    expect(acl.decide({ path: asked, verb }).allowed).toBe(granted.has(verb) && !granted.has('deny'));
  });
  fc.assert(property, { numRuns: 1000 * scale });
});

test('what is reachable below a prefix is what some path below it is granted', () => {
  const rule = fc.record({ path: pattern, capabilities: fc.constantFrom(['read'], ['deny'], ['read']) });
  const property = fc.property(fc.array(rule, { maxLength: 6 }), fc.constantFrom('a/', 'ab/', 'a/b/'), (rules, prefix) => {
    const text = rules.map((one) => `path "${one.path}" { capabilities = ${JSON.stringify(one.capabilities)} }`).join('\n');
    const acl = compilePolicies([{ name: 'p', policy: parsePolicy(text) }]);
    // Without a slash at the end, which only LIST may bring.
    const names = ['a', 'b', 'ab', 'abc', 'c', 'zz'];
    const below = names.flatMap((one) => [
      one,
      ...names.flatMap((two) => [`${one}/${two}`, ...names.map((three) => `${one}/${two}/${three}`)]),
    ]);
    const someGranted = below.some((rest) => acl.decide({ path: prefix + rest, verb: 'read' }).allowed);
    expect(acl.grantsAnyUnder(prefix) || !someGranted).toBe(true);
  });
  fc.assert(property, { numRuns: 500 * scale });
});

test('the prefix index finds the longest prefix that a scan finds', () => {
  const text = fc.stringMatching(/^[ab]{0,6}$/u);
  const property = fc.property(fc.uniqueArray(text, { maxLength: 20 }), text, (prefixes, asked) => {
    const index = new PrefixIndex(prefixes.map((prefix) => [prefix, prefix] as const));
    const longest = prefixes.filter((prefix) => asked.startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
    expect(index.longest(asked)).toBe(longest);
  });
  fc.assert(property, { numRuns: 1000 * scale });
});

test.each([
  ['+/+/+/+/ and a name', (index: number) => `+/+/+/+/a${index}`, 10],
  ['a name and plusses', (index: number) => `a${index}/+/+/+/+`, 10],
  ['plusses and a prefix', (index: number) => `+/+/a${index}*`, 40],
  ['prefixes without plus', (index: number) => `x/a${index}*`, 40],
])('10,000 rules of %s cost few steps per decision', (_title, make, stepsMax) => {
  const matcher = matcherOf(Array.from({ length: 10_000 }, (_, index) => make(index)));
  for (const asked of ['x/y/z/w/a9999', 'a77/x/y/z/w', 'a/b/a5000c/d', 'x/a9999zzz', 'x'.repeat(4096), 'x/'.repeat(2000)]) {
    const count = { steps: 0 };
    matcher.wild(asked, count);
    expect(count.steps).toBeLessThanOrEqual(stepsMax);
  }
});

test('no set of rules costs more than twice as many steps as it has rules', () => {
  // All 4,096 patterns of twelve segments that are a or +: the worst a tree can meet.
  const patterns = Array.from({ length: 4096 }, (_, bits) =>
    Array.from({ length: 12 }, (_unused, at) => ((bits >> at) & 1 ? 'a' : '+')).join('/'),
  );
  const matcher = matcherOf(patterns.filter((one) => one.includes('+')));
  const count = { steps: 0 };
  expect(matcher.wild('a/'.repeat(11) + 'a', count)?.pattern.source).toBe(`${'a/'.repeat(11)}+`);
  expect(count.steps).toBeLessThanOrEqual(2 * patterns.length);
});

test('nested prefixes are searched, not tried one by one', () => {
  const index = new PrefixIndex(Array.from({ length: 4000 }, (_, size) => ['a'.repeat(size), size] as const));
  const count = { steps: 0 };
  expect(index.longest(`${'a'.repeat(3000)}b`, count)).toBe(3000);
  // The chain is walked once, each link in one comparison of lengths.
  expect(count.steps).toBeLessThanOrEqual(4000 + 12);
});

test('a policy of 1 MiB compiles', () => {
  let text = '';
  for (let index = 0; text.length < 1_048_576 - 100; index++) text += `path "secret/+/team-${index}/*" { capabilities = ["read"] }\n`;
  const acl = compilePolicies([{ name: 'big', policy: parsePolicy(text) }]);
  expect(acl.decide({ path: 'secret/x/team-12345/y', verb: 'read' }).allowed).toBe(true);
  expect(acl.decide({ path: 'secret/x/team-0x/y', verb: 'read' }).allowed).toBe(false);
});
