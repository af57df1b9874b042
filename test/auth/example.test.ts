/** The example of an auth method, as an outsider would write one: mounted, logged in with, renewed, and badly behaved. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { type HostAnswer, startHost, type TestHost } from '../harness/host.ts';

const plugin = (name: string, file: string, kind: 'auth-method' | 'engine') =>
  ({ kind, name, version: '0.1.0', aliases: {}, module: new URL(file, import.meta.url).href }) as const;

let host: TestHost;
beforeAll(async () => {
  const catalog = [
    ...readCatalog(),
    plugin('door-code', '../../examples/door-code/index.ts', 'auth-method'),
    plugin('impostor', 'impostor.ts', 'auth-method'),
    // An engine may have a method's name, and answers no logins.
    plugin('impostor', 'impostor.ts', 'engine'),
  ];
  host = await startHost({ catalog });
  for (const type of ['door-code', 'impostor']) await host.send('POST', `sys/auth/${type}`, { type });
  await host.send('POST', 'sys/mounts/impostor', { type: 'impostor' });
  await host.send('POST', 'auth/door-code/door', { code: '1234', policies: ['guests'] });
});
afterAll(() => host.server.stop());

const logIn = (name: string, code: unknown): Promise<HostAnswer> => host.send('POST', 'auth/door-code/login', { name, code }, '');

test('the right code opens, and a renewal takes over what it opens now', async () => {
  const { auth } = (await logIn('Ann', 1234)).json as { auth: { client_token: string; policies: string[]; metadata: unknown } };
  expect([auth.policies, auth.metadata]).toEqual([['default', 'guests'], null]);
  await host.send('POST', 'auth/door-code/door', { code: '5678', policies: ['staff'] });
  const renewed = await host.send('POST', 'auth/token/renew-self', {}, auth.client_token);
  expect(renewed.json.auth).toMatchObject({ policies: ['default', 'staff'], lease_duration: 3600 });
  const look = await host.send('GET', 'auth/token/lookup-self', undefined, auth.client_token);
  expect(look.json.data).toMatchObject({ policies: ['default', 'staff'], display_name: 'door-code-Ann' });
  await host.send('POST', 'auth/door-code/door', { code: '1234', policies: ['guests'] });
});

test('a wrong code locks whoever says that name, and nobody else', async () => {
  for (const code of ['0000', '', '\ud800', 'x', 'y']) expect((await logIn('Bob', code)).json).toEqual({ errors: ['wrong code'] });
  expect((await logIn('Bob', '1234')).status).toBe(403);
  expect((await logIn('Eve', '1234')).status).toBe(200);
  expect((await logIn('x'.repeat(65), '1234')).status).toBe(400);
});

test('no code is hashed that nobody could send', async () => {
  const { status, json } = await host.send('POST', 'auth/door-code/door', { code: '', policies: [] });
  expect([status, json.errors[0]]).toEqual([400, expect.stringContaining('must not be empty')]);
});

test.each([
  'nothing',
  'number',
  'policies',
  'alias',
  'negative-ttl',
  'endless-ttl',
  'token-type',
  'cidr',
  'metadata',
  'undeclared',
  'not-a-password',
  'not-a-hash',
  'many-passwords',
])('a method that answers a malformed login (%s) makes no token', async (way) => {
  const { status, json } = await host.send('POST', `auth/impostor/as/${way}`, {}, '');
  expect([status, json?.auth]).toEqual(way === 'nothing' ? [204, undefined] : [500, undefined]);
});

test('a method cannot make root, and an engine cannot log anybody in', async () => {
  const root = await host.send('POST', 'auth/impostor/as/root', {}, '');
  expect([root.status, root.json.errors]).toEqual([400, ['auth methods cannot create root tokens']]);
  expect((await host.send('POST', 'impostor/as/fine', {}, '')).status).toBe(500);
  expect((await host.send('POST', 'auth/impostor/as/fine', {}, '')).json.auth.policies).toEqual(['default', 'p']);
});
