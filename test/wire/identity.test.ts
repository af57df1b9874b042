/** `identity/`: entities, groups, their aliases, and look-ups of them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RawAnswer } from '../harness/client.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let accessor: string;
let tokenAccessor: string;
let count = 0;
let name: string;
beforeAll(async () => {
  server = await startWireServer();
  const { data } = (await call('GET', 'sys/auth')).json;
  [accessor, tokenAccessor] = [data['userpass/'].accessor as string, data['token/'].accessor as string];
});
afterAll(() => server.destroy());
beforeEach(() => {
  name = `name-${++count}`;
});

function call(method: string, path: string, body?: unknown, token: string | undefined = server.rootToken): Promise<RawAnswer> {
  return server.send({ method, path, token, ...(body === undefined ? {} : { body }) });
}

type Data = Readonly<Record<string, unknown>>;

async function made(kind: string, body: object): Promise<string> {
  const { status, json, text } = await call('POST', `identity/${kind}`, body);
  if (status !== 200) throw new Error(text);
  return json.data.id as string;
}
const read = async (path: string): Promise<Data> => (await call('GET', `identity/${path}`)).json.data as Data;
const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);

async function expectRefused(path: string, body: object, text: string): Promise<void> {
  const { status, json } = await call('POST', `identity/${path}`, body);
  expect([status, json?.errors[0]]).toEqual([400, expect.stringContaining(text)]);
}

describe('an entity', () => {
  test('is made, read by id and name, changed in part, listed both ways, and deleted', async () => {
    const body = { name, metadata: { team: 'red' }, policies: ['Ops', 'dev', 'dev'] };
    const { json } = await call('PUT', 'identity/entity', body);
    expect(json.data).toEqual({ aliases: null, id: uuid, name });
    const id = json.data.id as string;
    const expected = {
      aliases: [],
      creation_time: moment,
      direct_group_ids: [],
      disabled: false,
      group_ids: [],
      id,
      inherited_group_ids: [],
      last_update_time: moment,
      merged_entity_ids: null,
      metadata: { team: 'red' },
      name,
      namespace_id: 'root',
      policies: ['dev', 'ops'],
    };
    expect(await read(`entity/id/${id}`)).toEqual(expected);
    expect(await read(`entity/name/${name.toUpperCase()}`)).toEqual(expected);
    expect((await call('POST', `identity/entity/id/${id}`, { disabled: true, policies: '' })).status).toBe(204);
    expect((await call('PUT', `identity/entity/name/${name}`, { metadata: {} })).status).toBe(204);
    expect((await call('POST', 'identity/entity', { name, disabled: false })).status).toBe(204);
    expect((await call('POST', 'identity/entity', { id, name: `${name}-b` })).status).toBe(204);
    expect(await read(`entity/id/${id}`)).toEqual({ ...expected, name: `${name}-b`, metadata: null, policies: [] });
    expect((await call('GET', `identity/entity/name/${name}`)).status).toBe(404);
    for (const [method, suffix] of [
      ['LIST', ''],
      ['GET', '?list=true'],
    ] as const) {
      const byId = (await call(method, `identity/entity/id${suffix}`)).json.data;
      expect([byId.keys, byId.key_info[id]]).toEqual([expect.arrayContaining([id]), { name: `${name}-b`, aliases: [] }]);
      expect((await call(method, `identity/entity/name${suffix}`)).json.data.keys).toContain(`${name}-b`);
    }
    expect((await call('GET', 'identity/entity/name?list=true&limit=1')).json.data.keys).toHaveLength(1);
    for (let time = 0; time < 2; time++) expect((await call('DELETE', `identity/entity/id/${id}`)).status).toBe(204);
    expect((await call('GET', `identity/entity/id/${id}`)).status).toBe(404);
    expect((await call('GET', `identity/entity/name/${name}-b`)).status).toBe(404);
  });

  test('gets a name where it has none, and keeps the case of the one it is given', async () => {
    const id = await made('entity', {});
    expect((await read(`entity/id/${id}`))['name']).toMatch(/^entity_[0-9a-f]{8}$/);
    const shouted = await made('entity', { name: name.toUpperCase() });
    expect((await read(`entity/name/${name}`))['name']).toBe(name.toUpperCase());
    expect((await call('LIST', 'identity/entity/name')).json.data.keys).toContain(name.toUpperCase());
    await expectRefused(`entity/id/${id}`, { name }, 'entity name is already in use');
    expect((await call('POST', 'identity/entity', { name, metadata: 'a=b,c=d' })).status).toBe(204);
    expect(await read(`entity/id/${shouted}`)).toMatchObject({ name, metadata: { a: 'b', c: 'd' } });
    expect((await call('DELETE', `identity/entity/name/${name}`)).status).toBe(204);
    expect((await call('POST', `identity/entity/name/${name}`)).json.data).toEqual({ aliases: null, id: uuid, name });
  });

  test('takes every name that it can have, over the path too', async () => {
    for (const odd of ['a b', 'ä/ö', '%', 'x'.repeat(512), '{{x}}', '..a']) {
      const path = `entity/name/${odd.split('/').map(encodeURIComponent).join('/')}`;
      const id = await made('entity', { name: odd });
      expect((await read(path))['id']).toBe(id);
      expect((await call('LIST', 'identity/entity/name')).json.data.keys).toContain(odd);
      await call('DELETE', `identity/entity/id/${id}`);
      expect((await call('GET', `identity/${path}`)).status).toBe(404);
    }
  });

  test('is deleted with others', async () => {
    const ids = [await made('entity', {}), await made('entity', {})];
    expect((await call('POST', 'identity/entity/batch-delete', { entity_ids: [...ids, 'nobody'] })).status).toBe(204);
    for (const id of ids) expect((await call('GET', `identity/entity/id/${id}`)).status).toBe(404);
  });

  const pairs = (many: number): Data => Object.fromEntries(Array.from({ length: many }, (_, n) => [`k${n}`, 'v']));
  const list = (many: number): readonly string[] => Array.from({ length: many }, (_, n) => `p${n}`);

  test('may be as large as its bounds', async () => {
    const metadata = { ...pairs(63), ['k'.repeat(128)]: 'v'.repeat(512) };
    const id = await made('entity', { name: 'n'.repeat(512), metadata, policies: list(1024) });
    expect(await read(`entity/id/${id}`)).toMatchObject({ metadata, policies: [...list(1024)].sort() });
    await call('DELETE', `identity/entity/id/${id}`);
    expect((await call('POST', 'identity/entity/batch-delete', { entity_ids: list(1000) })).status).toBe(204);
  });

  test.each([
    ['entity', { name: 'n'.repeat(513) }, 'field name: must have 1 to 512 characters'],
    ['entity', { name: 'a\nb' }, 'control character'],
    ['entity', { name: '\ud800' }, 'field name'],
    ['entity', { name: ['x'] }, 'field name'],
    ['entity', { metadata: pairs(65) }, 'field metadata: at most 64 pairs'],
    ['entity', { metadata: { ['k'.repeat(129)]: 'v' } }, 'field metadata: a key must have 1 to 128 characters'],
    ['entity', { metadata: { k: 'v'.repeat(513) } }, 'a value at most 512'],
    ['entity', { metadata: { '': 'v' } }, 'field metadata'],
    ['entity', { policies: list(1025) }, 'field policies: at most 1024 entries'],
    ['entity', { policies: ['ROOT'] }, 'field policies: cannot contain root'],
    ['entity', { policies: ['response-wrapping'] }, 'field policies: cannot contain response-wrapping'],
    ['entity', { policies: ['a/b'] }, 'policy name'],
    ['entity', { disabled: 'perhaps' }, 'field disabled'],
    ['entity', { id: 'nobody' }, 'no entity has this id'],
    ['entity', { id: 'a/b' }, 'no entity has this id'],
    ['entity', '{"name":"a","name":"b"}', 'names a key twice'],
    ['entity/id/nobody', { name: 'x' }, 'no entity has this id'],
    ['entity/batch-delete', {}, 'field entity_ids'],
    ['entity/batch-delete', { entity_ids: [] }, 'field entity_ids: must hold at least one id'],
    ['entity/batch-delete', { entity_ids: list(1001) }, 'field entity_ids: at most 1000 entries'],
    ['entity/merge', { to_entity_id: 'nobody', from_entity_ids: ['x'] }, 'field to_entity_id: no entity has this id'],
    ['entity/merge', { to_entity_id: 'nobody' }, 'field from_entity_ids'],
    ['lookup/entity', {}, 'must be given'],
    ['lookup/group', { alias_name: 'x' }, 'must be given'],
    ['group', { type: 'secret' }, 'field type'],
    ['group', { policies: 'root' }, 'field policies: cannot contain root'],
    ['group', { name: '\u0007' }, 'field name'],
    ['group', { metadata: pairs(65) }, 'field metadata: at most 64 pairs'],
    ['group', { member_entity_ids: ['nobody'] }, 'field member_entity_ids: no entity has this id'],
    ['group', { member_entity_ids: list(1501) }, 'field member_entity_ids: at most 1500 entries'],
    ['group', { member_group_ids: ['nobody'] }, 'field member_group_ids: no group has this id'],
    ['group', { member_group_ids: list(101) }, 'field member_group_ids: at most 100 entries'],
    ['group', { type: 'external', member_entity_ids: ['x'] }, 'as logins say'],
    ['group', { id: 'nobody' }, 'no group has this id'],
    ['group/id/nobody', {}, 'no group has this id'],
    ['group-alias', { name: 'x' }, 'missing mount_accessor'],
    ['group-alias/id/nobody', {}, 'no group alias has this id'],
    ['entity-alias', { name: 'x' }, 'missing mount_accessor'],
    ['entity-alias', { name: 'x', mount_accessor: 'kv_12345678' }, 'field mount_accessor: no auth method has this accessor'],
    ['entity-alias/id/nobody', {}, 'no entity alias has this id'],
  ])('what cannot be is 400 and says why: %s %j', async (path, body, text) => {
    for (const method of ['POST', 'PUT']) {
      const { status, json } = await call(method, `identity/${path}`, body);
      expect([status, json?.errors[0]]).toEqual([400, expect.stringContaining(text)]);
    }
  });
});

describe('an alias of an entity', () => {
  test('is made, read, found, changed, listed and deleted', async () => {
    const id = await made('entity', { name });
    const body = { name: 'Alice', canonical_id: id, mount_accessor: accessor, custom_metadata: { shift: 'night' } };
    const { json } = await call('PUT', 'identity/entity-alias', body);
    expect(json.data).toEqual({ canonical_id: id, id: uuid });
    const aliasId = json.data.id as string;
    const expected = {
      canonical_id: id,
      creation_time: moment,
      custom_metadata: { shift: 'night' },
      id: aliasId,
      last_update_time: moment,
      local: false,
      merged_from_canonical_ids: null,
      metadata: null,
      mount_accessor: accessor,
      mount_path: 'auth/userpass/',
      mount_type: 'userpass',
      name: 'Alice',
      namespace_id: 'root',
    };
    expect(await read(`entity-alias/id/${aliasId}`)).toEqual(expected);
    expect((await read(`entity/id/${id}`))['aliases']).toEqual([expected]);
    for (const [method, suffix] of [
      ['LIST', ''],
      ['GET', '?list=true'],
    ] as const) {
      const { data } = (await call(method, `identity/entity-alias/id${suffix}`)).json;
      expect([data.keys, data.key_info[aliasId]]).toEqual([
        expect.arrayContaining([aliasId]),
        expect.objectContaining({ name: 'Alice', canonical_id: id, mount_path: 'auth/userpass/', custom_metadata: { shift: 'night' } }),
      ]);
    }
    const { data } = (await call('LIST', 'identity/entity/id')).json;
    expect(data.key_info[id].aliases).toEqual([expect.objectContaining({ id: aliasId, name: 'Alice', mount_type: 'userpass' })]);
    for (const by of [{ id }, { name: name.toUpperCase() }, { alias_id: aliasId }, { alias_name: 'ALICE', alias_mount_accessor: accessor }])
      expect((await call('POST', 'identity/lookup/entity', by)).json.data.id).toBe(id);
    expect((await call('POST', 'identity/entity-alias', body)).status).toBe(204);
    const changed = await call('POST', `identity/entity-alias/id/${aliasId}`, { name: 'alice-2', custom_metadata: {} });
    expect(changed.json.data).toEqual({ canonical_id: id, id: aliasId });
    expect(await read(`entity-alias/id/${aliasId}`)).toMatchObject({ name: 'alice-2', custom_metadata: null, canonical_id: id });
    expect((await call('POST', 'identity/lookup/entity', { alias_name: 'alice', alias_mount_accessor: accessor })).status).toBe(204);
    for (let time = 0; time < 2; time++) expect((await call('DELETE', `identity/entity-alias/id/${aliasId}`)).status).toBe(204);
    expect((await call('GET', `identity/entity-alias/id/${aliasId}`)).status).toBe(404);
    expect((await read(`entity/id/${id}`))['aliases']).toEqual([]);
  });

  test('makes an entity where it names none, is unique at its mount, and can go to another entity', async () => {
    const alias = { name, mount_accessor: accessor };
    const first = (await call('POST', 'identity/entity-alias', alias)).json.data;
    const other = await made('entity', {});
    const there = await made('entity-alias', { ...alias, name: `${name}-b`, canonical_id: other });
    await expectRefused(
      'entity-alias',
      { ...alias, name: `${name}-c`, canonical_id: other },
      'has an alias at this mount accessor already',
    );
    await expectRefused(`entity-alias/id/${there}`, { name: name.toUpperCase() }, 'of this name and mount accessor exists already');
    await expectRefused('entity-alias', { ...alias, canonical_id: 'nobody' }, 'field canonical_id: no entity has this id');
    await expectRefused('entity-alias', { ...alias, canonical_id: other }, 'has an alias at this mount accessor already');
    await expectRefused('entity-alias', { ...alias, name: 'x'.repeat(1025) }, 'field name: must have 1 to 1024 characters');
    expect(await made('entity-alias', { name: `${name}${'x'.repeat(1024 - name.length)}`, mount_accessor: accessor })).toEqual(uuid);
    await call('DELETE', `identity/entity-alias/id/${there}`);
    const moved = (await call('POST', 'identity/entity-alias', { ...alias, name: name.toUpperCase(), canonical_id: other })).json.data;
    expect(moved).toEqual({ canonical_id: other, id: first.id });
    expect((await read(`entity/id/${first.canonical_id}`))['aliases']).toEqual([]);
    expect((await read(`entity/id/${other}`))['aliases']).toEqual([expect.objectContaining({ id: first.id, name: name.toUpperCase() })]);
  });

  test('has metadata within its bounds', async () => {
    const pairs = (many: number): Data => Object.fromEntries(Array.from({ length: many }, (_, n) => [`k${n}`, 'v']));
    const id = await made('entity-alias', { name, mount_accessor: accessor, custom_metadata: pairs(64) });
    expect((await read(`entity-alias/id/${id}`))['custom_metadata']).toEqual(pairs(64));
    await expectRefused(`entity-alias/id/${id}`, { custom_metadata: pairs(65) }, 'field custom_metadata: at most 64 pairs');
  });
});

describe('a merge', () => {
  test('brings aliases, policies and groups to one entity, which answers for the other ids', async () => {
    const [to, from, last] = [await made('entity', { policies: 'a' }), await made('entity', { policies: 'b' }), await made('entity', {})];
    const alias = await made('entity-alias', { name, mount_accessor: accessor, canonical_id: from });
    const group = await made('group', { member_entity_ids: [from] });
    expect((await call('POST', 'identity/entity/merge', { to_entity_id: to, from_entity_ids: [from] })).status).toBe(204);
    const merged = await read(`entity/id/${from}`);
    expect(merged).toMatchObject({ id: to, policies: ['a', 'b'], merged_entity_ids: [from], direct_group_ids: [group] });
    expect(merged['aliases']).toEqual([expect.objectContaining({ id: alias, canonical_id: to, merged_from_canonical_ids: [from] })]);
    expect((await read(`group/id/${group}`))['member_entity_ids']).toEqual([to]);
    expect((await call('PUT', 'identity/entity/merge', { to_entity_id: last, from_entity_ids: to })).status).toBe(204);
    for (const id of [from, to]) expect((await call('POST', 'identity/lookup/entity', { id })).json.data.id).toBe(last);
    await expectRefused('entity/merge', { to_entity_id: last, from_entity_ids: [last] }, 'must not hold to_entity_id');
    await expectRefused('entity/merge', { to_entity_id: last, from_entity_ids: [from] }, 'field from_entity_ids: no entity has this id');
    expect((await call('DELETE', `identity/entity/id/${last}`)).status).toBe(204);
    expect((await call('GET', `identity/entity/id/${from}`)).status).toBe(404);
  });

  test('of two with an alias at the same mount needs to know which one stays', async () => {
    const one = (await call('POST', 'identity/entity-alias', { name, mount_accessor: accessor })).json.data;
    const two = (await call('POST', 'identity/entity-alias', { name: `${name}-b`, mount_accessor: accessor })).json.data;
    const body = { to_entity_id: one.canonical_id, from_entity_ids: [two.canonical_id] };
    await expectRefused('entity/merge', body, 'conflicting_alias_ids_to_keep');
    expect((await call('POST', 'identity/entity/merge', { ...body, conflicting_alias_ids_to_keep: [two.id] })).status).toBe(204);
    expect((await read(`entity/id/${one.canonical_id}`))['aliases']).toEqual([expect.objectContaining({ id: two.id })]);
    expect((await call('GET', `identity/entity-alias/id/${one.id}`)).status).toBe(404);
    expect((await call('POST', 'identity/lookup/entity', { alias_name: name, alias_mount_accessor: accessor })).status).toBe(204);
  });
});

describe('a group', () => {
  test('is made, read by id and name, changed in part, listed both ways, and deleted', async () => {
    const member = await made('entity', {});
    const child = await made('group', {});
    const body = { name, policies: 'Ops', metadata: { a: 'b' }, member_entity_ids: [member], member_group_ids: [child] };
    const { json } = await call('PUT', 'identity/group', body);
    expect(json.data).toEqual({ id: uuid, name });
    const id = json.data.id as string;
    const expected = {
      alias: {},
      creation_time: moment,
      id,
      last_update_time: moment,
      member_entity_ids: [member],
      member_group_ids: [child],
      metadata: { a: 'b' },
      name,
      namespace_id: 'root',
      parent_group_ids: [],
      policies: ['ops'],
      type: 'internal',
    };
    expect(await read(`group/id/${id}`)).toEqual(expected);
    expect(await read(`group/name/${name.toUpperCase()}`)).toEqual(expected);
    expect((await read(`group/id/${child}`))['parent_group_ids']).toEqual([id]);
    expect(await read(`entity/id/${member}`)).toMatchObject({ direct_group_ids: [id], group_ids: [id], inherited_group_ids: [] });
    expect((await call('POST', `identity/group/id/${id}`, { metadata: {}, member_group_ids: '' })).json.data).toEqual({ id, name });
    expect((await call('PUT', `identity/group/name/${name}`, { policies: [] })).status).toBe(200);
    expect((await call('POST', 'identity/group', { name, member_entity_ids: [] })).status).toBe(200);
    expect((await call('POST', 'identity/group', { id, name: `${name}-b` })).status).toBe(200);
    const emptied = { member_entity_ids: [], member_group_ids: [], policies: [], metadata: null, name: `${name}-b` };
    expect(await read(`group/id/${id}`)).toEqual({ ...expected, ...emptied });
    await expectRefused(`group/id/${child}`, { name: `${name}-B` }, 'group name is already in use');
    await expectRefused(`group/id/${child}`, { type: 'external' }, 'field type: the type of a group cannot be changed');
    for (const [method, suffix] of [
      ['LIST', ''],
      ['GET', '?list=true'],
    ] as const) {
      const byId = (await call(method, `identity/group/id${suffix}`)).json.data;
      expect([byId.keys, byId.key_info[id]]).toEqual([
        expect.arrayContaining([id]),
        { name: `${name}-b`, type: 'internal', num_parent_groups: 0 },
      ]);
      expect((await call(method, `identity/group/name${suffix}`)).json.data.keys).toContain(`${name}-b`);
    }
    for (let time = 0; time < 2; time++) expect((await call('DELETE', `identity/group/id/${id}`)).status).toBe(204);
    expect((await call('DELETE', `identity/group/name/${name}-b`)).status).toBe(204);
    expect((await call('GET', `identity/group/id/${id}`)).status).toBe(404);
    expect((await call('GET', `identity/group/name/${name}-b`)).status).toBe(404);
  });

  test('gives what it has to the members of its members, and nothing once it is gone', async () => {
    const member = await made('entity', {});
    const inner = await made('group', { member_entity_ids: [member] });
    const outer = await made('group', { member_group_ids: [inner] });
    expect(await read(`entity/id/${member}`)).toMatchObject({
      direct_group_ids: [inner],
      inherited_group_ids: [outer],
      group_ids: [inner, outer],
    });
    await call('DELETE', `identity/group/id/${inner}`);
    expect(await read(`entity/id/${member}`)).toMatchObject({ group_ids: [] });
    expect((await read(`group/id/${outer}`))['member_group_ids']).toEqual([]);
    const again = await made('group', { member_entity_ids: [member] });
    await call('DELETE', `identity/entity/id/${member}`);
    expect((await read(`group/id/${again}`))['member_entity_ids']).toEqual([]);
  });

  test('is never a member of itself, however far below', async () => {
    const inner = await made('group', {});
    const middle = await made('group', { member_group_ids: [inner] });
    const outer = await made('group', { member_group_ids: [middle] });
    for (const id of [inner, middle, outer])
      await expectRefused(`group/id/${inner}`, { member_group_ids: [id] }, 'would make a circle of groups');
    await expectRefused(`group/id/${middle}`, { member_group_ids: [outer, inner] }, 'would make a circle of groups');
    expect((await read(`group/id/${middle}`))['member_group_ids']).toEqual([inner]);
  });

  test('can be nested 32 deep, and not 33', async () => {
    const line: string[] = [];
    for (let depth = 0; depth < 32; depth++) line.push(await made('group', { member_group_ids: line.slice(-1) }));
    await expectRefused('group', { member_group_ids: line.slice(-1) }, 'groups can be nested at most 32 deep');
    const below = await made('group', {});
    await expectRefused(`group/id/${line[0]}`, { member_group_ids: [below] }, 'groups can be nested at most 32 deep');
    const member = await made('entity', {});
    await call('POST', `identity/group/id/${line[0]}`, { member_entity_ids: [member] });
    expect((await read(`entity/id/${member}`))['inherited_group_ids']).toHaveLength(31);
  });

  test('can be a member of 100 groups, and have 100 as members, and no more', async () => {
    const child = await made('group', {});
    const others: string[] = [];
    for (let n = 0; n < 100; n++) others.push(await made('group', { member_group_ids: [child] }));
    await expectRefused('group', { member_group_ids: [child] }, 'a direct member of at most 100 groups');
    const all = await made('group', { member_group_ids: others });
    expect((await read(`group/id/${all}`))['member_group_ids']).toHaveLength(100);
  });
});

describe('an external group', () => {
  test('has one alias, which is made, read, found, changed, listed and deleted', async () => {
    const id = await made('group', { name, type: 'external' });
    const body = { name: 'Admins', mount_accessor: accessor, canonical_id: id };
    const { json } = await call('PUT', 'identity/group-alias', { ...body, name });
    expect(json.data).toEqual({ canonical_id: id, id: uuid });
    const aliasId = json.data.id as string;
    const expected = {
      canonical_id: id,
      creation_time: moment,
      id: aliasId,
      last_update_time: moment,
      merged_from_canonical_ids: null,
      metadata: null,
      mount_accessor: accessor,
      mount_path: 'auth/userpass/',
      mount_type: 'userpass',
      name,
      namespace_id: 'root',
    };
    expect(await read(`group-alias/id/${aliasId}`)).toEqual(expected);
    expect((await read(`group/id/${id}`))['alias']).toEqual(expected);
    for (const [method, suffix] of [
      ['LIST', ''],
      ['GET', '?list=true'],
    ] as const) {
      const { data } = (await call(method, `identity/group-alias/id${suffix}`)).json;
      expect([data.keys, data.key_info[aliasId]]).toEqual([expect.arrayContaining([aliasId]), expected]);
    }
    for (const by of [{ id }, { name }, { alias_id: aliasId }, { alias_name: name.toUpperCase(), alias_mount_accessor: accessor }])
      expect((await call('POST', 'identity/lookup/group', by)).json.data.id).toBe(id);
    expect((await call('POST', 'identity/lookup/group', { alias_name: 'nobody', alias_mount_accessor: accessor })).status).toBe(204);
    expect((await call('POST', 'identity/group-alias', { ...body, name })).json.data.id).toBe(aliasId);
    await expectRefused('group-alias', body, 'the group has an alias already');
    const change = await call('POST', `identity/group-alias/id/${aliasId}`, { mount_accessor: tokenAccessor });
    expect(change.json.data).toEqual({ canonical_id: id, id: aliasId });
    expect(await read(`group-alias/id/${aliasId}`)).toMatchObject({ mount_path: 'auth/token/', name });
    for (let time = 0; time < 2; time++) expect((await call('DELETE', `identity/group-alias/id/${aliasId}`)).status).toBe(204);
    expect((await call('GET', `identity/group-alias/id/${aliasId}`)).status).toBe(404);
    expect((await read(`group/id/${id}`))['alias']).toEqual({});
  });

  test('shares its alias with no other, and an internal group has none', async () => {
    const [one, two, internal] = [
      await made('group', { type: 'external' }),
      await made('group', { type: 'external' }),
      await made('group', {}),
    ];
    const place = { name, mount_accessor: accessor };
    const alias = await made('group-alias', { ...place, canonical_id: one });
    const other = await made('group-alias', { name: `${name}-b`, mount_accessor: accessor, canonical_id: two });
    await expectRefused('group-alias', { ...place, canonical_id: two }, 'the alias is that of another group');
    await expectRefused(`group-alias/id/${other}`, { name: name.toUpperCase() }, 'another group has an alias of this name');
    await expectRefused('group-alias', { ...place, name: 'x', canonical_id: internal }, 'an internal group has no alias');
    await expectRefused('group-alias', { ...place, name: 'x', canonical_id: 'nobody' }, 'field canonical_id: no group has this id');
    expect((await read(`group-alias/id/${alias}`))['canonical_id']).toBe(one);
  });
});

test('of fifty who make the same name at once, all mean one entity, or one group', async () => {
  for (const [kind, fields] of [
    ['entity', { policies: 'a' }],
    ['group', { type: 'external' }],
  ] as const) {
    const connections = Array.from({ length: 50 }, () => server.connect());
    const answers = await Promise.all(
      connections.map((connection, n) =>
        connection.send({
          method: n % 2 === 0 ? 'POST' : 'PUT',
          path: n % 3 === 0 ? `identity/${kind}/name/${name}` : `identity/${kind}`,
          token: server.rootToken,
          body: { ...fields, name: n % 3 === 1 ? name.toUpperCase() : name },
        }),
      ),
    );
    for (const connection of connections) connection.close();
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 204)).toEqual([]);
    expect(new Set(answers.flatMap(({ json }) => (json === null ? [] : [json.data.id as string]))).size).toBe(1);
    const { keys } = (await call('LIST', `identity/${kind}/name`)).json.data as { keys: readonly string[] };
    expect(keys.filter((key) => key.toLowerCase() === name)).toHaveLength(1);
  }
});

test('of fifty who nest two groups into each other at once, one way wins', async () => {
  const [one, two] = [await made('group', {}), await made('group', {})];
  const connections = Array.from({ length: 50 }, () => server.connect());
  const answers = await Promise.all(
    connections.map((connection, n) => {
      const [outer, inner] = n % 2 === 0 ? [one, two] : [two, one];
      return connection.send({
        method: 'POST',
        path: `identity/group/id/${outer}`,
        token: server.rootToken,
        body: { member_group_ids: [inner] },
      });
    }),
  );
  for (const connection of connections) connection.close();
  expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 400)).toEqual([]);
  const members = [await read(`group/id/${one}`), await read(`group/id/${two}`)].map(
    (group) => group['member_group_ids'] as readonly string[],
  );
  expect(members.flat()).toHaveLength(1);
});

const kinds = ['entity', 'entity-alias', 'group', 'group-alias'];
const operations: readonly (readonly [string, string])[] = [
  ...kinds.flatMap((kind): (readonly [string, string])[] => [
    ['POST', `identity/${kind}`],
    ['LIST', `identity/${kind}/id`],
    ['GET', `identity/${kind}/id/x`],
    ['POST', `identity/${kind}/id/x`],
    ['DELETE', `identity/${kind}/id/x`],
  ]),
  ...['entity', 'group'].flatMap((kind): (readonly [string, string])[] => [
    ['LIST', `identity/${kind}/name`],
    ['GET', `identity/${kind}/name/x`],
    ['POST', `identity/${kind}/name/x`],
    ['DELETE', `identity/${kind}/name/x`],
    ['POST', `identity/lookup/${kind}`],
  ]),
  ['POST', 'identity/entity/merge'],
  ['POST', 'identity/entity/batch-delete'],
];

test.each(operations)('%s %s is nothing for a stranger', async (method, path) => {
  const token = await tokenWith(server, 'stranger', 'path "secret/*" { capabilities = ["read"] }');
  expect((await call(method, path, {}, token)).status).toBe(403);
  expect((await server.send({ method, path, token: undefined })).status).toBe(403);
});

test('a deny of a name holds for every spelling of it', async () => {
  await made('entity', { name });
  const rules = `path "identity/entity/name/*" { capabilities = ["read", "update", "delete"] }
    path "identity/entity/name/${name}" { capabilities = ["deny"] }`;
  const token = await tokenWith(server, 'not-this', rules);
  for (const spelling of [name, name.toUpperCase(), `${name}/`, name.replace('name', 'nam%45')])
    for (const method of ['GET', 'POST', 'DELETE'])
      expect((await call(method, `identity/entity/name/${spelling}`, undefined, token)).status).not.toBe(200);
  expect((await call('GET', `identity/entity/name/${name.toUpperCase()}`, undefined, token)).status).toBe(403);
  expect((await call('GET', `identity/entity/name/${name}`)).status).toBe(200);
});

test('everything is as it was after a restart, a kill included', async () => {
  const id = await made('entity', { name, metadata: { a: 'b' } });
  const alias = await made('entity-alias', { name, mount_accessor: accessor, canonical_id: id });
  const group = await made('group', { name, member_entity_ids: [id] });
  const external = await made('group', { type: 'external' });
  const groupAlias = await made('group-alias', { name, mount_accessor: accessor, canonical_id: external });
  const paths = [`entity/id/${id}`, `entity-alias/id/${alias}`, `group/id/${group}`, `group-alias/id/${groupAlias}`, `entity/name/${name}`];
  const before = await Promise.all(paths.map(read));
  await server.kill();
  await server.restart();
  expect(await Promise.all(paths.map(read))).toEqual(before);
  expect((await call('POST', 'identity/lookup/entity', { alias_name: name, alias_mount_accessor: accessor })).json.data.id).toBe(id);
  expect((await call('GET', 'sys/internal/counters/entities')).json.data.counters.entities.total).toBeGreaterThan(0);
});
