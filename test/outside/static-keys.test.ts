/** The test kit rotates as a server does: the same engine, the same ends. */
import { expect, test } from 'vitest';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import staticKeys from './static-keys/index.ts';

const keys = new Set<string>(['first']);
let failing = '';

function newMount(): TestMount {
  return new TestMount(staticKeys, {
    fetch: ({ method, url }) => {
      const key = url.replace('http://service/keys/', '');
      if (method === failing) return { status: 500, headers: {}, body: new Uint8Array(0) };
      if (method === 'PUT') keys.add(key);
      if (method === 'DELETE') keys.delete(key);
      return { status: keys.has(key) || method === 'DELETE' ? 200 : 404, headers: {}, body: new Uint8Array(0) };
    },
  });
}

async function current(mount: TestMount): Promise<string> {
  const { key } = (await mount.data('read', 'roles/app')) as { key: string };
  expect([...keys]).toContain(key);
  return key;
}

test('a test mount rotates, retires, and tries again', async () => {
  const mount = newMount();
  await mount.call('update', 'roles/app', { url: 'http://service', key: 'first', every: '1h', grace: '10m' });
  expect(mount.rotations).toMatchObject([{ name: 'app', kind: 'key', step: 'idle', nextAt: mount.now + 3_600_000 }]);
  await mount.advance(3600);
  const second = await current(mount);
  expect([...keys].toSorted()).toEqual(['first', second].toSorted());
  await mount.advance(600);
  expect([...keys]).toEqual([second]);
  failing = 'GET';
  await mount.advance(3600);
  expect(mount.rotations).toMatchObject([{ step: 'set', failure: 'GET: the service answered 500' }]);
  expect(await current(mount)).toBe(second);
  await mount.call('delete', 'roles/app');
  await mount.advance(1);
  expect([[...keys], mount.rotations]).toEqual([[second], []]);
  failing = '';
});

test('and rotates at once when it is asked to', async () => {
  const mount = newMount();
  await mount.call('update', 'roles/app', { url: 'http://service', key: 'first', every: '1h' });
  await mount.call('update', 'rotate/app');
  await mount.rotate('app');
  expect(await current(mount)).not.toBe('first');
});
