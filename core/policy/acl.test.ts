import { describe, expect, test } from 'vitest';
import { type Json, verbs, type Verb } from '@strongroom/sdk-plugin';
import { rootAcl } from './acl.ts';
import { compilePolicies } from './compile.ts';
import { linesOf, readRow } from './decision-table.ts';
import { tables } from './decision-tables.ts';
import { parsePolicy } from './parse.ts';

const rows = tables.flatMap(linesOf);

function aclFor(policies: Readonly<Record<string, string>>): ReturnType<typeof compilePolicies> {
  return compilePolicies(Object.entries(policies).map(([name, text]) => ({ name, policy: parsePolicy(text) })));
}

function isVerb(word: string | undefined): word is Verb {
  return verbs.some((verb) => verb === word);
}

test('the tables hold at least 300 lines, each a question of its own', () => {
  expect(rows.length).toBeGreaterThanOrEqual(300);
  for (const table of tables) expect(new Set(linesOf(table).map((line) => line.replace(/\s*->.*/u, ''))).size).toBe(linesOf(table).length);
});

describe.each(tables)('$title', (table) => {
  const acl = aclFor(table.policies);
  test.each(linesOf(table))('%s', (line) => {
    const { verb, path, parameters, wrapTtl, outcome, rule } = readRow(line);
    if (!isVerb(verb)) throw new Error('unknown verb in the table');
    const given = new Map(Object.entries(JSON.parse(parameters) as Record<string, Json>));
    const decision = acl.decide({ path, verb, parameters: given, ...(wrapTtl === undefined ? {} : { wrapTtl }) });
    expect({ outcome: decision.allowed ? (decision.sudo ? 'sudo' : 'allow') : 'deny', rule: decision.rule?.path ?? '-' }).toEqual({
      outcome,
      rule,
    });
  });
});

test('a refusal names the rule and its policies for the operator', () => {
  const acl = aclFor({ a: 'path "x/*" { capabilities = ["read"] }', b: 'path "x/*" { capabilities = ["list"] }' });
  expect(acl.decide({ path: 'x/y', verb: 'update' })).toEqual({
    allowed: false,
    reason: 'the rule x/* (a, b) does not grant update',
    rule: { path: 'x/*', policies: ['a', 'b'] },
  });
});

test.each([
  ['u/a', ['read', 'update']],
  ['u/b', ['deny']],
  ['u/none', ['deny']],
  ['nothing', ['deny']],
  ['u/c', ['create', 'delete', 'list', 'read', 'update']],
])('capabilities of %s are %j', (path, expected) => {
  const united = tables.find(({ title }) => title.startsWith('rules for one path'));
  expect(aclFor(united?.policies ?? {}).capabilities(path)).toEqual(expected);
});

test('the root policy allows everything', () => {
  for (const verb of verbs) expect(rootAcl.decide({ path: 'any/thing', verb })).toMatchObject({ allowed: true, sudo: true });
  expect(rootAcl.capabilities('x')).toEqual(['root']);
  expect(rootAcl.grantsAnyUnder('x/')).toBe(true);
});

test.each([
  ['path "secret/data/a" { capabilities = ["read"] }', true],
  ['path "secret/data/a" { capabilities = ["deny"] }', false],
  ['path "secret/data/a" { capabilities = [] }', false],
  ['path "secret/data/a" { capabilities = ["sudo"] }', true],
  ['path "secret/*" { capabilities = ["read"] }', true],
  ['path "*" { capabilities = ["read"] }', true],
  ['path "se*" { capabilities = ["read"] }', true],
  ['path "sek*" { capabilities = ["read"] }', false],
  ['path "+/data/a" { capabilities = ["read"] }', true],
  ['path "+/*" { capabilities = ["read"] }', true],
  ['path "+/+" { capabilities = ["read"] }', true],
  ['path "+" { capabilities = ["read"] }', false],
  ['path "secret" { capabilities = ["read"] }', true], // as Vault: it would decide LIST of secret/,
  ['path "other/*" { capabilities = ["read"] }', false],
  ['path "*" { capabilities = ["read"] }\npath "secret/*" { capabilities = ["deny"] }', false],
  ['path "*" { capabilities = ["deny"] }\npath "secret/data/+/x" { capabilities = ["read"] }', true],
  ['path "secret/*" { capabilities = ["read"] }\npath "secret/+" { capabilities = ["deny"] }', true],
  ['path "+/data/a" { capabilities = ["read"] }\npath "secret/*" { capabilities = ["deny"] }', false],
])('%s grants something under secret/: %j', (text, expected) => {
  expect(aclFor({ p: text }).grantsAnyUnder('secret/')).toBe(expected);
});

test('no spelling under any verb reaches what an exact deny protects', () => {
  const acl = aclFor({
    p: 'path "m/x*" { capabilities = ["create","read","update","patch","delete","list","scan","sudo"] }\npath "m/x" { capabilities = ["deny"] }',
  });
  for (const verb of verbs) expect(acl.decide({ path: 'm/x', verb }).allowed).toBe(false);
  // Only LIST and SCAN carry a slash; the canonicaliser refuses it for the others.
  for (const verb of ['list', 'scan'] as const) expect(acl.decide({ path: 'm/x/', verb }).allowed).toBe(false);
});
