/** Lease counts: never more leases than the quota says, however many ask at once; what has ended makes room. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HostAnswer } from '../harness/host.ts';
import { type KeyHost, startKeyHost } from './key-host.ts';

let host: KeyHost;

beforeEach(async () => {
  host = await startKeyHost({ mounts: ['keys/', 'other/'], roles: { app: '10m', job: '10m' } });
});
afterEach(() => host.stop());

async function issue(path: string, times: number): Promise<readonly HostAnswer[]> {
  return Promise.all(Array.from({ length: times }, () => host.send('GET', path)));
}

const count = (answers: readonly HostAnswer[], status: number): number => answers.filter((answer) => answer.status === status).length;

test('of two hundred at once exactly as many get a lease as there may be, and nothing is issued to the others', async () => {
  await host.send('POST', 'sys/quotas/lease-count/keys', { path: 'keys', max_leases: 7 });
  const answers = await issue('keys/creds/app', 200);
  expect([count(answers, 200), count(answers, 429)]).toEqual([7, 193]);
  expect(answers.find(({ status }) => status === 429)?.headers['Retry-After']).toBe('1');
  expect(host.service.keys.size).toBe(7);
  expect((await host.send('GET', 'sys/quotas/lease-count/keys')).json.data.counter).toBe(7);
  expect(count(await issue('other/creds/app', 3), 200)).toBe(3);
});

test('a lease that has ended makes room, and a path has a count of its own', async () => {
  await host.send('POST', 'sys/quotas/lease-count/keys', { path: 'keys', max_leases: 2 });
  await host.send('POST', 'sys/quotas/lease-count/app', { path: 'keys/creds/app', max_leases: 1 });
  const [first] = await issue('keys/creds/app', 1);
  expect((await issue('keys/creds/app', 1))[0]?.status).toBe(429);
  expect(count(await issue('keys/creds/job', 2), 200)).toBe(1);
  await host.send('PUT', 'sys/leases/revoke', { lease_id: first?.json.lease_id as string, sync: true });
  expect((await issue('keys/creds/app', 1))[0]?.status).toBe(200);
});

test('one count can be for the whole server', async () => {
  await host.send('POST', 'sys/quotas/lease-count/all', { max_leases: 4 });
  const answers = await Promise.all([issue('keys/creds/app', 5), issue('other/creds/job', 5)]);
  expect(count(answers.flat(), 200)).toBe(4);
});
