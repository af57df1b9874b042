import { expect, test } from 'vitest';
import { defaultMountConfig, type Mount, MountTable } from './mount-table.ts';

function mountAt(path: string): Mount {
  return {
    id: path,
    path,
    class: 'secret',
    type: 'kv',
    plugin: 'kv',
    accessor: '',
    description: '',
    options: null,
    config: defaultMountConfig,
    pluginVersion: '1.0.0',
    isolation: 'thread',
  };
}

const table = new MountTable(['secret/', 'a/b/c/', 'a/', 'a/b/cd/'].map(mountAt));

test.each([
  ['secret', 'secret/'],
  ['secret/x', 'secret/'],
  ['secret/x/y/z/w', 'secret/'],
  ['secrets/x', undefined],
  ['a', 'a/'],
  ['a/b', 'a/'],
  ['a/b/c', 'a/b/c/'],
  ['a/b/c/d/e/f', 'a/b/c/'],
  ['a/b/cd/e', 'a/b/cd/'],
  ['a/b/ce/e', 'a/'],
  ['a/b/c/', 'a/b/c/'],
  ['b', undefined],
  ['', undefined],
])('%s is served by the longest mount that it is below', (path, mount) => {
  expect(table.serving(path)?.path).toBe(mount);
});

test('a table without mounts serves nothing', () => {
  expect(new MountTable([]).serving('secret/x')).toBeUndefined();
});
