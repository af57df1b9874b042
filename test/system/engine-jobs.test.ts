/** What engines do without being asked: jobs by the clock, migrations before the first call. */
import { expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { compareVersions } from '@strongroom/sdk-plugin/hosting';
import { Server } from '../../core/system/server.ts';
import { memoryDirectory } from '../../core/system/store-directory.ts';
import { threadEntry } from '../harness/components.ts';
import { hostSender, KeptLines, startHost, testOptions } from '../harness/host.ts';

function counting(version: string, file: string): ReturnType<typeof readCatalog>[number] {
  return threadEntry('counting', new URL(`counting/${file}`, import.meta.url), version);
}
const [first, second] = [counting('1.0.0', 'v1.ts'), counting('2.1.0', 'v2.ts')];

test('a job runs when it is due, step after step; one that fails leaves nothing and is tried again', async () => {
  let clock = Date.UTC(2026, 10, 21);
  const host = await startHost({ catalog: [...readCatalog(), first], wallClock: () => clock });
  await host.send('POST', 'sys/mounts/c', { type: 'counting' });
  const after = async (seconds: number): Promise<unknown> => {
    clock += seconds * 1000;
    await host.server.housekeeping?.sweep();
    return (await host.send('GET', 'c/state')).json.data;
  };
  await host.send('GET', 'c/state');
  expect(await after(1)).toEqual({ count: '2' });
  expect(await after(59)).toEqual({ count: '2' });
  expect(await after(1)).toEqual({ count: '4' });
  await host.send('POST', 'c/state');
  expect(await after(60)).toEqual({ count: '4', fail: 'yes' });
  await host.send('DELETE', 'c/state');
  expect(await after(59)).toEqual({ count: '4' });
  expect(await after(1)).toEqual({ count: '6' });
  await host.server.stop();
});

test('a mount is migrated once, in the order of versions, from where it was; an older plugin does not serve it then', async () => {
  const directory = memoryDirectory();
  const sink = new KeptLines();
  const start = async (plugin: typeof first): Promise<Server> => {
    const server = new Server(testOptions(sink, { directory, catalog: [...readCatalog(), plugin] }));
    await server.start();
    return server;
  };
  const one = new Server(testOptions(sink, { directory, catalog: [...readCatalog(), first] }));
  const { rootToken } = await one.initialize({ shares: 1, threshold: 1 });
  one.confirm();
  await hostSender(one, rootToken)('POST', 'sys/mounts/c', { type: 'counting' });
  await hostSender(one, rootToken)('GET', 'c/state');
  await one.housekeeping?.sweep();
  await one.seal();
  for (let starts = 0; starts < 2; starts++) {
    const two = await start(second);
    expect((await hostSender(two, rootToken)('GET', 'c/state')).json.data).toEqual({ total: '2', unit: 'runs', old: false });
    expect((await hostSender(two, rootToken)('GET', 'sys/mounts/c')).json.data.running_plugin_version).toBe('v2.1.0');
    await two.seal();
  }
  await expect(start(first)).rejects.toThrow('mount c/: version 2.1.0 of counting has served it, and this is 1.0.0');
});

test('versions are compared by their numbers', () => {
  expect(['10.0.0', '2.0.0', '2.10.0', '2.9.1'].toSorted(compareVersions)).toEqual(['2.0.0', '2.9.1', '2.10.0', '10.0.0']);
});
