/** Requests that give up because others change what they read. Invariant: what they are answered has its line in the audit. */
import { expect, test } from 'vitest';
import { startHost } from '../harness/host.ts';

test('who gives up after too many conflicts has both lines in the audit', async () => {
  const host = await startHost();
  const writes = Array.from({ length: 300 }, (_, v) => host.send('POST', 'secret/data/contested', { data: { v } }));
  const statuses = (await Promise.all(writes)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  const lines = host.sink.lines.filter((line) => line.includes('"path":"secret/data/contested"'));
  const count = (type: string): number => lines.filter((line) => line.includes(`"type":"${type}"`)).length;
  expect([count('request'), count('response')]).toEqual([300, 300]);
  expect(lines.filter((line) => line.includes('too many concurrent changes'))).toHaveLength(
    statuses.filter((status) => status === 503).length,
  );
});
