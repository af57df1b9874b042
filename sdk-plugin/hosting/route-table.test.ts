import { expect, test } from 'vitest';
import { fillTemplate, RouteTable } from './route-table.ts';

const table = new RouteTable<string>(
  Object.fromEntries(
    [
      '',
      'config',
      'data/{path+}',
      'metadata',
      'metadata/{path+}',
      'metadata/config',
      'mounts/{path+}',
      'mounts/{path+}/tune',
      'users/{name}',
    ]
      .concat(['users/{name}/keys', 'users/self'])
      .map((template) => [template, template]),
  ),
);

test.each([
  ['', '', {}],
  ['config', 'config', {}],
  ['data/a', 'data/{path+}', { path: 'a' }],
  ['data/a/b/c', 'data/{path+}', { path: 'a/b/c' }],
  ['metadata/config', 'metadata/config', {}],
  ['metadata/config/x', 'metadata/{path+}', { path: 'config/x' }],
  ['mounts/a/b/tune', 'mounts/{path+}/tune', { path: 'a/b' }],
  ['mounts/tune', 'mounts/{path+}', { path: 'tune' }],
  ['mounts/tune/tune', 'mounts/{path+}/tune', { path: 'tune' }],
  ['mounts/a/attune', 'mounts/{path+}', { path: 'a/attune' }],
  ['users/self', 'users/self', {}],
  ['users/bob', 'users/{name}', { name: 'bob' }],
  ['users/self/keys', 'users/{name}/keys', { name: 'self' }],
  ['users/__proto__', 'users/{name}', { name: '__proto__' }],
] as const)('%s leads to %s', (path, template, params) => {
  const match = table.match(path, false);
  expect(match?.route).toBe(template);
  expect({ ...match?.params }).toEqual(params);
});

test.each(['data', 'users', 'users/a/b', 'nothing', 'configs', 'constructor', '__proto__'])('%s leads nowhere', (path) => {
  expect(table.match(path, false)).toBeUndefined();
});

test('only a listing may leave the rest empty', () => {
  expect(table.match('data', true)).toMatchObject({ route: 'data/{path+}', params: { path: '' } });
  expect(table.match('metadata', true)?.route).toBe('metadata');
});

test.each([[{ 'a//b': 1 }], [{ 'a/{b': 1 }], [{ '{x}/a': 1, '{y}/b': 1 }], [{ '{x+}/{y}': 1 }], [{ '{x+}': 1, '{y+}': 1 }]])(
  'a table that contradicts itself is refused: %j',
  (routes) => {
    expect(() => new RouteTable(routes)).toThrow('route template');
  },
);

test('a storage key is filled from parameters, whose text is not a template', () => {
  expect(fillTemplate('meta/{path}', { path: 'a/{path}/$1' })).toBe('meta/a/{path}/$1');
});
