import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StrongroomError } from '../errors.ts';
import { canonicalPath, parseTarget } from './canonical-path.ts';

const runs = 300 * Number(process.env['STRONGROOM_TEST_SCALE'] ?? '1');

const take = (target: string): string | undefined => {
  try {
    return parseTarget(target, 4096).path;
  } catch (error) {
    if (error instanceof StrongroomError) return undefined;
    throw error;
  }
};

test.each([
  ['/v1/secret/data/x', 'v1/secret/data/x'],
  ['/v1/secret/data/x/', 'v1/secret/data/x'],
  ['/v1/secret/data/%78', 'v1/secret/data/x'],
  ['/v1/secret/data/caf%C3%A9', 'v1/secret/data/café'],
  ['/v1/a%20b', 'v1/a b'],
  ['/v1/a+b', 'v1/a+b'],
  ['/v1/a%25b', 'v1/a%b'],
  ['/v1/...', 'v1/...'],
  ['/v1/.x', 'v1/.x'],
])('%s is %s', (target, path) => {
  expect(take(target)).toBe(path);
});

test.each(
  [
    '',
    'v1/x',
    '//',
    '/v1//x',
    '/v1/x//',
    '/v1/.',
    '/v1/..',
    '/v1/../x',
    '/v1/./x',
    '/v1/%2e',
    '/v1/%2E%2e/x',
    '/v1/.%2e',
    '/v1/a%2fb',
    '/v1/a%2Fb',
  ]
    .concat([
      '/v1/a\\b',
      '/v1/a%5cb',
      '/v1/a%00',
      '/v1/a%1f',
      '/v1/a%7f',
      '/v1/a%c2%80',
      '/v1/%ff',
      '/v1/%c0%af',
      '/v1/%e0%80%af',
      '/v1/%ed%a0%80',
    ])
    .concat([
      '/v1/%f4%90%80%80',
      '/v1/%',
      '/v1/%4',
      '/v1/%zz',
      '/v1/%u0041',
      'http://h/v1/x',
      '*',
      '/v1/x?a=1&a=2',
      '/v1/x?%ff=1',
      '/v1/x?a=%zz',
    ]),
)('%s is refused, not repaired', (target) => {
  expect(take(target)).toBeUndefined();
});

test('a path over its bound is refused by its length as sent', () => {
  expect(() => parseTarget(`/${'a'.repeat(4096)}`, 4096)).toThrow('longer than 4096 bytes');
  expect(take(`/${'a'.repeat(4095)}`)).toHaveLength(4095);
});

test('the query is decoded once, a plus is a space, and a name without = is empty', () => {
  expect([...parseTarget('/v1/x?a=b+c&d=%25&e&=f&', 4096).query]).toEqual([
    ['a', 'b c'],
    ['d', '%'],
    ['e', ''],
    ['', 'f'],
  ]);
});

const targets = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => `/v1/${text}`),
  fc
    .array(
      fc.constantFrom('/', '.', '..', '%2e', '%2f', '%', '%25', '\\', 'x', '%78', '%c3', '%a9', 'é', '\0', ' ', '+', '*', '?', 'a=b', '&'),
      {
        maxLength: 12,
      },
    )
    .map((parts) => `/v1/${parts.join('')}`),
);

test('what is accepted has no empty, dot or control segments, and is the same when it is taken again', () => {
  fc.assert(
    fc.property(targets, (target) => {
      const path = take(target);
      if (path === undefined) return;
      for (const segment of path.split('/')) {
        expect(['', '.', '..']).not.toContain(segment);
        // oxlint-disable-next-line no-control-regex -- none may be there
        expect(segment).not.toMatch(/[\\\u0000-\u001f\u007f-\u009f]/);
      }
      expect(canonicalPath(path.split('/').map(encodeURIComponent).join('/'))).toBe(path);
    }),
    { numRuns: runs, verbose: 1 },
  );
});

test('a path of segments survives every way to encode it', () => {
  const segment = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }).filter((text) => take(`/${encodeURIComponent(text)}`) === text);
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), fc.boolean(), (segments, all) => {
      const encode = (text: string): string =>
        all ? [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('') : encodeURIComponent(text);
      expect(take(`/${segments.map(encode).join('/')}`)).toBe(segments.join('/'));
    }),
    { numRuns: runs, verbose: 1 },
  );
});
