/** A mount of KV version 1 is upgraded while it is written and read: no request fails, and nothing that was acknowledged is lost. */
import { expect, test } from 'vitest';
import { scale } from '../harness/scale.ts';
import { startHost } from '../harness/host.ts';

test('an upgrade under load loses no write, and each request sees one version or the other', async () => {
  const host = await startHost();
  const send: typeof host.send = (...request) => host.send(...request);
  expect((await send('POST', 'sys/mounts/old', { type: 'kv' })).status).toBe(204);
  const acknowledged = new Map<string, number>();
  let upgraded = false;
  const work = async (worker: number): Promise<void> => {
    for (let n = 1; n <= 40 * scale; n++) {
      const name = `s${worker}-${n % 5}`;
      const knewBefore = upgraded;
      const first = await send('POST', `old/${name}`, { n });
      if (first.status === 204) {
        // Whoever was told of the upgrade finds no version 1 any more.
        expect(knewBefore).toBe(false);
        acknowledged.set(name, n);
        continue;
      }
      expect(first).toMatchObject({ status: 404, json: { warnings: [expect.stringContaining('versioned')] } });
      expect((await send('POST', `old/data/${name}`, { data: { n } })).status).toBe(200);
      acknowledged.set(name, n);
    }
  };
  const upgrade = async (): Promise<void> => {
    while (acknowledged.size < 20) await new Promise(setImmediate);
    expect((await send('POST', 'sys/mounts/old/tune', { options: { version: 2 } })).status).toBe(204);
    upgraded = true;
  };
  await Promise.all([...Array.from({ length: 8 }, (_, worker) => work(worker)), upgrade()]);
  expect(acknowledged.size).toBe(40);
  for (const [name, n] of acknowledged) expect([name, (await send('GET', `old/data/${name}`)).json.data.data]).toEqual([name, { n }]);
});
