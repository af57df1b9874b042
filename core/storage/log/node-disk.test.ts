import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { once } from 'node:events';
import { afterAll, describe, expect, test } from 'vitest';
import { checkDirectory } from './check.ts';
import { nodeDisk } from './node-disk.ts';
import { openLog } from './open.ts';
import { testCipher } from './test-cipher.ts';

const root = mkdtempSync(`${tmpdir()}/strongroom-disk-`);
afterAll(() => rmSync(root, { recursive: true }));

const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);

describe('the log on a real disk', () => {
  test('files are 0600 and the directory 0700 whatever the umask', async () => {
    const directory = `${root}/modes`;
    const mask = process.umask(0);
    try {
      const storage = await openLog({ directory, disk: nodeDisk(), cipher: testCipher(), options: { ballastBytes: 4096 } });
      await storage.commit([{ key: 'k', value: Buffer.from('v') }]).durable;
      await storage.compact();
      await storage.close();
    } finally {
      process.umask(mask);
    }
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const modes = readdirSync(directory).map((name) => [name, statSync(`${directory}/${name}`).mode & 0o777]);
    expect(modes.length).toBeGreaterThan(4);
    expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
  });

  test('a directory that is held is refused by its name, also to the check, and free again after closing', async () => {
    const parameters = { directory: `${root}/held`, disk: nodeDisk(), cipher: testCipher(), options: { ballastBytes: 4096 } };
    const storage = await openLog(parameters);
    const refusal = { code: 'unavailable', message: `another strongroom holds the storage directory ${root}/held` };
    await expect(openLog(parameters)).rejects.toMatchObject(refusal);
    expect(() => checkDirectory(parameters)).toThrow(refusal.message);
    await storage.close();
    expect(checkDirectory(parameters).problems).toEqual([]);
    await (await openLog(parameters)).close();
  });

  test('a process that is killed lets go of the directory, and what it acknowledged is there', async () => {
    const directory = `${root}/killed`;
    const script = `${root}/child.ts`;
    writeFileSync(
      script,
      `import { openLog } from ${module('open.ts')};
       import { nodeDisk } from ${module('node-disk.ts')};
       import { testCipher } from ${module('test-cipher.ts')};
       const storage = await openLog({ directory: ${JSON.stringify(directory)}, disk: nodeDisk(), cipher: testCipher(), options: { ballastBytes: 4096 } });
       for (let i = 0; ; i++) {
         const { revision, durable } = storage.commit([{ key: 'k' + i, value: Buffer.from('v') }]);
         await durable;
         process.send(revision);
       }`,
    );
    const child = fork(script, { stdio: 'pipe' });
    let acknowledged = 0;
    child.on('message', (revision) => {
      acknowledged = Number(revision);
      if (acknowledged >= 20) child.kill('SIGKILL');
    });
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    const storage = await openLog({ directory, disk: nodeDisk(), cipher: testCipher(), options: { ballastBytes: 4096 } });
    expect(storage.head()).toBeGreaterThanOrEqual(acknowledged);
    expect((await storage.list('', '', 1e6)).names).toHaveLength(storage.head());
    await storage.close();
  });

  test('files that are not the log are left alone', async () => {
    const parameters = { directory: `${root}/others`, disk: nodeDisk(), cipher: testCipher(), options: { ballastBytes: 4096 } };
    await (await openLog(parameters)).close();
    writeFileSync(`${root}/others/boot.json`, '{}');
    const storage = await openLog(parameters);
    await storage.compact();
    await storage.close();
    expect(readdirSync(`${root}/others`)).toContain('boot.json');
  });
});
