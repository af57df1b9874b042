import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBody } from './body.ts';
import { scanJson } from './json-scan.ts';

const runs = 300 * Number(process.env['STRONGROOM_TEST_SCALE'] ?? '1');
const wide = { tokensMax: 1_000_000, depthMax: 1000 };

/** An object as text, with the spaces that JSON allows. */
const objects = fc
  .tuple(
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6, noNullPrototype: false }),
    fc.constantFrom(undefined, 1, '\t', ' \n'),
  )
  .map(([value, space]) => ({ value, text: JSON.stringify(value, undefined, space) }));

test('the text of each member is found as it was written, and parses to what JSON.parse says', () => {
  fc.assert(
    fc.property(objects, ({ text }) => {
      const parsed = JSON.parse(text) as Record<string, unknown>;
      const bytes = Buffer.from(text);
      const body = parseBody(bytes, undefined, wide);
      for (const [name, value] of Object.entries(parsed)) {
        const written = body.text(name);
        expect(text).toContain(written);
        expect(JSON.stringify(JSON.parse(written ?? ''))).toBe(JSON.stringify(value));
        expect(body.value(name)).toEqual(value);
      }
      expect(body.duplicateKeys).toBe(false);
      expect(body.text('not a member of it')).toBeUndefined();
    }),
    { numRuns: runs, verbose: 1 },
  );
});

test('members, keys and their places agree with JSON.parse', () => {
  fc.assert(
    fc.property(objects, ({ value, text }) => {
      const bytes = Buffer.from(text);
      const { members } = scanJson(bytes, wide);
      const names = members.map(({ keyStart, keyEnd }) => JSON.parse(bytes.toString('utf8', keyStart, keyEnd)) as string);
      expect(names).toEqual(Object.keys(JSON.parse(text) as object).length === names.length ? names : []);
      expect(new Set(names)).toEqual(new Set(Object.keys(value)));
    }),
    { numRuns: runs, verbose: 1 },
  );
});

test.each([
  ['{"a":1,"a":2}', true],
  ['{"a":{"b":1,"b":1}}', true],
  ['{"a":[{"b":1},{"b":1}]}', false],
  ['{"a":1,"\\u0061":2}', true],
  ['{"__proto__":1,"__proto__":2}', true],
  ['{"__proto__":{"a":1}}', false],
  ['{"a":"{\\"b\\":1,\\"b\\":2}"}', false],
])('in %s a key is named twice: %s', (text, twice) => {
  expect(parseBody(Buffer.from(text), undefined, wide).duplicateKeys).toBe(twice);
});

test.each([
  ['{"n":12345678901234567890}', 'n', '12345678901234567890'],
  ['{"n" : 1.0 }', 'n', '1.0'],
  ['{"n":1e400}', 'n', '1e400'],
  ['{"__proto__":{"x":[1, 2]}}', '__proto__', '{"x":[1, 2]}'],
  ['{"":""}', '', '""'],
  ['{"a":"x\\"}{,:","b":2}', 'a', '"x\\"}{,:"'],
  ['{"a":1,"a":2}', 'a', '2'],
])('of %s the member %s is the text %s', (text, name, member) => {
  expect(parseBody(Buffer.from(text), undefined, wide).text(name)).toBe(member);
});

test('every bound is kept before anything is parsed', () => {
  const limits = { tokensMax: 10, depthMax: 3 };
  expect(() => scanJson(Buffer.from('[[[1]]]'), limits)).not.toThrow();
  expect(() => scanJson(Buffer.from('[[[[1]]]]'), limits)).toThrow('deeper than 3');
  expect(() => scanJson(Buffer.from(`[${'1,'.repeat(20)}1]`), limits)).toThrow('more than 10 JSON tokens');
  expect(() => scanJson(Buffer.from(`[${'"",'.repeat(20)}1]`), limits)).toThrow('more than 10 JSON tokens');
  expect(() => scanJson(Buffer.from('{'.repeat(20)), limits)).toThrow('deeper than 3');
});

test('a text over a bound is refused by it even where it is no JSON: nothing is parsed before', () => {
  const broken = Buffer.from(`{"a":[${'{},'.repeat(50)}`);
  expect(() => parseBody(broken, undefined, { tokensMax: 20, depthMax: 9 })).toThrow('more than 20 JSON tokens');
  expect(() => parseBody(broken, undefined, wide)).toThrow('error parsing JSON');
});

test('bytes of any kind are an object, or a refusal that does not quote them', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(objects, fc.nat(), fc.nat(255)).map(([{ text }, at, byte]) => {
      const changed = Buffer.from(text);
      changed[at % changed.length] = byte;
      return changed;
    }),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      try {
        parseBody(Buffer.from(input), 'application/json', wide);
      } catch (error) {
        expect(error).toMatchObject({ name: 'StrongroomError' });
        expect((error as Error).message).toMatch(/^(error parsing JSON|request body: [\w -]+)$/);
      }
    }),
    { numRuns: runs, verbose: 1 },
  );
});

test('a form is an object of texts, and a name that comes twice counts as twice', () => {
  const form = (text: string): ReturnType<typeof parseBody> =>
    parseBody(Buffer.from(text), 'application/x-www-form-urlencoded; charset=utf-8', { tokensMax: 3, depthMax: 3 });
  expect(form('a=1&b=x+y%26')).toMatchObject({ json: '{"a":"1","b":"x y&"}', duplicateKeys: false });
  expect(form('a=1&a=2').duplicateKeys).toBe(true);
  expect(form('__proto__=1').value('__proto__')).toBe('1');
  expect(() => form('a=1&b=1&c=1&d=1')).toThrow('more than 3 form fields');
  expect(() => form(' {"a":[1,2]}')).toThrow('more than 3 JSON tokens');
});
