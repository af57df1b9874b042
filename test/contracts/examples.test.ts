/** The examples keep to the contracts that they are examples of. */
import { engineContract } from '@strongroom/sdk-plugin/testing/engine-contract';
import { authMethodContract } from '@strongroom/sdk-plugin/testing/auth-method-contract';
import { afterAll } from 'vitest';
import apiKeys from '../../examples/api-keys/index.ts';
import doorCode from '../../examples/door-code/index.ts';
import hello from '../../examples/hello/index.ts';
import { KeyService } from '../outside/key-service.ts';
import { fetchFrom } from './http-fetch.ts';

engineContract(hello, {
  examples: [
    { verb: 'read', path: 'greeting/eve' },
    { verb: 'update', path: 'greeting/eve', input: { text: 'hi' } },
    { verb: 'read', path: 'greeting/eve', data: { name: 'eve', text: 'hi' } },
  ],
});

const service = await KeyService.start();
afterAll(() => service.close());

engineContract(apiKeys, {
  examples: [
    { verb: 'read', path: 'creds/app', refused: 'invalid' },
    { verb: 'update', path: 'roles/app', input: { ttl: '10m' } },
    { verb: 'read', path: 'creds/app', refused: 'invalid' },
    { verb: 'update', path: 'config', input: { url: 'https://keys.example', token: 'service-token' } },
    { verb: 'read', path: 'config', data: { url: 'https://keys.example' } },
    { verb: 'read', path: 'creds/app' },
    { verb: 'read', path: 'creds/app' },
  ],
  mount: () => ({ fetch: fetchFrom(service.url) }),
  outside: () => [...service.keys.keys()],
});

const known = { name: 'ann', code: '1234' };

engineContract(doorCode, {
  examples: [
    { verb: 'update', path: 'login', input: known, refused: 'credentials' },
    { verb: 'update', path: 'door', input: { code: '1234', policies: 'guests' } },
    { verb: 'update', path: 'login', input: known },
  ],
});

authMethodContract('door-code', {
  method: doorCode,
  allow: async (mount, policies) => {
    await mount.call('update', 'door', { code: '1234', policies });
  },
  remove: (mount) => Promise.resolve(mount.put('door', undefined)),
  right: { path: 'login', input: known },
  wrong: { path: 'login', input: { name: 'ann', code: '9999' } },
  unknown: { path: 'login', input: { name: 'ann', code: '9998' } },
});
