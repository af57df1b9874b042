/** The npm package node-vault, unchanged, as a user of it would write: over plain HTTP and over TLS. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodeVault from 'node-vault';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, TestServer } from '../harness/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'node-vault-'));
const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
const ports = { plain: 0, TLS: 0 };
let server: TestServer;
let shares: string[];
let rootToken: string;

beforeAll(async () => {
  const made = ['-keyout', keyFile, '-out', certFile, '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...made], { stdio: 'ignore' });
  ports.plain = await freePort();
  ports.TLS = await freePort();
  server = await TestServer.start({
    config: {
      seal: { type: 'shamir' },
      initialize: { auto: false },
      listeners: [
        { type: 'tcp', address: `127.0.0.1:${ports.plain}` },
        { type: 'tcp', address: `127.0.0.1:${ports.TLS}`, tls: { cert_file: certFile, key_file: keyFile } },
      ],
    },
  });
});
afterAll(async () => {
  await server.destroy();
  rmSync(directory, { recursive: true });
});

type Transport = keyof typeof ports;

function client(transport: Transport, token?: string): nodeVault.client {
  return nodeVault({
    endpoint: `${transport === 'plain' ? 'http' : 'https'}://127.0.0.1:${ports[transport]}`,
    ...(token === undefined ? {} : { token }),
    ...(transport === 'plain' ? {} : { requestOptions: { ca: readFileSync(certFile) } }),
  });
}

test('it initializes and unseals', async () => {
  const vault = client('plain');
  expect(await vault.initialized()).toEqual({ initialized: false });
  const made = (await vault.init({ secret_shares: 3, secret_threshold: 2 })) as { keys: string[]; root_token: string };
  shares = made.keys;
  rootToken = made.root_token;
  expect(await vault.unseal({ key: shares[0]! })).toMatchObject({ sealed: true, progress: 1 });
  expect(await vault.unseal({ reset: true })).toMatchObject({ progress: 0 });
  for (const key of shares.slice(0, 2)) await vault.unseal({ key });
  expect(await vault.status()).toMatchObject({ sealed: false });
  await expect(vault.init({ secret_shares: 1, secret_threshold: 1 })).rejects.toThrow('already initialized');
});

describe.each(['plain', 'TLS'] as const)('%s', (transport) => {
  const engine = `made-${transport.toLowerCase()}`;

  test('it asks for the state of the server', async () => {
    const vault = client(transport, rootToken);
    expect(await vault.health()).toMatchObject({ initialized: true, sealed: false });
    expect(await vault.leader()).toMatchObject({ ha_enabled: false });
    expect(await vault.audits()).toHaveProperty('file/');
    expect(await vault.auths()).toHaveProperty('token/');
    await vault.rotate();
    await expect(vault.enableAudit({ name: 'x', type: 'file' })).rejects.toThrow('config file');
  });

  test('it mounts, lists and unmounts', async () => {
    const vault = client(transport, rootToken);
    await vault.mount({ mount_point: engine, type: 'kv', options: { version: 2 }, description: 'made by node-vault' });
    expect(await vault.mounts()).toMatchObject({ [`${engine}/`]: { type: 'kv', description: 'made by node-vault' } });
    await expect(vault.mount({ mount_point: engine, type: 'kv' })).rejects.toThrow('path is already in use');
    await vault.unmount({ mount_point: engine });
    expect(await vault.mounts()).not.toHaveProperty(`${engine}/`);
  });

  test('it writes, reads, lists, destroys and deletes secrets', async () => {
    const vault = client(transport, rootToken);
    const path = `secret/data/${engine}/deep/one`;
    expect(await vault.write(path, { data: { password: 'p' }, options: { cas: 0 } })).toMatchObject({ data: { version: 1 } });
    expect(await vault.write(path, { data: { password: 'q' } })).toMatchObject({ data: { version: 2 } });
    expect(await vault.read(path)).toMatchObject({ data: { data: { password: 'q' }, metadata: { version: 2 } } });
    expect(await vault.read(`${path}?version=1`)).toMatchObject({ data: { data: { password: 'p' } } });
    expect(await vault.list(`secret/metadata/${engine}`)).toMatchObject({ data: { keys: ['deep/'] } });
    expect(await vault.list(`secret/metadata/${engine}/deep/`)).toMatchObject({ data: { keys: ['one'] } });
    await expect(vault.write(path, { data: {}, options: { cas: 0 } })).rejects.toThrow('did not match the current version');
    await vault.destroySecretVersions({ mount_point: 'secret', path: `${engine}/deep/one`, versions: [1] }).catch(() => {
      // Older releases of the package name its arguments differently.
    });
    await vault.delete(path);
    await expect(vault.read(path)).rejects.toMatchObject({ response: { statusCode: 404 } });
    await vault.delete(`secret/metadata/${engine}/deep/one`);
    await expect(vault.list(`secret/metadata/${engine}`)).rejects.toMatchObject({ response: { statusCode: 404 } });
  });

  test('it patches by merge patch', async () => {
    const vault = client(transport, rootToken);
    const path = `secret/data/${engine}/patched`;
    await vault.write(path, { data: { a: 1, b: 2 } });
    await vault.update(path, { data: { b: 3 } });
    expect(await vault.read(path)).toMatchObject({ data: { data: { a: 1, b: 3 } } });
  });

  test('it writes policies, and tokens that hold them are held to them', async () => {
    const vault = client(transport, rootToken);
    // The package sends a call's own `token` as the token of the request too.
    const rules = `path "secret/data/${engine}/*" { capabilities = ["read"] }\npath "auth/token/*" { capabilities = ["update"] }`;
    await vault.addPolicy({ name: engine, rules });
    expect(await vault.policies()).toMatchObject({ policies: expect.arrayContaining([engine]) });
    expect(await vault.getPolicy({ name: engine })).toMatchObject({ rules: expect.stringContaining(engine) });
    await vault.write(`secret/data/${engine}/x`, { data: { a: 1 } });
    const made = (await vault.tokenCreate({ policies: [engine], ttl: '1h' })) as { auth: { client_token: string; accessor: string } };
    const held = client(transport, made.auth.client_token);
    expect(await held.read(`secret/data/${engine}/x`)).toMatchObject({ data: { data: { a: 1 } } });
    await expect(held.write(`secret/data/${engine}/x`, { data: {} })).rejects.toThrow('permission denied');
    expect(await held.tokenLookupSelf()).toMatchObject({ data: { policies: ['default', engine].sort() } });
    expect(await held.tokenRenewSelf({ increment: '30m' })).toMatchObject({ auth: { lease_duration: 1800 } });
    expect(await vault.tokenLookup({ token: made.auth.client_token })).toMatchObject({ data: { accessor: made.auth.accessor } });
    expect(await vault.tokenLookupAccessor({ accessor: made.auth.accessor })).toMatchObject({ data: { id: '' } });
    expect(await vault.tokenRenew({ token: made.auth.client_token, increment: '20m' })).toMatchObject({
      auth: { lease_duration: 1200 },
    });
    await vault.tokenRevoke({ token: made.auth.client_token });
    await expect(held.read(`secret/data/${engine}/x`)).rejects.toMatchObject({ response: { statusCode: 403 } });
    // It takes the token of a renewal for its own.
    const again = client(transport, rootToken);
    await again.removePolicy({ name: engine });
    expect(await again.policies()).not.toMatchObject({ policies: expect.arrayContaining([engine]) });
  });
});

test('it seals', async () => {
  const vault = client('TLS', rootToken);
  await vault.seal();
  expect(await vault.health({ standbyok: true })).toMatchObject({ sealed: true });
  await expect(vault.read('secret/data/x')).rejects.toThrow('sealed');
});
