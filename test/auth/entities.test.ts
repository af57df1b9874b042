/** Whose a token is: entities made by logins and by `entity_alias`, and what they bring to each request. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Transaction } from '../../core/barrier/transaction.ts';
import type { Unsealed } from '../../core/request/host.ts';
import { type CatalogEntry, readCatalog } from '../../core/runner/catalog.ts';
import { Server } from '../../core/system/server.ts';
import { memoryDirectory } from '../../core/system/store-directory.ts';
import { type HostAnswer, hostSender, KeptLines, startHost, testOptions, type TestHost } from '../harness/host.ts';

let host: TestHost;
let accessor: string;
let tokenAccessor: string;
let users = 0;
let user: string;
const directory = memoryDirectory();
const module = new URL('mirror.ts', import.meta.url).href;
const catalog: readonly CatalogEntry[] = [...readCatalog(), { kind: 'engine', name: 'mirror', version: '0.1.0', aliases: {}, module }];
beforeAll(async () => {
  host = await startHost({ directory, catalog });
  await host.send('POST', 'sys/mounts/mirror', { type: 'mirror' });
  await host.send('PUT', 'sys/policies/acl/look', { policy: 'path "mirror/me" { capabilities = ["update"] }' });
  const { data } = (await host.send('GET', 'sys/auth')).json;
  [accessor, tokenAccessor] = [data['userpass/'].accessor as string, data['token/'].accessor as string];
  for (const name of ['dev', 'ops', 'own'])
    await host.send('PUT', `sys/policies/acl/${name}`, { policy: `path "secret/data/${name}" { capabilities = ["read", "update"] }` });
  await host.send('PUT', 'sys/policies/acl/maker', { policy: 'path "auth/token/create*" { capabilities = ["update"] }' });
  for (const name of ['dev', 'ops', 'own']) await host.send('POST', `secret/data/${name}`, { data: { name } });
  await host.send('POST', 'auth/token/roles/any', { allowed_entity_aliases: '*' });
});
afterAll(() => host.server.stop());
beforeEach(async () => {
  user = `user-${++users}`;
  await host.send('POST', `auth/userpass/users/${user}`, { password: 'p', token_policies: 'own,maker' });
});

interface Auth {
  readonly client_token: string;
  readonly entity_id: string;
  readonly [field: string]: unknown;
}

async function logIn(name = user, at = 'userpass'): Promise<Auth> {
  const { json, text } = await host.send('POST', `auth/${at}/login/${name}`, { password: 'p' }, '');
  if (json?.auth === undefined) throw new Error(text);
  return json.auth as Auth;
}
async function create(token: string, fields: object = {}, path = 'create'): Promise<Auth> {
  const { json, text } = await host.send('POST', `auth/token/${path}`, fields, token);
  if (json?.auth === undefined) throw new Error(text);
  return json.auth as Auth;
}
const change = (id: string, fields: object): Promise<HostAnswer> => host.send('POST', `identity/entity/id/${id}`, fields);
const look = async (token: string): Promise<Readonly<Record<string, unknown>>> =>
  (await host.send('GET', 'auth/token/lookup-self', undefined, token)).json.data as Readonly<Record<string, unknown>>;
const reads = async (token: string, ...names: readonly string[]): Promise<readonly number[]> =>
  Promise.all(names.map(async (name) => (await host.send('GET', `secret/data/${name}`, undefined, token)).status));

describe('a login', () => {
  test('makes the entity of who comes for the first time, and finds it from then on', async () => {
    const first = await logIn();
    const { data } = (await host.send('GET', `identity/entity/id/${first.entity_id}`)).json;
    expect(data).toMatchObject({ name: expect.stringMatching(/^entity_[0-9a-f]{8}$/), policies: [], disabled: false });
    expect(data.aliases).toEqual([
      expect.objectContaining({ name: user, mount_accessor: accessor, metadata: { username: user }, canonical_id: first.entity_id }),
    ]);
    expect((await logIn(user.toUpperCase())).entity_id).toBe(first.entity_id);
    expect(await look(first.client_token)).toMatchObject({ entity_id: first.entity_id, policies: ['default', 'maker', 'own'] });
    expect(await look(first.client_token)).not.toHaveProperty('identity_policies');
  });

  test('of fifty at once who come for the first time makes one entity', async () => {
    await host.send('POST', `auth/userpass/users/${user}`, { token_type: 'batch' });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => host.send('POST', `auth/userpass/login/${user}`, { password: 'p' }, '')),
    );
    expect(answers.map(({ status, text }) => (status === 200 ? '' : text)).filter((text) => text !== '')).toEqual([]);
    expect(new Set(answers.map(({ json }) => json.auth.entity_id as string)).size).toBe(1);
  });

  test('is that of the entity which was given the alias before', async () => {
    const { id } = (await host.send('POST', 'identity/entity', { name: `person-${user}`, policies: 'ops' })).json.data;
    await host.send('POST', 'identity/entity-alias', { name: user, mount_accessor: accessor, canonical_id: id });
    const auth = await logIn();
    expect(auth).toMatchObject({
      entity_id: id,
      policies: ['default', 'maker', 'ops', 'own'],
      token_policies: ['default', 'maker', 'own'],
      identity_policies: ['ops'],
    });
  });

  test('gives another entity at another mount', async () => {
    await host.send('POST', 'sys/auth/second', { type: 'userpass' });
    await host.send('POST', `auth/second/users/${user}`, { password: 'p' });
    expect((await logIn(user, 'second')).entity_id).not.toBe((await logIn()).entity_id);
  });

  test('of a disabled entity is refused', async () => {
    const { entity_id: id } = await logIn();
    await change(id, { disabled: true });
    expect(await host.send('POST', `auth/userpass/login/${user}`, { password: 'p' }, '')).toMatchObject({
      status: 403,
      json: { errors: ['permission denied'] },
    });
    await change(id, { disabled: false });
    expect((await logIn()).entity_id).toBe(id);
  });
});

describe('at each request', () => {
  test('the policies of the entity and of its groups are those of this moment', async () => {
    const { client_token: token, entity_id: id } = await logIn();
    expect(await reads(token, 'own', 'dev', 'ops')).toEqual([200, 403, 403]);
    await change(id, { policies: 'dev' });
    expect(await reads(token, 'own', 'dev', 'ops')).toEqual([200, 200, 403]);
    const { id: inner } = (await host.send('POST', 'identity/group', { member_entity_ids: id })).json.data;
    const { id: outer } = (await host.send('POST', 'identity/group', { member_group_ids: inner, policies: 'ops' })).json.data;
    expect(await reads(token, 'own', 'dev', 'ops')).toEqual([200, 200, 200]);
    expect(await look(token)).toMatchObject({ policies: ['default', 'maker', 'own'], identity_policies: ['dev', 'ops'] });
    const may = await host.send('POST', 'sys/capabilities-self', { paths: ['secret/data/ops'] }, token);
    expect(may.json.data.capabilities).toEqual(['read', 'update']);
    await host.send('PUT', 'sys/policies/acl/ops', { policy: '# nothing' });
    expect(await reads(token, 'ops')).toEqual([403]);
    await host.send('PUT', 'sys/policies/acl/ops', { policy: 'path "secret/data/ops" { capabilities = ["read", "update"] }' });
    await host.send('POST', `identity/group/id/${outer}`, { member_group_ids: [] });
    expect(await reads(token, 'ops')).toEqual([403]);
    await host.send('POST', `identity/group/id/${outer}`, { member_group_ids: [inner] });
    expect(await reads(token, 'ops')).toEqual([200]);
    await host.send('POST', `identity/group/id/${inner}`, { member_entity_ids: [] });
    expect(await reads(token, 'ops')).toEqual([403]);
    await host.send('POST', `identity/group/id/${inner}`, { member_entity_ids: [id] });
    await host.send('DELETE', `identity/group/id/${outer}`);
    expect(await reads(token, 'dev', 'ops')).toEqual([200, 403]);
    await change(id, { policies: [] });
    expect(await reads(token, 'own', 'dev')).toEqual([200, 403]);
  });

  test('a token of a disabled entity is refused, everything but what is open to all, until it is enabled', async () => {
    const { client_token: token, entity_id: id } = await logIn();
    const child = await create(token);
    await change(id, { disabled: true });
    for (const each of [token, child.client_token]) {
      expect(await reads(each, 'own')).toEqual([403]);
      expect((await host.send('GET', 'auth/token/lookup-self', undefined, each)).status).toBe(403);
      expect(host.sink.lines.at(-1)).not.toContain('the entity');
      expect(host.sink.lines.at(-2)).toContain('permission denied: the entity of the token is gone or disabled');
      expect((await host.send('POST', 'auth/token/create', {}, each)).status).toBe(403);
    }
    expect((await host.send('POST', 'auth/token/renew', { token })).json.errors[0]).toContain('gone or disabled, not renewing');
    expect((await host.send('POST', 'sys/capabilities', { token, paths: ['secret/data/own'] })).json.data.capabilities).toEqual(['deny']);
    await change(id, { disabled: false });
    expect(await reads(token, 'own')).toEqual([200]);
    expect((await host.send('POST', 'auth/token/renew', { token })).json.auth.entity_id).toBe(id);
  });

  test('no answer is given after the call that disabled or deleted the entity has returned', async () => {
    for (const end of [(id: string) => change(id, { disabled: true }), (id: string) => host.send('DELETE', `identity/entity/id/${id}`)]) {
      const { client_token: token, entity_id: id } = await logIn();
      const underWay = Promise.withResolvers<void>();
      let ended = false;
      let late = 0;
      let answered = 0;
      const reader = async (): Promise<void> => {
        for (;;) {
          const { status } = await host.send('GET', 'secret/data/own', undefined, token);
          if (status === 403) return;
          if (++answered === 100) underWay.resolve();
          if (ended) {
            late++;
            return;
          }
        }
      };
      const readers = Array.from({ length: 20 }, reader);
      await underWay.promise;
      await end(id);
      ended = true;
      await Promise.all(readers);
      expect(late).toBe(0);
      await change(id, { disabled: false });
    }
  });

  test('a token of a deleted entity is refused, for ever, and its name gets another entity', async () => {
    const { client_token: token, entity_id: id } = await logIn();
    await host.send('DELETE', `identity/entity/id/${id}`);
    expect(await host.send('GET', 'secret/data/own', undefined, token)).toMatchObject({
      status: 403,
      json: { errors: ['permission denied'] },
    });
    const again = await logIn();
    expect(again.entity_id).not.toBe(id);
    expect([await reads(token, 'own'), await reads(again.client_token, 'own')]).toEqual([[403], [200]]);
    expect((await host.send('POST', 'auth/token/renew', { token })).json.errors[0]).toContain('gone or disabled, not renewing');
    expect((await host.send('POST', 'auth/token/lookup', { token })).json.data).toMatchObject({ entity_id: id });
  });

  test('a token of an entity that was merged is that of the other', async () => {
    const { client_token: token, entity_id: id } = await logIn();
    const { id: to } = (await host.send('POST', 'identity/entity', { policies: 'dev' })).json.data;
    await host.send('POST', 'identity/entity/merge', { to_entity_id: to, from_entity_ids: [id] });
    expect([await reads(token, 'dev'), (await look(token))['entity_id'], (await logIn()).entity_id]).toEqual([[200], to, to]);
  });

  test('no identity gives root, not even one in the store that says so', async () => {
    const { client_token: token, entity_id: id } = await logIn();
    const { unsealed } = host.server as { unsealed: Unsealed };
    const tx = new Transaction(unsealed);
    const key = `core/identity/entity/${id}`;
    const record = JSON.parse(Buffer.from((await tx.get(key))!).toString()) as object;
    tx.put(key, Buffer.from(JSON.stringify({ ...record, policies: ['root', 'dev'] })));
    await tx.commit().durable;
    expect(await reads(token, 'own', 'dev', 'ops')).toEqual([200, 200, 403]);
    expect((await look(token))['identity_policies']).toEqual(['dev']);
  });

  test('a plugin is told the entity and all policies of its caller', async () => {
    const { client_token: token, entity_id: id } = await logIn();
    await change(id, { policies: 'look' });
    const told = async (as: string): Promise<unknown> => (await host.send('POST', 'mirror/me', {}, as)).json.data;
    const caller = { displayName: `userpass-${user}`, entityId: id, policies: ['default', 'look', 'maker', 'own'], headers: {} };
    expect(await told(token)).toEqual(caller);
    await change(id, { policies: 'look,ops' });
    expect(await told(token)).toEqual({ ...caller, policies: ['default', 'look', 'maker', 'ops', 'own'] });
    expect(await told(host.rootToken)).toMatchObject({ entityId: '', policies: ['root'] });
  });

  test('the audit names the entity and the policies that it brings', async () => {
    const { client_token: token, entity_id: id } = await logIn();
    await change(id, { policies: 'dev' });
    await reads(token, 'dev');
    const entry = JSON.parse(host.sink.lines.findLast((line) => line.includes('"path":"secret/data/dev"')) ?? '{}') as { auth: object };
    expect(entry.auth).toMatchObject({
      entity_id: id,
      identity_policies: ['dev'],
      token_policies: ['default', 'maker', 'own'],
      policies: ['default', 'dev', 'maker', 'own'],
    });
    await change(id, { policies: 'ops' });
    await reads(token, 'own');
    expect(host.sink.lines.findLast((line) => line.includes('"path":"secret/data/own"'))).toContain('"identity_policies":["ops"]');
  });
});

describe('a token made by a token', () => {
  test('is of the same entity, unless it is an orphan; a batch token, too', async () => {
    const { client_token: token, entity_id: id } = await logIn();
    await change(id, { policies: 'dev' });
    for (const fields of [{}, { type: 'batch' }]) {
      const child = await create(token, fields);
      expect(child).toMatchObject({ entity_id: id, identity_policies: ['dev'], token_policies: ['default', 'maker', 'own'] });
      expect([await reads(child.client_token, 'dev'), (await look(child.client_token))['entity_id']]).toEqual([[200], id]);
    }
    expect((await create(token, {}, 'create-orphan')).entity_id).toBe('');
    await host.send('POST', `auth/userpass/users/${user}`, { token_type: 'batch' });
    const batch = await logIn();
    expect([batch['token_type'], batch.entity_id, await reads(batch.client_token, 'dev')]).toEqual(['batch', id, [200]]);
    await host.send('DELETE', `identity/entity/id/${id}`);
    expect(await reads(batch.client_token, 'own')).toEqual([403]);
  });

  test('by a role is of the entity that its alias names, at the mount of tokens', async () => {
    const made = await create(host.rootToken, { entity_alias: `Svc-${user}`, policies: ['own'] }, 'create/any');
    const { data } = (await host.send('GET', `identity/entity/id/${made.entity_id}`)).json;
    expect(data.aliases).toEqual([expect.objectContaining({ name: `Svc-${user}`, mount_accessor: tokenAccessor, mount_type: 'token' })]);
    expect((await create(host.rootToken, { entity_alias: `svc-${user}`, policies: ['own'] }, 'create/any')).entity_id).toBe(made.entity_id);
    const { client_token: token } = await logIn();
    expect((await create(token, { entity_alias: `svc-${user}` }, 'create/any')).entity_id).toBe(made.entity_id);
    expect((await create(token, {}, 'create/any')).entity_id).toBe((await logIn()).entity_id);
    await change(made.entity_id, { disabled: true });
    const refused = await host.send('POST', 'auth/token/create/any', { entity_alias: `svc-${user}` });
    expect([refused.status, refused.json.errors]).toEqual([403, ['permission denied']]);
  });

  test.each(['a\nb', '\u007f'])('has no entity by an alias that can be no name: %j', async (alias) => {
    const refused = await host.send('POST', 'auth/token/create/any', { entity_alias: alias });
    expect([refused.status, refused.json.errors[0]]).toEqual([400, expect.stringContaining('field alias')]);
  });

  test('by fifty at once for one new alias makes one entity', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => host.send('POST', 'auth/token/create/any', { entity_alias: `race-${user}` })),
    );
    expect(new Set(answers.map(({ json }) => json.auth?.entity_id as string)).size).toBe(1);
  });
});

test('a token from before there were entities has none, and stays valid and renewable', async () => {
  const { client_token: token } = await logIn();
  const { unsealed } = host.server as { unsealed: Unsealed };
  const tx = new Transaction(unsealed);
  const key = `core/token/id/${unsealed.tokens.hash(token)}`;
  const { entityId: _entityId, ...old } = JSON.parse(Buffer.from((await tx.get(key))!).toString()) as Record<string, unknown>;
  tx.put(key, Buffer.from(JSON.stringify(old)));
  await tx.commit().durable;
  expect([await reads(token, 'own'), (await look(token))['entity_id']]).toEqual([[200], '']);
  const renewed = await host.send('POST', 'auth/token/renew-self', {}, token);
  expect([renewed.status, renewed.json.auth.entity_id]).toEqual([200, '']);
});

test('after a restart all tokens are whose they were', async () => {
  const { client_token: token, entity_id: id } = await logIn();
  const batch = await create(token, { type: 'batch' });
  await change(id, { policies: 'dev' });
  await host.server.stop();
  const server = new Server(testOptions(new KeptLines(), { directory, catalog }));
  await server.start();
  host = { ...host, server, send: hostSender(server, host.rootToken) };
  for (const each of [token, batch.client_token]) {
    expect(await reads(each, 'own', 'dev', 'ops')).toEqual([200, 200, 403]);
    expect((await look(each))['entity_id']).toBe(id);
  }
});
