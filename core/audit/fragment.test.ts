import { OpaqueJson } from '@strongroom/sdk-plugin';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditFragment, auditValueFragment, fragmentDepthMax, fragmentLeavesMax, rawFragment } from './fragment.ts';
import { auditHmac } from './hmac.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);
const hmac = auditHmac(new Uint8Array(32).fill(1));
/** Shows what is hashed. */
const shown = (value: string | Uint8Array): string => `<${typeof value === 'string' ? value : Buffer.from(value).toString('hex')}>`;

test.each([
  ['{"data":{"a":1.0,"b":"x"}}', '{"data":{"a":"<1.0>","b":"<x>"}}'],
  ['{"a":12345678901234567890,"b":1e400,"c":-0}', '{"a":"<12345678901234567890>","b":"<1e400>","c":"<-0>"}'],
  ['{"a":true,"b":false,"c":null}', '{"a":true,"b":false,"c":null}'],
  ['{"__proto__":{"constructor":"x"},"":1}', '{"__proto__":{"constructor":"<x>"},"":"<1>"}'],
  ['{"a":1,"a":"2"}', '{"a":"<1>","a":"<2>"}'],
  [' { "a" :\n [ 1 , "b" ,\t[ ] , { } ] } ', '{"a":["<1>","<b>",[],{}]}'],
  ['"x"', '"<x>"'],
  ['[1,[2]]', '["<1>",["<2>"]]'],
  ['null', 'null'],
])('%s becomes %s', (text, expected) => {
  expect(auditFragment(shown, text)).toBe(expected);
});

test('a text is hashed by what it means, not by how it is escaped', () => {
  expect(auditFragment(hmac, '["\\u0061\\n\\ud83d\\ude00"]')).toBe(`["${hmac('a\n😀')}"]`);
});

test('keys keep their escapes, so that a line stays one line', () => {
  expect(auditFragment(shown, '{"a\\n\\"":1}')).toBe('{"a\\n\\"":"<1>"}');
});

test.each([
  '',
  '{',
  '{"a":"canary',
  '{"a":01}',
  '{"a":1,}',
  '[1 2]',
  '{a:1}',
  "{'a':1}",
  '"a\nb"',
  '{"a":1}x',
  '"\\x"',
  '"\\u12g4"',
  'tru',
  'NaN',
  '-',
  '1.',
  '\u00a01',
  '\v1',
  '\f1',
])('what is not JSON is hashed as a whole: %j', (text) => {
  expect(auditFragment(hmac, text)).toBe(rawFragment(hmac, text));
});

test('bytes are hashed as bytes', () => {
  expect(rawFragment(hmac, Uint8Array.of(0xff, 0))).toBe(`{"http_raw_body":"${hmac(Uint8Array.of(0xff, 0))}"}`);
});

function nested(levels: number): string {
  return '['.repeat(levels) + '1' + ']'.repeat(levels);
}

test('JSON is walked to the bound of levels, and one level deeper is hashed as a whole', () => {
  expect(auditFragment(hmac, nested(fragmentDepthMax))).toContain('[[[');
  expect(auditFragment(hmac, nested(fragmentDepthMax + 1))).toContain('http_raw_body');
  expect(auditFragment(hmac, nested(1_000_000))).toContain('http_raw_body');
});

test('so many leaves are hashed one by one, and one more makes one HMAC of the whole', () => {
  const more = `[${'1,'.repeat(fragmentLeavesMax)}1]`;
  expect(auditFragment(() => 'h', more.replace('1,', ''))).toMatch(/^\["h","h"/u);
  expect(auditFragment(() => 'h', more)).toBe('{"http_raw_body":"h"}');
});

describe('keys that a mount leaves clear', () => {
  const keys = new Set(['open', 'n"']);
  test('are top-level keys, with everything below them', () => {
    const text = '{"open":{"a":[1.0, "x"]},"shut":{"open":"y"},"\\u006fpen":2,"n\\"":"z"}';
    expect(auditFragment(shown, text, keys)).toBe('{"open":{"a":[1.0,"x"]},"shut":{"open":"<y>"},"\\u006fpen":2,"n\\"":"z"}');
  });
});

test("a value of the host's own becomes what its JSON text becomes, user JSON in it untouched", () => {
  const value = { a: 'x', skipped: undefined, list: [1, null, true], user: new OpaqueJson('{"n":1.0}') };
  expect(auditValueFragment(shown, value)).toBe('{"a":"<x>","list":["<1>",null,true],"user":{"n":"<1.0>"}}');
});

test('no leaf of any JSON stays readable, the structure stays, and it is one line', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
    ),
  }));
  const property = fc.property(tree, fc.boolean(), (value, pretty) => {
    const text = JSON.stringify(value, undefined, pretty ? 2 : 0);
    const fragment = auditFragment(hmac, text);
    expect(fragment).not.toContain('\n');
    expect(JSON.parse(fragment)).toEqual(hashedLeaves(JSON.parse(text)));
  });
  fc.assert(property, { numRuns: 200 * scale });
});

function hashedLeaves(value: unknown): unknown {
  if (typeof value === 'string') return hmac(value);
  if (typeof value === 'number') return hmac(JSON.stringify(value));
  if (Array.isArray(value)) return value.map((item) => hashedLeaves(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, hashedLeaves(held)]));
}

test('any text gives one line of JSON', () => {
  const soup = fc.array(
    fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '1', 'e', '-', '.', 'true', 'null', '\\', 'u00', ' ', '\n', 'x'),
    { maxLength: 20 },
  );
  const property = fc.property(
    fc.oneof(
      soup.map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    ),
    (text) => {
      const fragment = auditFragment(hmac, text);
      expect(fragment).not.toContain('\n');
      expect(() => void JSON.parse(fragment)).not.toThrow();
      expect(fragment.includes('http_raw_body')).toBe(!isJson(text));
    },
  );
  fc.assert(property, { numRuns: 2000 * scale });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
