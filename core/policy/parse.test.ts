import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StrongroomError } from '../errors.ts';
import { capabilityBits, capabilityNames } from './capability.ts';
import { parsePolicy, policyBytesMax, type Policy } from './parse.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);

/** The refusal of a text; undefined when it is taken. */
function refusal(text: string): string | undefined {
  try {
    parsePolicy(text);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** The rules of a text without their lines. */
function unplaced(text: string): unknown {
  return parsePolicy(text).rules.map((rule) => ({ ...rule, line: 0 }));
}

function summary(policy: Policy): readonly string[] {
  return policy.rules.map((rule) => `${rule.line} ${rule.path} ${capabilityNames(rule.capabilities).join(',')}`);
}

describe('HCL', () => {
  test('reads blocks, comments, escapes, heredocs and trailing commas', () => {
    const text = `# one
      path "secret/*" { capabilities = ["read", "list",] } // two
      /* three
         lines */ path "/a\\u0062/\\"q" {
        capabilities = [ "sudo" ]
      }
      "path" "x" { capabilities = [<<-END
          read
          END
      ] }`;
    expect(() => parsePolicy(text)).toThrow('line 7: unknown capability');
    const heredoc = text.slice(0, text.indexOf('"path"'));
    expect(summary(parsePolicy(heredoc))).toEqual(['2 secret/* list,read', '4 ab/"q sudo']);
  });

  test('a heredoc is a text with its line breaks, and <<- takes the indentation off', () => {
    const policy = parsePolicy('path "x" { allowed_parameters = { "a" = [<<E\n one\nE\n, <<-E\n   two\n  E\n] } }');
    expect(policy.rules[0]?.allowedParameters.get('a')).toEqual([' one\n', ' two\n']);
  });

  test('reads parameters, as attributes or blocks, of any type', () => {
    const policy = parsePolicy(`path "x" {
      capabilities = ["create"]
      allowed_parameters = { "Ttl" = [10, "1h", true], "any" = [], n = [[1, "b"], { k = 0x10 }] }
      denied_parameters { "__proto__" = ["x"] }
      required_parameters = ["Name"]
      min_wrapping_ttl = "1m"  max_wrapping_ttl = 90
    }`);
    const [rule] = policy.rules;
    expect(rule?.allowedParameters.get('ttl')).toEqual([{ decimal: '1e1' }, '1h', true]);
    expect(rule?.allowedParameters.get('any')).toEqual([]);
    expect(rule?.allowedParameters.get('n')).toEqual([[{ decimal: '1e0' }, 'b'], new Map([['k', { decimal: '16e0' }]])]);
    expect(rule?.deniedParameters.get('__proto__')).toEqual(['x']);
    expect(rule?.requiredParameters).toEqual(['name']);
    expect([rule?.minWrappingTtl, rule?.maxWrappingTtl]).toEqual([60, 90]);
  });

  test.each([
    ['read', 'list,read'],
    ['write', 'create,delete,list,read,update'],
    ['sudo', 'create,delete,list,read,sudo,update'],
    ['deny', 'deny'],
  ])('the old notation policy = "%s" stands for %s', (word, names) => {
    expect(summary(parsePolicy(`path "x" { policy = "${word}" }`))).toEqual([`1 x ${names}`]);
  });

  test('a deny takes everything that is granted beside it', () => {
    expect(summary(parsePolicy('path "x" { capabilities = ["read", "deny", "sudo"] }'))).toEqual(['1 x deny']);
  });
});

describe('JSON', () => {
  test('reads the same rules, also from a list of objects', () => {
    expect(summary(parsePolicy('{"path": {"a/*": {"capabilities": ["read"]},\n "b": {"policy": "write"}}}'))).toEqual([
      '1 a/* read',
      '2 b create,delete,list,read,update',
    ]);
    expect(summary(parsePolicy(' {"name":"n","path":[{"a":{"capabilities":["scan"]}},{"b":{"capabilities":[]}}]}'))).toEqual([
      '1 a scan',
      '1 b ',
    ]);
  });

  test('every truncation of a JSON policy is refused', () => {
    const text = '{"path":{"a/*":{"capabilities":["read","list"],"allowed_parameters":{"x":[1.5,"\\u00e9",true,null]}}}}';
    expect(parsePolicy(text).rules).toHaveLength(1);
    for (let size = 1; size < text.length; size++) expect(() => parsePolicy(text.slice(0, size))).toThrow(StrongroomError);
  });
});

test.each([
  ['path "x" { capabilities = ["red"] }', 'line 1: unknown capability'],
  ['path "x" {\n capabilties = ["read"] }', 'line 2: unknown key'],
  ['\npaths "x" { }', 'line 2: unknown key at the top level'],
  ['path "x" { capabilities = ["read"]', 'expected }'],
  ['path "x" { capabilities = ["read" "list"] }', 'expected , or ]'],
  ['path "x" { capabilities = "read" }', 'expected a list'],
  ['path "x" { capabilities = [read] }', 'expected a value'],
  ['path "x" { policy = "all" }', 'policy must be'],
  ['path "x" { capabilities = [] capabilities = [] }', 'capabilities is given twice'],
  ['path "x" { allowed_parameters = { a = "b" } }', 'expected a list'],
  ['path "x" { allowed_parameters = { a = [] A = [] } }', 'a parameter is given twice'],
  ['path "x" { required_parameters = [1] }', 'takes names'],
  ['path "x" { min_wrapping_ttl = "soon" }', 'expected a duration'],
  ['path "x" { min_wrapping_ttl = 10 max_wrapping_ttl = 5 }', 'max_wrapping_ttl is below'],
  [`path "x" { denied_parameters = { a = [1${'0'.repeat(2000)}] } }`, 'longer than 1024 characters'],
  ['path = "x"', 'path takes a pattern'],
  ['path "x" = { }', 'a labelled block'],
  ['path { x = 1 }', 'needs a block in braces'],
  ['path "" { }', 'the path is empty'],
  ['path "/" { }', 'the path is empty'],
  ['path "//x" { }', 'empty segment'],
  ['path "a//b" { }', 'empty segment'],
  ['path "a/../b" { }', '. or .. segment'],
  ['path "a/." { }', '. or .. segment'],
  ['path "a*b" { }', '* that is not its last'],
  ['path "a**" { }', '* that is not its last'],
  ['path "a/b+/c" { }', '+ that is not a whole segment'],
  ['path "a/+*" { }', '+ that is not a whole segment'],
  ['path "a\\\\b" { }', 'backslash'],
  ['path "a\\u0000" { }', 'control character'],
  ['path "a\\ud800" { }', 'surrogate'],
  [`path "${'a'.repeat(4097)}" { }`, 'longer than 4096 bytes'],
  ['path "u/{{identity.entity.color}}" { }', 'a template names nothing'],
  ['path "u+/{{identity.entity.id}}" { }', '+ that is not a whole segment'],
  ['/* open', 'a comment that does not end'],
  ['path "x\n" { }', 'a string that does not end'],
  ['path "\\q" { }', 'unknown escape'],
  ['path "\\u12" { }', '4 hexadecimal digits'],
  ['path "x" { capabilities = [<<E\nread\n] }', 'a heredoc that does not end'],
  ['path "x" { allowed_parameters = { a = ' + '['.repeat(40), 'nested deeper'],
  ['}', 'expected a name'],
  ['{"path":{"a":{"capabilities":["read"]},"a":{"capabilities":["deny"]}}}', 'the same key twice'],
  ['{"path":{}} x', 'something follows'],
  ['{"path":{"a":{"capabilities":["read",]}}}', 'expected a JSON value'],
  ['{"path":{"a":{"allowed_parameters":{"n":[01]}}}}', 'expected , or ]'],
  ['{"path":{"a":{"allowed_parameters":{"n":' + '['.repeat(100_000), 'nested deeper'],
])('refuses %j: %s', (text, message) => {
  expect(() => parsePolicy(text)).toThrow(message);
  expect(() => parsePolicy(text)).toThrow(StrongroomError);
});

test('takes a text and a path of exactly the bound, and refuses one byte more', () => {
  const start = 'path "x" { capabilities = ["read"] } #';
  expect(parsePolicy(start + 'c'.repeat(policyBytesMax - start.length)).rules).toHaveLength(1);
  expect(() => parsePolicy(start + 'c'.repeat(policyBytesMax - start.length + 1))).toThrow('longer than 1048576 bytes');
  expect(() => parsePolicy(start + 'é'.repeat(policyBytesMax / 2))).toThrow('longer than 1048576 bytes');
  expect(parsePolicy(`path "${'a'.repeat(4096)}" { }`).rules).toHaveLength(1);
});

test('never fails on any text except by a refusal with a line', () => {
  const soup = fc.array(
    fc.constantFrom(
      'path',
      ' "a/*"',
      '{',
      '}',
      '[',
      ']',
      '=',
      ',',
      '"',
      '\\',
      '\n',
      '<<E\n',
      'E',
      '#',
      '/*',
      '*/',
      '1e5',
      'true',
      'capabilities',
      '"read"',
      ':',
      'null',
      '\u0000',
    ),
    { maxLength: 40 },
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    soup.map((parts) => parts.join('')),
    fc.json().map((json) => `{"path":${json}}`),
  );
  const property = fc.property(text, (written) => {
    expect(refusal(written) ?? 'StrongroomError: policy, line 1: ').toMatch(/^StrongroomError: policy, line \d+: /u);
  });
  fc.assert(property, { numRuns: 2000 * scale });
});

/** Writes a policy as HCL or JSON, with every value that the parser keeps. */
interface Written {
  readonly path: string;
  readonly capabilities: readonly string[];
  readonly allowed: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  readonly required: readonly string[];
  readonly min: number;
}

const name = fc.stringMatching(/^[a-z_]{1,6}$/u);
const writtenRule: fc.Arbitrary<Written> = fc.record({
  path: fc.stringMatching(/^[a-zé"#{}$ ]{1,8}(\/[a-z]{1,4}){0,3}$/u).filter((path) => !path.includes('{{')),
  capabilities: fc.uniqueArray(fc.constantFrom(...Object.keys(capabilityBits).filter((word) => word !== 'deny'))),
  allowed: fc.dictionary(name, fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean()), { maxLength: 3 }), {
    maxKeys: 3,
  }),
  required: fc.array(name, { maxLength: 2 }),
  min: fc.nat(1000),
});

test('what is printed as HCL or as JSON is read back the same', () => {
  const property = fc.property(fc.uniqueArray(writtenRule, { selector: (rule) => rule.path, maxLength: 5 }), (rules) => {
    const bodies = rules.map((rule) => ({
      capabilities: rule.capabilities,
      allowed_parameters: rule.allowed,
      required_parameters: rule.required,
      min_wrapping_ttl: rule.min,
    }));
    // JSON strings are HCL strings; JSON objects become HCL ones by = for :.
    const hcl = rules.map((rule, index) => {
      const members = Object.entries(bodies[index] ?? {}).map(([key, value]) =>
        key === 'allowed_parameters'
          ? `${key} {\n${Object.entries(rule.allowed)
              .map(([parameter, list]) => `${parameter} = ${JSON.stringify(list)}`)
              .join('\n')}\n}`
          : `${key} = ${JSON.stringify(value)}`,
      );
      return `path ${JSON.stringify(rule.path)} { # rule\n${members.join('\n')}\n}`;
    });
    const json = JSON.stringify({ path: rules.map((rule, index) => ({ [rule.path]: bodies[index] })) });
    expect(unplaced(hcl.join('\n'))).toEqual(unplaced(json));
    expect(parsePolicy(json).rules.map((rule) => [rule.path, capabilityNames(rule.capabilities), rule.minWrappingTtl])).toEqual(
      rules.map((rule) => [rule.path, [...rule.capabilities].sort(), rule.min]),
    );
  });
  fc.assert(property, { numRuns: 300 * scale });
});
