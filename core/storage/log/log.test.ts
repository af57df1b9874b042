import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll } from 'vitest';
import { storageContract } from '../contract.ts';
import type { LogStorage } from './log-storage.ts';
import { nodeDisk } from './node-disk.ts';
import { openLog } from './open.ts';
import { testCipher } from './test-cipher.ts';

const root = mkdtempSync(`${tmpdir()}/strongroom-log-`);
afterAll(() => rmSync(root, { recursive: true }));
let count = 0;
const directories = new WeakMap<object, string>();

async function openIn(directory: string): Promise<LogStorage> {
  const storage = await openLog({ directory, disk: nodeDisk(), cipher: testCipher(), options: { ballastBytes: 4096, cleanPagesMax: 2 } });
  directories.set(storage, directory);
  return storage;
}

storageContract(
  'log',
  () => openIn(`${root}/${++count}`),
  async (storage) => {
    await storage.close();
    return openIn(directories.get(storage) ?? '');
  },
);
