/** External groups: their members are those whom an auth method names in its logins. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { type HostAnswer, startHost, type TestHost } from '../harness/host.ts';

let service: Server;
let host: TestHost;
let accessor: string;
let count = 0;
let user: string;
let team: string;
let requests = 0;
/** What the directory says that whoever asks is a member of, besides a group that nobody else is in. */
let said: readonly string[] = [];
beforeAll(async () => {
  service = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200).end([...said, `request-${++requests}`].join(',')));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const module = new URL('directory.ts', import.meta.url).href;
  const method = { type: 'directory', description: '', options: null, config: {}, hosts: [url] };
  host = await startHost({
    catalog: [...readCatalog(), { kind: 'auth-method', name: 'directory', version: '0.1.0', aliases: {}, module }],
    declared: {
      mounts: [{ path: 'secret/', type: 'kv', description: '', options: { version: '2' }, config: {} }],
      policies: [],
      auth: ['directory', 'other'].map((path) => ({ path, ...method })),
    },
  });
  for (const path of ['directory', 'other']) await host.send('POST', `auth/${path}/config`, { url });
  accessor = (await host.send('GET', 'sys/auth/directory')).json.data.accessor as string;
  await host.send('PUT', 'sys/policies/acl/of-team', { policy: 'path "secret/data/team" { capabilities = ["read"] }' });
  await host.send('POST', 'secret/data/team', { data: { a: 1 } });
});
afterAll(async () => {
  await host.server.stop();
  service.closeAllConnections();
  service.close();
});
beforeEach(() => {
  user = `user-${++count}`;
  team = `team-${count}`;
});

interface Auth {
  readonly client_token: string;
  readonly entity_id: string;
}
async function logIn(groups: readonly string[], at = 'directory'): Promise<Auth> {
  said = groups;
  const { json, text } = await host.send('POST', `auth/${at}/login/${user}`, { password: 'p' }, '');
  if (json?.auth === undefined) throw new Error(text);
  return json.auth as Auth;
}
const data = async (answer: Promise<HostAnswer>): Promise<Readonly<Record<string, unknown>>> =>
  (await answer).json.data as Readonly<Record<string, unknown>>;
async function externalGroup(name: string, mount = accessor): Promise<{ readonly id: string; readonly alias: string }> {
  const { id } = await data(host.send('POST', 'identity/group', { type: 'external', policies: 'of-team' }));
  const alias = await data(host.send('POST', 'identity/group-alias', { name, mount_accessor: mount, canonical_id: id }));
  return { id: id as string, alias: alias['id'] as string };
}
const members = async (id: string): Promise<unknown> => (await data(host.send('GET', `identity/group/id/${id}`)))['member_entity_ids'];
const may = async ({ client_token: token }: Auth): Promise<number> => (await host.send('GET', 'secret/data/team', undefined, token)).status;

test('a login joins the groups that it names and that there are, and leaves those that it names no more', async () => {
  const group = await externalGroup(team);
  const other = await externalGroup(`${team}-b`);
  const first = await logIn([team.toUpperCase(), 'nobody-made-this']);
  expect([await members(group.id), await members(other.id), await may(first)]).toEqual([[first.entity_id], [], 200]);
  const second = await logIn([`${team}-b`]);
  expect([await members(group.id), await members(other.id)]).toEqual([[], [first.entity_id]]);
  // Of all tokens of the entity, at once.
  expect([await may(first), await may(second)]).toEqual([200, 200]);
  expect([await may(await logIn(['none'])), await may(first)]).toEqual([403, 403]);
});

test('a renewal follows what the method says then', async () => {
  const group = await externalGroup(team);
  const auth = await logIn([team]);
  expect(await may(auth)).toBe(200);
  // This method names no groups when it renews.
  expect((await host.send('POST', 'auth/token/renew-self', {}, auth.client_token)).status).toBe(200);
  expect([await members(group.id), await may(auth)]).toEqual([[], 403]);
});

test('a group of another mount, or an internal one, is not touched by a login', async () => {
  const elsewhere = await externalGroup(team, (await data(host.send('GET', 'sys/auth/other')))['accessor'] as string);
  const auth = await logIn([team]);
  expect([await members(elsewhere.id), await may(auth)]).toEqual([[], 403]);
  await host.send('POST', 'identity/entity-alias', {
    name: user,
    mount_accessor: (await data(host.send('GET', 'sys/auth/other')))['accessor'],
    canonical_id: auth.entity_id,
  });
  expect((await logIn([team], 'other')).entity_id).toBe(auth.entity_id);
  const { id: internal } = await data(host.send('POST', 'identity/group', { member_entity_ids: auth.entity_id }));
  await logIn(['none']);
  expect([await members(elsewhere.id), await members(internal as string)]).toEqual([[auth.entity_id], [auth.entity_id]]);
});

test('another name, or none, leaves the members of the former behind, at once', async () => {
  const group = await externalGroup(team);
  const auth = await logIn([team]);
  await host.send('POST', `identity/group-alias/id/${group.alias}`, { name: `${team}-b` });
  expect([await members(group.id), await may(auth)]).toEqual([[], 403]);
  await logIn([`${team}-b`]);
  expect(await may(auth)).toBe(200);
  await host.send('DELETE', `identity/group-alias/id/${group.alias}`);
  expect([await members(group.id), await may(auth)]).toEqual([[], 403]);
  await host.send('POST', 'identity/group-alias', { name: team, mount_accessor: accessor, canonical_id: group.id });
  expect(await may(auth)).toBe(403);
});

test('what is left of members that a group had is swept', async () => {
  const group = await externalGroup(team);
  const auth = await logIn([team]);
  await host.send('DELETE', `identity/group/id/${group.id}`);
  expect(await may(auth)).toBe(403);
  await host.server.housekeeping?.sweep();
  const { storage } = host.server.unsealed!;
  const left = async (directory: string): Promise<readonly string[]> => (await storage.list(`core/identity/${directory}/`, '', 1000)).names;
  expect([await left('roll-void'), await left(`entity-rolls/${auth.entity_id}`)]).toEqual([[], []]);
});

test('fifty logins at once of one who is in three groups all succeed, and each group has one member more', async () => {
  const names = [team, `${team}-b`, `${team}-c`];
  const groups = await Promise.all(names.map((name) => externalGroup(name)));
  const auths = await Promise.all(Array.from({ length: 50 }, () => logIn(names)));
  expect(new Set(auths.map(({ entity_id: id }) => id)).size).toBe(1);
  for (const { id } of groups) expect(await members(id)).toEqual([auths[0]?.entity_id]);
  const { aliases } = (await data(host.send('GET', `identity/entity/id/${auths[0]?.entity_id}`))) as {
    readonly aliases: readonly { readonly metadata: object }[];
  };
  expect(aliases[0]?.metadata).toEqual({ groups: expect.stringContaining(`${names.join(' ')} request-`) });
});
