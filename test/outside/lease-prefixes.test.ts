/** Leases below a path: ended together, by force, listed when they can't be, and their index tidied. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Transaction } from '../../core/barrier/transaction.ts';
import { indexDirectories, leasesUnder } from '../../core/lease/lease-store.ts';
import { type KeyHost, startKeyHost } from './key-host.ts';

let host: KeyHost;
let ids: string[] = [];

beforeEach(async () => {
  host = await startKeyHost({ mounts: ['keys/', 'other/keys/'], roles: { app: '10m', apples: '10m' } });
  ids = [];
  for (const path of ['keys/creds/app', 'keys/creds/app', 'keys/creds/apples', 'other/keys/creds/app'])
    ids.push((await host.send('GET', path)).json.lease_id as string);
});
afterEach(() => host.stop());

async function left(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of ids) if ((await host.send('PUT', 'sys/leases/lookup', { lease_id: id })).status === 200) found.push(id);
  return found;
}

test('pages of leases hold each of them once, in order, wherever a page ends', async () => {
  const { unsealed } = host.server;
  if (unsealed === undefined) throw new Error('sealed');
  for (const size of [1, 2, 3, 4, 5]) {
    const all: string[] = [];
    for (let after = ''; ;) {
      const page = await leasesUnder(new Transaction(unsealed), '', after, size);
      all.push(...page);
      if (page.length < size) break;
      after = page.at(-1)!;
    }
    expect([size, all]).toEqual([size, ids.toSorted()]);
  }
});

test.each(['sys/leases/revoke-prefix', 'sys/revoke-prefix'])('%s ends what lies below a path, and nothing beside it', async (path) => {
  expect((await host.send('PUT', `${path}/keys/creds/app`, {})).status).toBe(204);
  expect(await left()).toEqual(ids.slice(2));
  expect(host.service.keys.size).toBe(2);
  expect((await host.send('PUT', `${path}/nothing/here`, {})).status).toBe(204);
  expect((await host.send('PUT', `${path}/${ids[2] ?? ''}`, {})).status).toBe(204);
  expect(await left()).toEqual(ids.slice(3));
  expect((await host.send('PUT', `${path}/other`, { sync: false })).status).toBe(204);
  expect(await left()).toEqual([]);
  await host.later(0);
  expect(host.service.keys.size).toBe(0);
});

test('one that can not be ended is tried again, is not usable any more, and is listed after many tries', async () => {
  host.service.deletes = 'fails-before';
  const refused = await host.send('PUT', 'sys/leases/revoke-prefix/keys', {});
  expect([refused.status, refused.json.errors[0]]).toEqual([502, expect.stringContaining('3 leases can not be revoked yet')]);
  expect(await left()).toEqual(ids.slice(3));
  expect((await host.send('GET', 'sys/leases/count?type=irrevocable')).json.data).toEqual({ lease_count: 0, counts: {} });
  // The first try, under way as the answer left, may have been put off by a clock that had moved on.
  for (let tries = 1; tries < 8; tries++) await host.later(3600);
  expect((await host.send('GET', 'sys/leases/count?type=irrevocable')).json.data).toMatchObject({ counts: { 'keys/': 3 } });
  const listed = (await host.send('GET', 'sys/leases?type=irrevocable&limit=2')).json;
  expect(listed.data.lease_count).toBeGreaterThanOrEqual(3);
  expect(listed.data.leases).toHaveLength(2);
  expect(listed.warnings[0]).toContain('limit=none');
  expect((await host.send('GET', 'sys/leases?type=irrevocable&limit=none')).json.data.leases.length).toBe(listed.data.lease_count);
  expect((await host.send('GET', 'sys/leases?type=irrevocable&limit=0')).status).toBe(400);
  expect((await host.send('GET', 'sys/leases')).status).toBe(400);
  expect((await host.send('GET', 'sys/leases/count?type=other')).status).toBe(400);
});

test.each(['sys/leases/revoke-force', 'sys/revoke-force'])('%s forgets what it can not end', async (path) => {
  host.service.deletes = 'fails-before';
  expect((await host.send('PUT', `${path}/keys`, {})).status).toBe(204);
  expect(await left()).toEqual(ids.slice(3));
  host.service.deletes = 'works';
  await host.later(86_400);
  // Three are still there, outside, and nobody goes after them; the fourth ran out.
  expect(host.service.keys.size).toBe(3);
  expect((await host.send('LIST', 'sys/leases/lookup/keys')).status).toBe(404);
});

test('a tidy removes what leads to no lease, and leaves the rest', async () => {
  const { unsealed } = host.server;
  if (unsealed === undefined) throw new Error('sealed');
  const index = async (): Promise<readonly string[]> => {
    const tx = new Transaction(unsealed);
    const names = await Promise.all((await indexDirectories(tx)).map(async (at) => (await tx.list(at)).map((name) => at + name)));
    return names.flat();
  };
  const before = await index();
  const tx = new Transaction(unsealed);
  const strays = ['lease/pending/x', 'lease/mount/none/y', 'lease/due/0000000000000001/z'];
  for (const key of strays) tx.put(key, Buffer.from('keys/creds/app/none'));
  await tx.commit().durable;
  expect((await host.send('POST', 'sys/leases/tidy')).status).toBe(202);
  await unsealed.leases.stop();
  const after = new Transaction(unsealed);
  for (const key of strays) expect([key, await after.get(key)]).toEqual([key, undefined]);
  expect(await left()).toEqual(ids);
  expect(await index()).toEqual(before);
});
