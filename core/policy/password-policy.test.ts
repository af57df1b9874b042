import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generatePassword, parsePasswordPolicy } from './password-policy.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const text = `length = 12 # characters
rule "charset" { charset = "${lower}" }
rule "charset" {
  charset = "0123456789"
  min-chars = 3
}`;

test('HCL and JSON say the same', () => {
  const policy = parsePasswordPolicy(text);
  expect(policy).toEqual({
    length: 12,
    rules: [
      { characters: Array.from(lower), min: 0 },
      { characters: Array.from('0123456789'), min: 3 },
    ],
  });
  const rules = [{ charset: { charset: lower } }, { charset: { charset: '0123456789', 'min-chars': 3 } }];
  expect(parsePasswordPolicy(JSON.stringify({ length: 12, rule: rules }))).toEqual(policy);
  expect(parsePasswordPolicy(JSON.stringify({ length: 12, rule: { charset: rules.map(({ charset }) => charset) } }))).toEqual(policy);
});

test('a password keeps to every rule, and uses every character of the policy', () => {
  const policy = parsePasswordPolicy(text);
  const seen = new Set<string>();
  for (let n = 0; n < 500; n++) {
    const password = generatePassword(policy);
    expect(password).toMatch(/^[a-z0-9]{12}$/);
    expect(password.replace(/\D/g, '').length).toBeGreaterThanOrEqual(3);
    for (const character of password) seen.add(character);
  }
  expect(seen.size).toBe(36);
});

test('what a rule asks for stands anywhere in the password', () => {
  const policy = parsePasswordPolicy(
    `length = 8\nrule "charset" { charset = "a" min-chars = 7 }\nrule "charset" { charset = "Z" min-chars = 1 }`,
  );
  const places = new Set<number>();
  for (let n = 0; n < 400; n++) places.add(generatePassword(policy).indexOf('Z'));
  expect(places.size).toBe(8);
});

test('characters beyond ASCII count as one, and a character that is written twice is no likelier', () => {
  expect(parsePasswordPolicy('length = 4\nrule "charset" { charset = "é😀éa" }').rules[0]?.characters).toEqual(['é', '😀', 'a']);
  expect(Array.from(generatePassword(parsePasswordPolicy('length = 9\nrule "charset" { charset = "😀" }')))).toHaveLength(9);
});

describe('is refused', () => {
  test.each([
    ['', 'length must be from 4 to 100'],
    ['length = 3\nrule "charset" { charset = "a" }', 'length must be from 4 to 100'],
    ['length = 101\nrule "charset" { charset = "a" }', 'length must be from 4 to 100'],
    ['length = 20', 'at least one rule'],
    ['length = 20\nrule "charset" { charset = "" }', 'line 2: charset must not be empty'],
    ['length = 20\nrule "charset" {}', 'line 2: charset must not be empty'],
    ['length = 20\nrule "charset" { charset = "a\\n" }', 'line 2: charset may only hold'],
    ['length = 20\nrule "charset" { charset = "a" min-chars = 21 }', 'sum of all min-chars'],
    ['length = 20\nrule "charset" { charset = "a" min-chars = -1 }', 'whole number'],
    ['length = 20\nrule "charset" { charset = 5 }', 'charset takes text'],
    ['length = 20\nrule "charset" { charset = "a" more = 1 }', 'unknown key of a rule'],
    ['length = 20\nrule "other" { charset = "a" }', 'unknown rule'],
    ['length = 20\nrule = 5', 'rule takes a name and a block'],
    ['length = "x"', 'whole number'],
    ['lenght = 20', 'line 1: unknown key'],
    ['length = 20 rule', 'line 1'],
    ['{"length":20,', 'line 1'],
    [`length = 20 # ${'x'.repeat(65_536)}`, 'longer than 65536 bytes'],
  ])('%j', (policy, what) => {
    expect(() => parsePasswordPolicy(policy)).toThrow(what);
  });

  test('any other text, in words', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('{}"=\n rulechast5-[]')) }), (policy) => {
        try {
          generatePassword(parsePasswordPolicy(policy));
        } catch (error) {
          expect(error).toMatchObject({ name: 'StrongroomError' });
        }
      }),
    );
  });
});
