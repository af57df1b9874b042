/** What the server takes from the config. */
import { expect, test } from 'vitest';
import type { Config, MountConfig } from '../config/config.ts';
import { declaredOf } from './config-parts.ts';

const hosts = ['keys.example.com'];

test.each(['mounts', 'auth'] as const)('what is under %s reaches the hosts of its plugin, where it names none itself', (part) => {
  const mount = (path: string, type: string, own: readonly string[]): Partial<MountConfig> => ({ path, type, hosts: own, options: {} });
  const config = {
    policies: [],
    plugins: [{ name: 'far', hosts }],
    mounts: [],
    auth: [],
    [part]: [mount('a/', 'far', []), mount('b/', 'far', ['own.example.com']), mount('c/', 'near', [])],
  };
  // Nothing else of a config is looked at.
  const declared = declaredOf(config as unknown as Config)[part];
  expect(declared?.map((one) => one.hosts)).toEqual([hosts, ['own.example.com'], []]);
});
