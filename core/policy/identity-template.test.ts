import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EntityAlias, EntityRecord } from '../identity/entity.ts';
import type { GroupRecord } from '../identity/group.ts';
import type { Identity } from '../identity/identities.ts';
import { compilePolicies } from './compile.ts';
import { identityResolver, isIdentityExpression } from './identity-template.ts';
import { parsePolicy } from './parse.ts';

const scale = Number(process.env['STRONGROOM_TEST_SCALE'] ?? 1);
const times = { createdAt: 0, updatedAt: 0 };
const alias: EntityAlias = {
  id: 'alias-id',
  name: 'alice',
  accessor: 'auth_userpass_1',
  metadata: { role: 'dev' },
  customMetadata: { desk: '42' },
  mergedFrom: [],
  ...times,
};
const entity: EntityRecord = {
  id: 'entity-id',
  name: 'Alice',
  metadata: { team: 'red', 'a.b': 'dotted', 'c d': 'spaced' },
  policies: [],
  disabled: false,
  aliases: [alias],
  merged: [],
  ...times,
};
const group = (id: string, name: string): GroupRecord => ({
  id,
  name,
  type: 'internal',
  metadata: { area: `${id}-area` },
  policies: [],
  roll: 'r',
  ...times,
});
const identity: Identity = { entity, direct: [group('g1', 'Staff')], inherited: [group('g2', 'all of us')], policies: [] };

test.each([
  ['identity.entity.id', 'entity-id'],
  ['identity.entity.name', 'Alice'],
  ['identity.entity.metadata.team', 'red'],
  ['identity.entity.metadata.a.b', 'dotted'],
  ['identity.entity.metadata.c d', 'spaced'],
  ['identity.entity.metadata.none', undefined],
  ['identity.entity.metadata.constructor', undefined],
  ['identity.entity.metadata.__proto__', undefined],
  ['identity.entity.aliases.auth_userpass_1.id', 'alias-id'],
  ['identity.entity.aliases.auth_userpass_1.name', 'alice'],
  ['identity.entity.aliases.auth_userpass_1.metadata.role', 'dev'],
  ['identity.entity.aliases.auth_userpass_1.custom_metadata.desk', '42'],
  ['identity.entity.aliases.auth_userpass_1.metadata.desk', undefined],
  ['identity.entity.aliases.auth_userpass_2.name', undefined],
  ['identity.groups.ids.g1.name', 'Staff'],
  ['identity.groups.ids.g2.metadata.area', 'g2-area'],
  ['identity.groups.ids.g3.name', undefined],
  ['identity.groups.names.staff.id', 'g1'],
  ['identity.groups.names.all of us.metadata.area', 'g2-area'],
  ['identity.groups.names.others.id', undefined],
])('%s is %j', (expression, value) => {
  expect(isIdentityExpression(expression)).toBe(true);
  expect(identityResolver(identity)(expression)).toBe(value);
});

test.each([
  'identity.entity',
  'identity.entity.policies',
  'identity.entity.metadata',
  'identity.entity.metadata.',
  'identity.entity.id.x',
  'identity.entity.aliases.a',
  'identity.entity.aliases.a.mount',
  'identity.entity.aliases..name',
  'identity.groups.ids.g1',
  'identity.groups.ids.g1.id',
  'identity.groups.names.g1.name',
  'identity.groups.names.a.b.id',
  'Identity.entity.id',
  ' identity.entity.id',
])('%j is no expression', (expression) => {
  expect([isIdentityExpression(expression), identityResolver(identity)(expression)]).toEqual([false, undefined]);
});

test('whatever a value is, a rule allows nothing but the one segment that it fills', () => {
  const policy = parsePolicy('path "u/{{identity.entity.metadata.team}}/x" { capabilities = ["read"] }');
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[ab/*+.\\]{1,6}$/u),
    fc.constantFrom('..', '', '\u0000', '/', '+', '*'),
  );
  const segment = fc.stringMatching(/^[ab.+*]{1,3}$/u);
  const property = fc.property(value, fc.array(segment, { minLength: 1, maxLength: 3 }), (team, segments) => {
    const someone = { ...identity, entity: { ...entity, metadata: { team } } };
    const acl = compilePolicies([{ name: 'p', policy }], identityResolver(someone));
    expect(acl.rules().every(({ path }) => path === `u/${team}/x` && path.split('/').length === 3 && !/[*+]/u.test(path))).toBe(true);
    const path = `u/${segments.join('/')}/x`;
    expect(acl.decide({ path, verb: 'read' }).allowed && path !== `u/${team}/x`).toBe(false);
  });
  fc.assert(property, { numRuns: 1000 * scale });
});
