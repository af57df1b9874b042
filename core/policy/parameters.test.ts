import { OpaqueJson, type Json } from '@strongroom/sdk-plugin';
import { describe, expect, test } from 'vitest';
import { compilePolicies } from './compile.ts';
import { parsePolicy } from './parse.ts';

function decide(rules: readonly string[], parameters: readonly (readonly [string, Json])[], wrapTtl?: number): boolean {
  const policies = rules.map((body, index) => ({
    name: `p${index}`,
    policy: parsePolicy(`path "x" { capabilities = ["update", "delete"] ${body} }`),
  }));
  const query = { path: 'x', verb: 'update' as const, parameters: new Map(parameters), ...(wrapTtl === undefined ? {} : { wrapTtl }) };
  return compilePolicies(policies).decide(query).allowed;
}

const raw = (text: string): OpaqueJson => new OpaqueJson(text);

describe.each<{ rules: readonly string[]; lines: readonly (readonly [boolean, ...(readonly [string, Json])[]])[] }>([
  {
    rules: ['allowed_parameters = { "a" = ["x", "y*", "*z", "*mid*", 5, true, ["l", 1]], "any" = [] }'],
    lines: [
      [true],
      [true, ['a', 'x']],
      [true, ['A', 'x']],
      [false, ['a', 'X']],
      [true, ['a', 'yes']],
      [true, ['a', 'buzz']],
      [true, ['a', 'amidst']],
      [false, ['a', 'other']],
      [true, ['a', 5]],
      [true, ['a', raw('5.0')]],
      [true, ['a', raw('50e-1')]],
      [false, ['a', '5']],
      [false, ['a', 6]],
      [true, ['a', true]],
      [false, ['a', 'true']],
      [true, ['a', ['l', 1]]],
      [true, ['a', raw('[ "l", 1.0 ]')]],
      [false, ['a', ['l']]],
      [false, ['a', null]],
      [true, ['any', raw('{"deep":[1]}')]],
      [false, ['a', 'x'], ['b', 1]],
      [false, ['b', 1]],
      [false, ['__proto__', 1]],
    ],
  },
  {
    rules: ['allowed_parameters = { "*" = [], "a" = ["x"] }'],
    lines: [
      [true, ['b', 1]],
      [true, ['a', 'x'], ['b', 1]],
      [false, ['a', 'y']],
    ],
  },
  {
    rules: ['denied_parameters = { "a" = ["x", 1], "b" = [] }'],
    lines: [
      [true],
      [false, ['a', 'x']],
      [false, ['A', 'x']],
      [true, ['a', 'y']],
      [false, ['a', raw('1.00')]],
      [false, ['b', 'whatever']],
      [true, ['c', 1]],
      // What cannot be compared is refused.
      [false, ['a', raw('{"k":1,"k":2}')]],
      [false, ['a', raw(`1e${'0'.repeat(2000)}`)]],
    ],
  },
  { rules: ['denied_parameters = { "*" = [] }'], lines: [[true], [false, ['a', 1]]] },
  {
    rules: ['allowed_parameters = { "a" = [] }  denied_parameters = { "a" = ["x"] }'],
    lines: [
      [false, ['a', 'x']],
      [true, ['a', 'y']],
    ],
  },
  {
    rules: ['required_parameters = ["Name", "ttl"]'],
    lines: [[false], [false, ['name', 'n']], [true, ['name', 'n'], ['TTL', null]]],
  },
  {
    rules: ['allowed_parameters = { "a" = ["x"] }', 'allowed_parameters = { "a" = ["y"], "b" = ["z"] }', ''],
    lines: [
      [true, ['a', 'x']],
      [true, ['a', 'y']],
      [true, ['b', 'z']],
      [false, ['c', 1]],
    ],
  },
  {
    rules: ['allowed_parameters = { "a" = ["x"] }', 'allowed_parameters = { "a" = [] }', 'allowed_parameters = { "a" = ["y"] }'],
    lines: [[true, ['a', 'anything']]],
  },
  {
    rules: ['denied_parameters = { "a" = ["x"] }', 'denied_parameters = { "a" = [] }', 'denied_parameters = { "b" = [1] }'],
    lines: [
      [false, ['a', 'q']],
      [false, ['b', 1]],
      [true, ['b', 2]],
    ],
  },
])('$rules', ({ rules, lines }) => {
  test.each(lines.map(([allowed, ...parameters]) => ({ allowed, parameters })))('$parameters -> $allowed', ({ allowed, parameters }) => {
    expect(decide(rules, parameters)).toBe(allowed);
  });
});

test.each([
  ['min_wrapping_ttl = "1m"', undefined, false],
  ['min_wrapping_ttl = "1m"', 59, false],
  ['min_wrapping_ttl = "1m"', 60, true],
  ['max_wrapping_ttl = 90', undefined, false],
  ['max_wrapping_ttl = 90', 90, true],
  ['max_wrapping_ttl = 90', 91, false],
])('%s with a wrapping TTL of %j: %j', (rule, wrapTtl, allowed) => {
  expect(decide([rule], [], wrapTtl)).toBe(allowed);
});

test('bounds that a merge has turned around allow nothing', () => {
  expect(decide(['min_wrapping_ttl = 100', 'max_wrapping_ttl = 50'], [], 75)).toBe(false);
});

test('DELETE and LIST are not held to parameters', () => {
  const policy = parsePolicy('path "x" { capabilities = ["delete", "list"] required_parameters = ["a"] }');
  const acl = compilePolicies([{ name: 'p', policy }]);
  expect(acl.decide({ path: 'x', verb: 'delete' }).allowed).toBe(true);
  expect(acl.decide({ path: 'x', verb: 'list' }).allowed).toBe(true);
});

test('a reason never repeats what only the request knows', () => {
  const policy = parsePolicy('path "x" { capabilities = ["update"] allowed_parameters = { "a" = ["b"] } }');
  const acl = compilePolicies([{ name: 'p', policy }]);
  for (const given of [['hidden-name', 1] as const, ['a', 'hidden-value'] as const])
    expect(JSON.stringify(acl.decide({ path: 'x', verb: 'update', parameters: new Map<string, Json>([given]) }))).not.toContain('hidden');
});

describe('templates', () => {
  const policy = parsePolicy('path "u/{{identity.entity.id}}/*" { capabilities = ["read"] }');
  test('are filled in with the value of the caller', () => {
    const acl = compilePolicies([{ name: 'p', policy }], (expression) => (expression === 'identity.entity.id' ? 'e1' : undefined));
    expect(acl.decide({ path: 'u/e1/x', verb: 'read' }).allowed).toBe(true);
    expect(acl.decide({ path: 'u/e2/x', verb: 'read' }).allowed).toBe(false);
  });
  test('without a value, or without a resolver, are not the rule of this caller', () => {
    for (const acl of [compilePolicies([{ name: 'p', policy }], () => undefined), compilePolicies([{ name: 'p', policy }])])
      expect(acl.decide({ path: 'u/e1/x', verb: 'read' }).allowed).toBe(false);
  });
  describe.each(['a/b', '*', 'a*', '+', 'a+', '.', '..', 'a\\b', 'a\u0000', '\ud800'])('the value %j cannot stand in a path', (value) => {
    const broad = parsePolicy('path "u/*" { capabilities = ["list"] } path "v/*" { capabilities = ["list"] }');
    test('a rule that grants is left out, and others stay', () => {
      const acl = compilePolicies(
        [policy, broad].map((of) => ({ name: 'p', policy: of })),
        () => value,
      );
      expect(acl.rules().map(({ path }) => path)).toEqual(['u/*', 'v/*']);
      for (const path of ['u/a/b/x', 'u/a/x', 'u/x', `u/${value}/x`]) expect(acl.decide({ path, verb: 'read' }).allowed).toBe(false);
    });
    test('with a rule that denies, nothing is allowed', () => {
      const deny = parsePolicy('path "u/{{identity.entity.name}}/*" { capabilities = ["deny"] }');
      const acl = compilePolicies(
        [deny, broad].map((of) => ({ name: 'p', policy: of })),
        () => value,
      );
      expect([acl.decide({ path: 'v/x', verb: 'list' }), acl.capabilities('v/x'), acl.rules(), acl.grantsAnyUnder('v/')]).toEqual([
        { allowed: false, reason: expect.stringContaining('cannot stand in a path') },
        ['deny'],
        [],
        false,
      ]);
    });
  });
  test.each(['identity.entity.x', 'entity.id', 'identity.groups.ids.a', 'identity.entity.metadata.', 'a b', 'time.now'])(
    'an expression that names nothing is refused: %j',
    (name) => {
      expect(() => parsePolicy(`path "u/{{${name}}}" { }`)).toThrow('a template names nothing of the identity');
    },
  );
  test.each(['u/{{a', 'u/a}}/{{b}}', 'u/{{}}', 'u/{{ }}', 'u/{{a{{b}}'])('are refused when malformed: %j', (path) => {
    expect(() => parsePolicy(`path "${path}" { }`)).toThrow('a template must be');
  });
});
