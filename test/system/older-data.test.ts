/** Data that an older version has written is served as it was. */
import { expect, test } from 'vitest';
import { Transaction } from '../../core/barrier/transaction.ts';
import { mountsKey } from '../../core/mounts/mount-table.ts';
import { startHost } from '../harness/host.ts';

test('a mount table from before several engines could share a type', async () => {
  const host = await startHost();
  await host.send('POST', 'secret/data/x', { data: { v: 1 } });
  const { unsealed } = host.server;
  if (unsealed === undefined) throw new Error('sealed');
  const tx = new Transaction(unsealed);
  const table = JSON.parse(Buffer.from((await tx.get(mountsKey))!).toString()) as Record<string, unknown>[];
  tx.put(mountsKey, Buffer.from(JSON.stringify(table.map(({ plugin: _plugin, ...mount }) => mount))));
  await tx.commit().durable;
  expect((await host.send('GET', 'secret/data/x')).json.data.data).toEqual({ v: 1 });
  expect((await host.send('GET', 'sys/mounts')).json.data['secret/'].type).toBe('kv');
});
