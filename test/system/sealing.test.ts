/** Sealing while requests are under way. Invariant: it waits for them, but never for one that waits for it. */
import { expect, test } from 'vitest';
import { startHost } from '../harness/host.ts';

/** What sealing waits at most for requests under way. */
const drainMs = 5000;

test('requests that seal at the same time do not wait for each other', async () => {
  const host = await startHost();
  const { server } = host;
  const started = performance.now();
  // As the listener counts them.
  server.inFlight = 2;
  const answers = await Promise.all([host.send('PUT', 'sys/seal'), host.send('PUT', 'sys/seal')]);
  expect(answers.map(({ status }) => status)).toEqual([204, 204]);
  expect(performance.now() - started).toBeLessThan(drainMs / 2);
  expect(server.unsealed).toBeUndefined();
});

test('a share that comes while the server seals does not hold it up', async () => {
  const host = await startHost();
  const { server } = host;
  const started = performance.now();
  server.inFlight = 2;
  const seal = host.send('PUT', 'sys/seal');
  while (server.unsealed !== undefined) await new Promise((resolve) => void setImmediate(resolve));
  expect((await host.send('PUT', 'sys/unseal', { key: 'ab'.repeat(33) })).status).toBe(400);
  expect((await seal).status).toBe(204);
  expect(performance.now() - started).toBeLessThan(drainMs / 2);
});

test('sealing waits for a request that is still at work', async () => {
  const host = await startHost();
  const { server } = host;
  server.inFlight = 2;
  const seal = host.send('PUT', 'sys/seal');
  const first = await Promise.race([seal.then(() => 'sealed'), new Promise((resolve) => setTimeout(resolve, 200, 'waits'))]);
  expect(first).toBe('waits');
  server.inFlight = 1;
  expect((await seal).status).toBe(204);
});

test('sealing forgets the ciphertext that was kept', async () => {
  const host = await startHost();
  await host.send('POST', 'secret/data/a', { data: { word: 'x' } });
  await host.send('GET', 'secret/data/a');
  const kept = host.server.unsealed!.sealed!;
  expect(kept.count).toBeGreaterThan(0);
  await host.send('PUT', 'sys/seal');
  expect(kept.count).toBe(0);
});
