/** Leases end with the token that they were issued to, however it ends. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { threadEntry } from '../harness/components.ts';
import { startHost, type TestHost } from '../harness/host.ts';
import { KeyService } from './key-service.ts';

const apiKeys = threadEntry('api-keys', new URL('../../examples/api-keys/index.ts', import.meta.url));
let service: KeyService;
let host: TestHost;
let clock = 0;

beforeEach(async () => {
  service = await KeyService.start();
  clock = Date.UTC(2026, 10, 21);
  host = await startHost({
    catalog: [...readCatalog(), apiKeys],
    wallClock: () => clock,
    declared: {
      policies: [{ name: 'keys', rules: 'path "keys/creds/*" { capabilities = ["read"] }' }],
      mounts: [{ path: 'keys/', type: 'api-keys', description: '', options: null, config: {}, hosts: [service.url] }],
    },
  });
  await host.send('POST', 'keys/config', { url: service.url, token: 'service-token' });
  await host.send('POST', 'keys/roles/app', { ttl: '10h' });
});
afterEach(async () => {
  await host.server.stop();
  await service.close();
});

async function token(fields: object, by?: string): Promise<string> {
  const { json } = await host.send('POST', 'auth/token/create', { policies: ['keys', 'default'], ttl: '1h', ...fields }, by);
  return json.auth.client_token as string;
}

async function settled(): Promise<void> {
  await host.server.housekeeping?.sweep();
  host.server.unsealed?.leases.wake();
  await host.server.unsealed?.leases.idle();
}

const ends: Readonly<Record<string, (own: string) => Promise<unknown>>> = {
  'is revoked': (own) => host.send('POST', 'auth/token/revoke', { token: own }),
  'revokes itself': (own) => host.send('POST', 'auth/token/revoke-self', {}, own),
  'is revoked without its children': (own) => host.send('POST', 'auth/token/revoke-orphan', { token: own }),
  expires: async () => {
    clock += 3_601_000;
    await Promise.resolve();
  },
};

test.each(Object.keys(ends))('when it %s', async (how) => {
  const own = await token({});
  const other = await token({ ttl: '5h' });
  const leased = (await host.send('GET', 'keys/creds/app', undefined, own)).json.lease_id as string;
  const kept = (await host.send('GET', 'keys/creds/app', undefined, other)).json.lease_id as string;
  await settled();
  expect(service.keys.size).toBe(2);
  await ends[how]?.(own);
  await settled();
  expect(service.keys.size).toBe(1);
  expect((await host.send('PUT', 'sys/leases/lookup', { lease_id: leased })).status).toBe(400);
  expect((await host.send('PUT', 'sys/leases/lookup', { lease_id: kept })).status).toBe(200);
});

test('when a token above it ends, and when a batch token’s parent does', async () => {
  const parent = await token({ policies: ['root'] });
  const child = await token({}, parent);
  const batch = await token({ type: 'batch' }, parent);
  for (const own of [child, batch]) expect((await host.send('GET', 'keys/creds/app', undefined, own)).status).toBe(200);
  expect(service.keys.size).toBe(2);
  await host.send('POST', 'auth/token/revoke', { token: parent });
  await settled();
  expect(service.keys.size).toBe(0);
});

test('a lease that ended before its token leaves nothing behind', async () => {
  const own = await token({});
  const { json } = await host.send('GET', 'keys/creds/app', undefined, own);
  await host.send('PUT', 'sys/leases/revoke', { lease_id: json.lease_id, sync: true });
  await host.send('POST', 'auth/token/revoke', { token: own });
  await settled();
  expect(service.asked.filter((line) => line.startsWith('DELETE'))).toHaveLength(1);
});
