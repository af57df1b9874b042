/** Logins that ask another server, over real HTTP: counted like all others, asked once, and let in by what is true when they end. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCatalog } from '../../core/runner/catalog.ts';
import { type HostAnswer, startHost, type TestHost } from '../harness/host.ts';

let service: Server;
let asked = 0;
let host: TestHost;
/** Awaited before the directory answers. */
let gate: () => Promise<unknown> = () => Promise.resolve();
beforeAll(async () => {
  service = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked++;
      void gate().then(() => response.writeHead(body === 'right' ? 200 : body === 'broken' ? 500 : 401).end('staff,guests'));
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const module = new URL('directory.ts', import.meta.url).href;
  host = await startHost({
    catalog: [...readCatalog(), { kind: 'auth-method', name: 'directory', version: '0.1.0', aliases: {}, module }],
    declared: {
      mounts: [],
      policies: [],
      auth: [{ path: 'directory', type: 'directory', description: '', options: null, config: {}, hosts: [url] }],
    },
  });
  await host.send('POST', 'auth/directory/config', { url });
});
afterAll(async () => {
  await host.server.stop();
  service.closeAllConnections();
  service.close();
});

const logIn = (name: string, password: string): Promise<HostAnswer> => host.send('POST', `auth/directory/login/${name}`, { password }, '');

test('the directory is asked once, and its groups become policies', async () => {
  const { status, json } = await logIn('Ann', 'right');
  expect([status, asked]).toEqual([200, 1]);
  expect(json).toMatchObject({ mount_type: 'directory', auth: { policies: ['default', 'guests', 'staff'], orphan: true } });
  const look = await host.send('GET', 'auth/token/lookup-self', undefined, json.auth.client_token);
  expect(look.json.data).toMatchObject({ display_name: 'directory-ann', path: 'auth/directory/login/ann' });
  expect((await host.send('POST', 'auth/token/renew-self', {}, json.auth.client_token)).status).toBe(200);
});

test('of many wrong tries at once the directory is asked five times', async () => {
  asked = 0;
  const statuses = (await Promise.all(Array.from({ length: 30 }, () => logIn('bob', 'wrong')))).map(({ status }) => status);
  expect([asked, statuses.filter((status) => status === 400).length, statuses.filter((status) => status === 403).length]).toEqual([
    5, 5, 25,
  ]);
  expect((await logIn('BOB', 'right')).status).toBe(403);
});

test('a directory that fails is no wrong password', async () => {
  for (let time = 0; time < 6; time++) expect((await logIn('eve', 'broken')).status).toBe(502);
  expect((await logIn('eve', 'right')).status).toBe(200);
});

test('a method that is disabled while the directory is asked lets nobody in', async () => {
  const reached = Promise.withResolvers<void>();
  const disabled = Promise.withResolvers<void>();
  gate = () => {
    reached.resolve();
    return disabled.promise;
  };
  const trying = logIn('ann', 'right');
  await reached.promise;
  expect((await host.send('DELETE', 'sys/auth/directory')).status).toBe(204);
  disabled.resolve();
  const { status, json } = await trying;
  expect([status, json.auth]).toEqual([404, undefined]);
});
