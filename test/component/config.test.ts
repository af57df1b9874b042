/** A server whose config names plugins from outside, as an operator starts it. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import { componentOf } from '../harness/components.ts';
import { TestServer } from '../harness/server.ts';

const hello = fileURLToPath(new URL('../../examples/hello/index.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'strongroom-config-'));
const component = join(folder, 'hello.wasm');
const module = join(folder, 'hello.mjs');

beforeAll(async () => {
  writeFileSync(component, await componentOf('examples/hello/index.ts'), { mode: 0o600 });
  await buildPlugin(hello, module);
});
afterAll(() => rmSync(folder, { recursive: true }));

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const plugin = (file: string, changes: object = {}): object => ({
  name: 'hello',
  path: file,
  version: '1.0.0',
  sha256: sha256(file),
  isolation: file.endsWith('.wasm') ? 'component' : 'thread',
  ...changes,
});

async function start(entry: object, mount: object = {}): Promise<TestServer> {
  return TestServer.start({ config: { plugins: [entry], mounts: [{ path: 'greetings/', type: 'hello', ...mount }] } });
}

describe.each([
  ['component', component],
  ['thread', module],
])('a plugin that the config runs as %s', (isolation, file) => {
  test('serves its mount, and its room is seen', async () => {
    const server = await start(plugin(file));
    expect((await server.send({ method: 'POST', path: '/v1/greetings/greeting/bob', body: { text: 'hi' } })).status).toBe(204);
    expect((await server.send({ method: 'GET', path: '/v1/greetings/greeting/bob' })).json).toMatchObject({ data: { text: 'hi' } });
    const { json } = await server.send({ method: 'GET', path: '/v1/sys/plugins/status' });
    expect(json).toMatchObject({ data: { plugins: { [isolation === 'thread' ? 'hello' : 'hello:component']: { state: 'healthy' } } } });
    await server.destroy();
  });
});

test.each(['wasm', 'mjs'])('an auth method from outside (.%s) lets in who knows the code, and renews', async (extension) => {
  const file = join(folder, `door-code.${extension}`);
  if (extension === 'wasm') writeFileSync(file, await componentOf('examples/door-code/index.ts'), { mode: 0o600 });
  else await buildPlugin(fileURLToPath(new URL('../../examples/door-code/index.ts', import.meta.url)), file);
  const server = await TestServer.start({
    config: {
      plugins: [plugin(file, { name: 'door-code', kind: 'auth-method', version: '0.1.0' })],
      auth: [{ path: 'door/', type: 'door-code' }],
    },
  });
  const post = async (path: string, body: object, token?: string): Promise<{ auth: { client_token: string; policies: string[] } }> =>
    (await server.send({ method: 'POST', path: `/v1/auth/${path}`, body, ...(token === undefined ? {} : { token }) })).json as never;
  await post('door/door', { code: '1234', policies: 'guests' });
  const { auth } = await post('door/login', { name: 'ann', code: '1234' }, '');
  expect(auth.policies).toEqual(['default', 'guests']);
  expect((await post('token/renew-self', {}, auth.client_token)).auth.policies).toEqual(['default', 'guests']);
  expect(await post('door/login', { name: 'ann', code: '4321' }, '')).toEqual({ errors: ['wrong code'] });
  await server.destroy();
});

describe('a server does not start', () => {
  test.each([
    [
      'with another hash',
      () => plugin(component, { sha256: '0'.repeat(64) }),
      {},
      /plugin hello: field sha256: .*hello\.wasm has the SHA-256/,
    ],
    [
      'with another version',
      () => plugin(component, { version: '1.0.1' }),
      {},
      /plugin hello 1\.0\.1: its component says that it is hello 1\.0\.0/,
    ],
    [
      'with a component in a thread',
      () => plugin(component, { isolation: 'thread' }),
      {},
      /plugin hello: field isolation: thread takes a file that ends in \.mjs/,
    ],
    [
      'with a mount in a room that the plugin has not',
      () => plugin(component),
      { isolation: 'thread' },
      /plugin hello: field isolation: it can't run as thread/,
    ],
    [
      'with less memory than the component begins with',
      () => plugin(component, { memory_mib: 1 }),
      {},
      /plugins\[0\]\.memory_mib: expected memory/,
    ],
    [
      'without the file',
      () => plugin(component, { path: join(folder, 'gone.wasm') }),
      {},
      /plugin hello: field path: .*gone\.wasm can't be read \(ENOENT\)/,
    ],
  ])('%s', async (_, entry, mount, why) => {
    await expect(start(entry(), mount)).rejects.toThrow(why);
  });

  test('with a file in a directory that others may write', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    const file = join(open, 'hello.wasm');
    writeFileSync(file, readFileSync(component));
    chmodSync(open, 0o777);
    await expect(start(plugin(file))).rejects.toThrow('its directory may be written by others');
  });
});

test('a mount of our own engine runs as a component once its config says so, with what it held before', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-config-store-'));
  const kv = { path: 'secret/', type: 'kv', options: { version: 2 } };
  const before = await TestServer.start({ directory, config: { mounts: [kv] } });
  expect((await before.send({ method: 'POST', path: '/v1/secret/data/a', body: { data: { x: 1 } } })).status).toBe(200);
  const { rootToken: token } = before;
  await before.kill('SIGTERM');
  const after = await TestServer.start({ directory, config: { mounts: [{ ...kv, isolation: 'component' }] } });
  expect((await after.send({ method: 'GET', path: '/v1/secret/data/a', token })).json).toMatchObject({ data: { data: { x: 1 } } });
  const { json } = await after.send({ method: 'GET', path: '/v1/sys/plugins/status', token });
  expect(Object.keys((json as { data: { plugins: object } }).data.plugins)).toContain('kv:component');
  await after.kill('SIGTERM');
  rmSync(directory, { recursive: true });
});
