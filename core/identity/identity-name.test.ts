import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkedName, keptMetadata, metadataKeyMax, metadataPairsMax, metadataValueMax, nameSegment } from './identity-name.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);

test('a name becomes one segment of a key, and is read back from it without its case', () => {
  const property = fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 512 }), (name) => {
    fc.pre(isName(name));
    const segment = nameSegment(name);
    expect(segment).not.toMatch(/[/\s]/u);
    expect(segment).not.toBe('');
    expect(decodeURIComponent(segment)).toBe(name.toLowerCase());
  });
  fc.assert(property, { numRuns: 500 * scale });
});

function isName(name: string): boolean {
  try {
    checkedName('name', name);
    return true;
  } catch {
    return false;
  }
}

test('of the metadata of a login what is within the bounds is kept, the first by name', () => {
  const fitting = Object.fromEntries(Array.from({ length: metadataPairsMax + 1 }, (_, n) => [`k${String(n).padStart(3, '0')}`, 'v']));
  expect(Object.keys(keptMetadata(fitting))).toEqual(Object.keys(fitting).slice(0, metadataPairsMax));
  const edge = { ['k'.repeat(metadataKeyMax)]: 'v'.repeat(metadataValueMax) };
  expect(
    keptMetadata({ ...edge, ['k'.repeat(metadataKeyMax + 1)]: 'v', long: 'v'.repeat(metadataValueMax + 1), '': 'v', half: '\ud800' }),
  ).toEqual(edge);
});
