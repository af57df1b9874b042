/** The machine's clock is set back. Invariant: what has expired stays expired, while running and across a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Server } from '../../core/system/server.ts';
import { hostSender } from '../harness/host.ts';
import { openOn } from './image-check.ts';

const base = mkdtempSync(join(tmpdir(), 'strongroom-clock-'));

afterAll(() => rmSync(base, { recursive: true, force: true }));

test('a clock set back un-expires neither a token nor a version of a secret', async () => {
  const start = Date.UTC(2026, 0, 1);
  let now = start;
  let server = await openOn(base, { wallClock: () => now });
  const { rootToken } = await server.initialize({ shares: 1, threshold: 1 });
  server.confirm();
  const statuses = async (one: Server): Promise<readonly number[]> => {
    const send = hostSender(one, rootToken);
    return [
      (await send('GET', 'secret/data/x')).status,
      (await send('GET', 'auth/token/lookup-self', undefined, 'token-of-ten-minutes')).status,
    ];
  };
  const send = hostSender(server, rootToken);
  await send('POST', 'secret/metadata/x', { delete_version_after: '10m' });
  await send('POST', 'secret/data/x', { data: { v: 1 } });
  await send('POST', 'auth/token/create', { id: 'token-of-ten-minutes', policies: ['default'], ttl: '10m' });
  expect(await statuses(server)).toEqual([200, 200]);
  now += 11 * 60_000;
  expect(await statuses(server)).toEqual([404, 403]);
  now = start;
  expect(await statuses(server)).toEqual([404, 403]);
  await server.housekeeping?.sweep();
  await server.stop();

  server = await openOn(base, { wallClock: () => now });
  expect(await statuses(server)).toEqual([404, 403]);
  await server.stop();
});
