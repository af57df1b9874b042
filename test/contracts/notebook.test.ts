/** The contract of engines, on one that uses all of it. */
import { decodeUtf8, encodeUtf8, type OutsideRequest, type OutsideResponse } from '@strongroom/sdk-plugin';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { engineContract } from '@strongroom/sdk-plugin/testing/engine-contract';
import { expect, test } from 'vitest';
import notebook from './notebook.ts';

const links = new Map<string, string>();

function answer({ method, url, body }: OutsideRequest): OutsideResponse {
  const status = method === 'PUT' ? 201 : method === 'DELETE' && !links.has(url) ? 404 : 204;
  if (method === 'PUT') links.set(url, decodeUtf8(body ?? new Uint8Array(0)));
  if (method === 'DELETE') links.delete(url);
  return { status, headers: {}, body: new Uint8Array(0) };
}

engineContract(notebook, {
  examples: [
    { verb: 'read', path: 'shares/a', refused: 'invalid' },
    { verb: 'update', path: 'notes/A', input: { text: 'one', days: 1 } },
    { verb: 'update', path: 'notes/a', input: { text: 'two', how: 'append' }, data: { length: 8 } },
    { verb: 'read', path: 'notes/a', data: { text: 'one, two' } },
    { verb: 'read', path: 'shares/a' },
  ],
  mount: () => ({ fetch: answer }),
  outside: () => [...links.keys()],
  before: { 'page/a': 'first', 'page/b': 'v2 second' },
});

test('migrations run in the order of their versions, whatever the order they are written in', async () => {
  const mount = new TestMount({ ...notebook, version: '0.9.0', migrations: {} });
  mount.put('page/a', encodeUtf8('first'));
  await mount.upgrade(notebook);
  expect([await mount.data('read', 'notes/a'), [...mount.entries.keys()]]).toEqual([{ text: 'first' }, ['note/a']]);
});

test('a job works by the clock that a test moves', async () => {
  const mount = new TestMount(notebook);
  for (const name of ['a', 'b']) await mount.call('update', `notes/${name}`, { text: name, days: 2 });
  await mount.advance(86_400);
  expect(mount.entries.size).toBe(4);
  await mount.advance(86_400);
  expect(mount.entries.size).toBe(0);
});
