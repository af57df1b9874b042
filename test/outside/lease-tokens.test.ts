/** Leases end with the token that they were issued to, however it ends. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KeyHost, startKeyHost } from './key-host.ts';

let host: KeyHost;

beforeEach(async () => {
  const policies = [{ name: 'keys', rules: 'path "keys/creds/*" { capabilities = ["read"] }' }];
  host = await startKeyHost({ roles: { app: '10h' }, policies });
});
afterEach(() => host.stop());

async function token(fields: object, by?: string): Promise<string> {
  const { json } = await host.send('POST', 'auth/token/create', { policies: ['keys', 'default'], ttl: '1h', ...fields }, by);
  return json.auth.client_token as string;
}

const ends: Readonly<Record<string, (own: string) => Promise<unknown>>> = {
  'is revoked': (own) => host.send('POST', 'auth/token/revoke', { token: own }),
  'revokes itself': (own) => host.send('POST', 'auth/token/revoke-self', {}, own),
  'is revoked without its children': (own) => host.send('POST', 'auth/token/revoke-orphan', { token: own }),
  expires: () => host.later(3601),
};

test.each(Object.keys(ends))('when it %s', async (how) => {
  const own = await token({});
  const other = await token({ ttl: '5h' });
  const leased = (await host.send('GET', 'keys/creds/app', undefined, own)).json.lease_id as string;
  const kept = (await host.send('GET', 'keys/creds/app', undefined, other)).json.lease_id as string;
  await host.later(0);
  expect(host.service.keys.size).toBe(2);
  await ends[how]?.(own);
  await host.later(0);
  expect(host.service.keys.size).toBe(1);
  expect((await host.send('PUT', 'sys/leases/lookup', { lease_id: leased })).status).toBe(400);
  expect((await host.send('PUT', 'sys/leases/lookup', { lease_id: kept })).status).toBe(200);
});

test('when a token above it ends, and when a batch token’s parent does', async () => {
  const parent = await token({ policies: ['root'] });
  const child = await token({}, parent);
  const batch = await token({ type: 'batch' }, parent);
  for (const own of [child, batch]) expect((await host.send('GET', 'keys/creds/app', undefined, own)).status).toBe(200);
  expect(host.service.keys.size).toBe(2);
  await host.send('POST', 'auth/token/revoke', { token: parent });
  await host.later(0);
  expect(host.service.keys.size).toBe(0);
});

test('a lease that ended before its token leaves nothing behind', async () => {
  const own = await token({});
  const { json } = await host.send('GET', 'keys/creds/app', undefined, own);
  await host.send('PUT', 'sys/leases/revoke', { lease_id: json.lease_id, sync: true });
  await host.send('POST', 'auth/token/revoke', { token: own });
  await host.later(0);
  expect(host.service.asked.filter((line) => line.startsWith('DELETE'))).toHaveLength(1);
});
