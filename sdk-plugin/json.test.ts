import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergePatch } from './json-merge-patch.ts';
import { subkeys } from './json-subkeys.ts';
import { jsonDepthMax, parseJson, printJson } from './json-tree.ts';
import { OpaqueJson } from './json.ts';
import { stringifyJson } from './stringify-json.ts';
import { decodeUtf8, decodeUtf8Portably, encodeUtf8, encodeUtf8Portably, utf8Length } from './utf8.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);
const runs = { numRuns: 200 * scale };
const patch = (target: string, change: string): string => mergePatch(new OpaqueJson(target), new OpaqueJson(change)).text;
const json = fc.json({ maxDepth: 4, stringUnit: 'binary' });

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

describe('the tree', () => {
  test('prints what JSON.parse would have understood', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 1, '\t', ' \n'), (text, indent) => {
        const written = JSON.stringify(JSON.parse(text), undefined, indent);
        expect(JSON.parse(printJson(parseJson(written)))).toEqual(JSON.parse(text));
      }),
      runs,
    );
  });

  test.each(['12345678901234567890', '1.0', '1e400', '-0', '1E+2', '0.10', '"a\\u0062\\/"', '"\u{1f600}"', 'null', '""'])(
    'keeps the scalar %s as it was written',
    (text) => {
      expect(printJson(parseJson(text))).toBe(text);
      expect(printJson(parseJson(` { "a" : [ ${text} ] } `))).toBe(`{"a":[${text}]}`);
    },
  );

  test('takes __proto__, constructor and the empty key as keys like others', () => {
    const text = '{"__proto__":{"x":1},"constructor":2,"":3}';
    expect(printJson(parseJson(text))).toBe(text);
  });

  test('lets the last of duplicate members count', () => {
    expect(printJson(parseJson('{"a":1,"b":2,"a":3}'))).toBe('{"a":3,"b":2}');
  });

  test.each([
    ['', '{', '[', '"', '"\\', '"\\x"', '"\\u00g0"', '"\n"', '01', '1.', '.5', '-', '+1', '1e', 'nul', 'NaN', "'a'"],
    ['{"a"}', '{"a":}', '{"a":1,}', '{a:1}', '[1,]', '[,1]', '[1 2]', '{} {}', '1 2', '{"a":1 "b":2}', '\u00a01', '{,}', '[1}', '{1:2}'],
  ])('refuses what is not JSON, and quotes nothing of it', (...texts) => {
    for (const text of texts) expect(() => parseJson(text)).toThrow(/^malformed JSON$/);
  });

  test('agrees with JSON.parse on what is JSON, one edit away from it', () => {
    const edited = fc
      .tuple(json, fc.nat(), fc.constantFrom('', '"', '\\', '{', ']', ',', ':', '0', '-', '.', 'e', ' '))
      .map(([text, at, piece]) => {
        const index = at % (text.length + 1);
        return text.slice(0, index) + piece + text.slice(index + 1);
      });
    fc.assert(
      fc.property(edited, (text) => {
        expect(attempt(() => parseJson(text)) === undefined).toBe(attempt(() => JSON.parse(text) as unknown) === undefined);
      }),
      runs,
    );
  });

  test('refuses nesting one level past the bound', () => {
    expect(printJson(parseJson(nested(jsonDepthMax)))).toBe(nested(jsonDepthMax));
    expect(() => parseJson(nested(jsonDepthMax + 1))).toThrow('JSON is nested deeper than 512 levels');
  });
});

describe('merge patch', () => {
  // RFC 7396, appendix A.
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('of %s by %s is %s', (target, change, result) => {
    expect(patch(target, change)).toBe(result);
  });

  test('leaves untouched numbers as they were written', () => {
    expect(patch('{"a":12345678901234567890,"b":1.0}', '{"c":1e400}')).toBe('{"a":12345678901234567890,"b":1.0,"c":1e400}');
  });

  test('merges into a member named __proto__ without touching any prototype', () => {
    expect(patch('{"__proto__":{"a":1}}', '{"__proto__":{"b":2}}')).toBe('{"__proto__":{"a":1,"b":2}}');
    expect(patch('{}', '{"constructor":{"prototype":{"x":1}}}')).toBe('{"constructor":{"prototype":{"x":1}}}');
  });

  test('applied twice changes nothing more', () => {
    fc.assert(
      fc.property(json, json, (target, change) => {
        const once = patch(target, change);
        expect(patch(once, change)).toBe(once);
      }),
      runs,
    );
  });
});

describe('subkeys', () => {
  const secret = new OpaqueJson('{"a":1.0,"b":{"c":"x","d":{"e":[1]}},"f":{},"__proto__":{"g":2}}');

  test.each([
    [0, '{"a":null,"b":{"c":null,"d":{"e":null}},"f":null,"__proto__":{"g":null}}'],
    [1, '{"a":null,"b":null,"f":null,"__proto__":null}'],
    [2, '{"a":null,"b":{"c":null,"d":null},"f":null,"__proto__":{"g":null}}'],
  ])('to depth %i', (depth, expected) => {
    expect(subkeys(secret, depth).text).toBe(expected);
  });
});

describe('stringifyJson', () => {
  test('splices user JSON verbatim and drops undefined members', () => {
    const data = { data: new OpaqueJson('{ "n": 1.0 }'), list: [new OpaqueJson('1e400'), null, true, 'é"'], gone: undefined, '': 0 };
    expect(stringifyJson(data)).toBe('{"data":{ "n": 1.0 },"list":[1e400,null,true,"é\\""],"":0}');
  });

  test('prints what prints itself as that, and no hole', () => {
    expect(stringifyJson({ at: new Date(0), list: [new Date(0)] } as never)).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","list":["1970-01-01T00:00:00.000Z"]}',
    );
    expect(stringifyJson({ toJSON: 'x', n: Number.NaN })).toBe('{"toJSON":"x","n":null}');
    // oxlint-disable-next-line no-sparse-arrays
    for (const value of [[, 1], [undefined], () => 1, { f: () => 1 }, { toJSON: () => 1 }, 1n])
      expect(() => stringifyJson(value as never)).toThrow(TypeError);
  });

  test('agrees with JSON.stringify on plain values', () => {
    fc.assert(
      fc.property(json, (text) => {
        const value: unknown = JSON.parse(text);
        expect(stringifyJson(value as never)).toBe(JSON.stringify(value));
      }),
      runs,
    );
  });
});

describe('UTF-8', () => {
  test('encodes as TextEncoder does, lone surrogates included', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(fc.string({ unit: 'binary', maxLength: 1 }), fc.constantFrom('\ud800', '\udc00', '\u07ff', '\u0800', '\uffff')),
        }),
        (text) => {
          const expected = new TextEncoder().encode(text);
          expect(encodeUtf8(text)).toEqual(expected);
          expect(encodeUtf8Portably(text)).toEqual(expected);
          expect(utf8Length(text)).toBe(expected.length);
        },
      ),
      runs,
    );
  });

  test('decodes or refuses as a strict TextDecoder does', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const byte = fc.oneof(
      fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff, 0x9f, 0xa0, 0x90, 0x8f),
      fc.nat(255),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 8 }), (list) => {
        const bytes = Uint8Array.from(list);
        const expected = attempt(() => strict.decode(bytes));
        expect(attempt(() => decodeUtf8(bytes))).toBe(expected);
        expect(attempt(() => decodeUtf8Portably(bytes))).toBe(expected);
      }),
      { numRuns: 2000 * scale },
    );
  });

  test.each([decodeUtf8, decodeUtf8Portably])('refuses malformed bytes with a RangeError that quotes nothing', (decode) => {
    expect(() => decode(Uint8Array.of(0x41, 0xff))).toThrow(new RangeError('malformed UTF-8'));
  });

  test('survives texts longer than one call can spread', () => {
    const text = 'aé\u{1f600}'.repeat(200_000);
    expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    expect(decodeUtf8Portably(encodeUtf8(text))).toBe(text);
  });
});
