/** What belonged to a token is gone from storage once the sweep has seen that the token is. */
import { expect, test } from 'vitest';
import { Transaction } from '../../core/barrier/transaction.ts';
import { startHost, type TestHost } from '../harness/host.ts';

async function left({ server }: TestHost): Promise<number> {
  const tx = new Transaction(server.unsealed!);
  const names = [...(await tx.list('core/cubbyhole/')), ...(await tx.list('core/cubbyhole-ended/'))];
  return names.length;
}

test('a cubbyhole of a thousand entries, and answers that nobody unwrapped, go with their tokens', async () => {
  let now = Date.parse('2030-01-01');
  const host = await startHost({ wallClock: () => now });
  const { json } = await host.send('POST', 'auth/token/create', { ttl: '1h' });
  const token = json.auth.client_token as string;
  for (let i = 0; i < 1000; i++) await host.send('POST', `cubbyhole/${i % 7}/${i}`, { i }, token);
  await host.send('GET', 'sys/mounts', undefined, host.rootToken, { 'x-vault-wrap-ttl': '60' });
  await host.send('POST', 'cubbyhole/stays', { a: 1 });
  expect(await left(host)).toBe(3);
  now += 61_000;
  await host.server.housekeeping?.sweep();
  expect(await left(host)).toBe(2);
  now += 3_600_000;
  await host.server.housekeeping?.sweep();
  expect(await left(host)).toBe(1);
  expect((await host.send('GET', 'cubbyhole/stays')).status).toBe(200);
  await host.server.stop();
});

test('nothing of an answer is left once it has been unwrapped', async () => {
  const host = await startHost();
  const { json } = await host.send('GET', 'sys/mounts', undefined, host.rootToken, { 'x-vault-wrap-ttl': '60' });
  expect((await host.send('POST', 'sys/wrapping/unwrap', { token: json.wrap_info.token as string })).status).toBe(200);
  const tx = new Transaction(host.server.unsealed!);
  expect(await tx.list('core/cubbyhole/')).toEqual([]);
  await host.server.stop();
});
