import { expect, test } from 'vitest';
import { storageContract } from './contract.ts';
import { openMemory } from './memory.ts';

storageContract('memory', () => Promise.resolve(openMemory()));

test('changes below what is kept are refused', async () => {
  const storage = openMemory({ changesMax: 2 });
  for (let i = 0; i < 10; i++) storage.commit([{ key: `k${i}`, value: Uint8Array.of(i) }]);
  const read = async (): Promise<void> => {
    for await (const change of storage.changes(1)) expect(change.revision).toBeGreaterThan(1);
  };
  await expect(read()).rejects.toMatchObject({ code: 'precondition' });
});
