/** Templates in policies: each rule is filled with the values that the caller's entity has at this moment. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startHost, type TestHost } from '../harness/host.ts';

let host: TestHost;
let accessor: string;
let count = 0;
let user: string;
beforeAll(async () => {
  host = await startHost();
  accessor = (await host.send('GET', 'sys/auth/userpass')).json.data.accessor as string;
});
afterAll(() => host.server.stop());
beforeEach(() => {
  user = `user-${++count}`;
});

interface Someone {
  readonly id: string;
  readonly token: string;
}

/** Someone with one policy, of one rule. */
async function someone(path: string, name = user, capabilities = ['create', 'update', 'read', 'list']): Promise<Someone> {
  const policy = `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`;
  const written = await host.send('PUT', `sys/policies/acl/of-${user}`, { policy });
  if (written.status !== 204) throw new Error(written.text);
  await host.send('POST', `auth/userpass/users/${name}`, { password: 'p', token_policies: `of-${user}` });
  const { auth } = (await host.send('POST', `auth/userpass/login/${name}`, { password: 'p' }, '')).json;
  return { id: auth.entity_id as string, token: auth.client_token as string };
}
const may = async (token: string, path: string): Promise<boolean> =>
  (await host.send('POST', 'sys/capabilities', { token, paths: [path] })).json.data.capabilities[0] !== 'deny';
const change = async (id: string, fields: object): Promise<unknown> => host.send('POST', `identity/entity/id/${id}`, fields);
const aliasOf = async (id: string): Promise<string> =>
  (await host.send('GET', `identity/entity/id/${id}`)).json.data.aliases[0].id as string;

test.each([
  ['identity.entity.id', ({ id }: Someone) => id],
  ['identity.entity.name', () => 'the-name'],
  ['identity.entity.metadata.team', () => 'red'],
  ['identity.entity.metadata.a.b c', () => 'dotted'],
  ['identity.entity.aliases.ACCESSOR.name', () => user],
  ['identity.entity.aliases.ACCESSOR.metadata.username', () => user],
  ['identity.entity.aliases.ACCESSOR.custom_metadata.desk', () => '42'],
])('{{%s}}', async (expression, value) => {
  const own = await someone(`secret/data/{{ ${expression.replace('ACCESSOR', accessor)} }}/*`);
  await change(own.id, { name: 'the-name', metadata: { team: 'red', 'a.b c': 'dotted' } });
  await host.send('POST', `identity/entity-alias/id/${await aliasOf(own.id)}`, { custom_metadata: { desk: '42' } });
  const path = `secret/data/${value(own)}/x`;
  expect((await host.send('POST', path, { data: { a: 1 } }, own.token)).status).toBe(200);
  expect((await host.send('GET', path, undefined, own.token)).status).toBe(200);
  for (const other of ['secret/data/x', `secret/data/${value(own)}-b/x`, 'secret/data/{{identity.entity.id}}/x'])
    expect(await may(own.token, other)).toBe(false);
  await change(own.id, { name: `other-${user}` });
});

test.each(['ids.ID.name', 'ids.ID.metadata.area', 'names.NAME.id', 'names.NAME.metadata.area'])('{{identity.groups.%s}}', async (form) => {
  const name = `group-${user}`;
  const { id } = (await host.send('POST', 'identity/group', { name, metadata: { area: 'north' } })).json.data;
  const own = await someone(`secret/data/{{identity.groups.${form.replace('ID', id as string).replace('NAME', name)}}}/*`);
  const value = form.endsWith('area') ? 'north' : form.endsWith('id') ? (id as string) : name;
  expect(await may(own.token, `secret/data/${value}/x`)).toBe(false);
  const outer = (await host.send('POST', 'identity/group', { member_entity_ids: own.id })).json.data.id as string;
  await host.send('POST', `identity/group/id/${id}`, { member_group_ids: outer });
  expect(await may(own.token, `secret/data/${value}/x`)).toBe(true);
  await host.send('POST', `identity/group/id/${id}`, { member_group_ids: '' });
  expect(await may(own.token, `secret/data/${value}/x`)).toBe(false);
});

test('two who share a policy reach each their own', async () => {
  const path = `secret/data/{{identity.entity.aliases.${accessor}.name}}`;
  const [one, two] = [await someone(path, `${user}-a`), await someone(path, `${user}-b`)];
  expect(await Promise.all([one, two].flatMap(({ token }) => ['a', 'b'].map((end) => may(token, `secret/data/${user}-${end}`))))).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test('a change of the value, of the alias or of the policy holds from the next request on', async () => {
  const own = await someone('secret/data/{{identity.entity.metadata.team}}');
  expect(await may(own.token, 'secret/data/red')).toBe(false);
  await change(own.id, { metadata: { team: 'red' } });
  expect([await may(own.token, 'secret/data/red'), await may(own.token, 'secret/data/blue')]).toEqual([true, false]);
  await change(own.id, { metadata: { team: 'blue' } });
  expect([await may(own.token, 'secret/data/red'), await may(own.token, 'secret/data/blue')]).toEqual([false, true]);
  await host.send('PUT', `sys/policies/acl/of-${user}`, {
    policy: `path "secret/data/x-{{identity.entity.metadata.team}}" { capabilities = ["read"] }`,
  });
  expect([await may(own.token, 'secret/data/blue'), await may(own.token, 'secret/data/x-blue')]).toEqual([false, true]);
  await change(own.id, { metadata: {} });
  expect(await may(own.token, 'secret/data/x-blue')).toBe(false);
});

test.each(['a/b', '*', 'a*', '+', '.', '..', '', 'a\\b', 'a\tb'])('the value %j opens nothing', async (value) => {
  const own = await someone('secret/data/{{identity.entity.metadata.team}}/*');
  await change(own.id, { metadata: { team: value } });
  for (const path of ['secret/data/a/b/c', 'secret/data/a/x', 'secret/data/x/y', 'secret/data/*/x', 'secret/x'])
    expect(await may(own.token, path)).toBe(false);
  const acl = (await host.send('GET', 'sys/internal/ui/resultant-acl', undefined, own.token)).json.data.glob_paths as object;
  expect(Object.keys(acl).filter((path) => path.startsWith('secret/'))).toEqual([]);
});

test('a deny whose value cannot stand in a path is not lifted by it', async () => {
  const own = await someone('secret/data/{{identity.entity.metadata.team}}', user, ['deny']);
  await host.send('PUT', `sys/policies/acl/broad`, { policy: 'path "secret/*" { capabilities = ["read"] }' });
  await change(own.id, { policies: 'broad', metadata: { team: 'red' } });
  expect([await may(own.token, 'secret/data/red'), await may(own.token, 'secret/data/blue')]).toEqual([false, true]);
  await change(own.id, { metadata: { team: 'red/*' } });
  expect([await may(own.token, 'secret/data/red'), await may(own.token, 'secret/data/blue')]).toEqual([false, false]);
});

test('a token without an entity has no templated rule', async () => {
  await someone('secret/data/{{identity.entity.id}}');
  const { client_token: token } = (await host.send('POST', 'auth/token/create', { policies: [`of-${user}`] })).json.auth;
  for (const path of ['secret/data/', 'secret/data/{{identity.entity.id}}', 'secret/data/undefined'])
    expect(await may(token as string, path)).toBe(false);
});
