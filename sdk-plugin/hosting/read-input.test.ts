import { schema as s } from '@strongroom/sdk-plugin';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InputOutline } from './read-input.ts';
import { parseSeconds } from '../duration.ts';
import { parseBoolean, readInput } from './read-input.ts';

const fields: InputOutline = {
  text: s.optional(s.string({ maxLength: 5 })),
  kind: s.optional(s.string({ oneOf: ['a', 'b'] })),
  count: s.optional(s.integer({ maximum: 100 })),
  flag: s.optional(s.boolean()),
  wait: s.optional(s.duration()),
  list: s.optional(s.stringList()),
  numbers: s.optional(s.integerList()),
  pairs: s.optional(s.stringMap()),
  nested: s.optional(s.object({ cas: s.optional(s.integer()) })),
  clear: s.nullable(s.integer()),
};

function read(input: Readonly<Record<string, unknown>>): unknown {
  return readInput(fields, { value: (name) => (Object.hasOwn(input, name) ? input[name] : undefined), text: () => undefined });
}

test.each([
  [{ count: '7' }, { count: 7 }],
  [{ count: 7 }, { count: 7 }],
  [{ text: 12 }, { text: '12' }],
  [{ flag: 'True' }, { flag: true }],
  [{ flag: 0 }, { flag: false }],
  [{ wait: '1h30m' }, { wait: 5400 }],
  [{ wait: '' }, { wait: 0 }],
  [{ wait: '90' }, { wait: 90 }],
  [{ list: 'a, b,,c' }, { list: ['a', 'b', 'c'] }],
  [{ list: ['a,b'] }, { list: ['a,b'] }],
  [{ numbers: '1,2' }, { numbers: [1, 2] }],
  [{ numbers: ['1', 2] }, { numbers: [1, 2] }],
  [{ numbers: 3 }, { numbers: [3] }],
  [{ pairs: 'a=1,b=x=y' }, { pairs: { a: '1', b: 'x=y' } }],
  [{ pairs: { a: 1, b: true } }, { pairs: { a: '1', b: 'true' } }],
  [{ nested: { cas: '3', other: 1 } }, { nested: { cas: 3 } }],
  [{ text: null, count: null, list: null }, {}],
  [{ clear: null }, { clear: null }],
  [{ unknown: 'x' }, {}],
])('%j is taken as %j', (input, taken) => {
  expect(read(input)).toEqual(taken);
});

test.each([
  [{ count: 101 }, 'field count: must be <= 100'],
  [{ count: -1 }, 'field count'],
  [{ count: 1.5 }, 'field count'],
  [{ count: '1e2' }, 'field count'],
  [{ count: '' }, 'field count'],
  [{ flag: 'yes' }, 'field flag'],
  [{ flag: 2 }, 'field flag'],
  [{ wait: '1 hour' }, 'field wait'],
  [{ wait: '-1h' }, 'field wait'],
  [{ wait: -5 }, 'field wait'],
  [{ wait: [] }, 'field wait'],
  [{ text: 'longer' }, 'field text'],
  [{ text: {} }, 'field text'],
  [{ kind: 'c' }, 'field kind: must be one of a, b'],
  [{ list: {} }, 'field list'],
  [{ list: [{}] }, 'field list.0'],
  [{ numbers: ['x'] }, 'field numbers.0'],
  [{ pairs: ['a'] }, 'field pairs'],
  [{ pairs: { a: {} } }, 'field pairs.a'],
  [{ nested: { cas: 'x' } }, 'field nested.cas'],
  [{ nested: 1 }, 'field nested'],
])('%j is refused, naming the field', (input, message) => {
  expect(() => read(input)).toThrow(message);
});

test('a field that must be there is named', () => {
  expect(() => readInput({ token: s.string() }, { value: () => undefined, text: () => undefined })).toThrow('missing required field token');
});

test('no input of any kind is quoted by its refusal, or fails in another way', () => {
  const canary = 'q7z-canary';
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(fields)),
      fc.anything({ values: [fc.constant(canary), fc.integer(), fc.string()] }),
      (name, value) => {
        try {
          read({ [name]: value });
        } catch (error) {
          expect(error).toMatchObject({ name: 'PluginError', code: 'invalid' });
          if (name !== 'pairs') expect((error as Error).message).not.toContain(canary);
        }
      },
    ),
    { numRuns: 500 * Number(process.env['STRONGROOM_TEST_SCALE'] ?? '1'), verbose: 1 },
  );
});

test('durations are whole seconds, rounded down', () => {
  const table = { '1d': 86400, '1h1m1s': 3661, '1500ms': 1, '0.5h': 1800, '999us': 0, '10': 10, ' 5s ': 5 };
  for (const [text, seconds] of Object.entries(table)) expect([text, parseSeconds(text)]).toEqual([text, seconds]);
  for (const text of ['h', '1x', '1h ago', '1,5h', '--1', '1h'.repeat(40), '١s']) expect(parseSeconds(text)).toBe(text);
});

test('booleans are what Go takes for one', () => {
  expect(['1', 't', 'T', 'TRUE', 'true', 'True'].map(parseBoolean)).not.toContain(false);
  expect(['0', 'f', 'F', 'FALSE', 'false', 'False'].map(parseBoolean)).not.toContain(true);
  expect(['yes', 'tRUE', '', ' true', '2'].map(parseBoolean)).toEqual([undefined, undefined, undefined, undefined, undefined]);
});
