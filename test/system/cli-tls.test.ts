/** The command line over HTTPS: whom it trusts, and how it shows itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certify } from '../harness/certificates.ts';
import { runCli } from '../harness/cli.ts';
import { freePort, TestServer } from '../harness/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'cli-tls-'));
const file = (name: string): string => join(directory, name);

let server: TestServer;
const addresses = { open: '', mutual: '' };
beforeAll(async () => {
  for (const name of ['server', 'other', 'client-ca', 'stranger']) certify(directory, name);
  certify(directory, 'client', 'client-ca');
  const [open, mutual] = [await freePort(), await freePort()];
  addresses.open = `https://127.0.0.1:${open}`;
  addresses.mutual = `https://127.0.0.1:${mutual}`;
  const tls = { cert_file: file('server.pem'), key_file: file('server.key') };
  server = await TestServer.start({
    config: {
      listeners: [
        { type: 'tcp', address: `127.0.0.1:${open}`, tls },
        { type: 'tcp', address: `127.0.0.1:${mutual}`, tls: { ...tls, client_auth: 'require', client_ca_file: file('client-ca.pem') } },
      ],
    },
  });
});
afterAll(async () => {
  await server.destroy();
  rmSync(directory, { recursive: true });
});

const done = { code: 0, out: expect.stringContaining('Sealed'), err: '' };
const refused = { code: expect.toSatisfy((code) => code !== 0), out: '' };

test.each([
  ['VAULT_CACERT', [], (): Record<string, string> => ({ VAULT_CACERT: file('server.pem') })],
  ['-ca-cert', (): string[] => ['-ca-cert', file('server.pem')], {}],
  ['VAULT_SKIP_VERIFY', [], { VAULT_SKIP_VERIFY: 'true' }],
  ['-tls-skip-verify', ['-tls-skip-verify'], {}],
])('a server whose certificate is vouched for by %s is talked to', async (_, flags, env) => {
  const args = typeof flags === 'function' ? flags() : flags;
  const more = typeof env === 'function' ? env() : env;
  expect(await runCli(['status', ...args], { VAULT_ADDR: addresses.open, ...more })).toEqual(done);
});

test.each([
  ['nobody vouches for', {}],
  ['another authority vouches for', { VAULT_CACERT: file('other.pem') }],
  ['is not to be verified by a word that does not mean so', { VAULT_SKIP_VERIFY: 'no' }],
])('a server that %s is sent nothing', async (_, env) => {
  const outcome = await runCli(['status'], { VAULT_ADDR: addresses.open, VAULT_TOKEN: server.rootToken, ...env });
  expect(outcome).toEqual({ ...refused, err: expect.stringMatching(/certificate/i) });
  expect(outcome.err).not.toContain(server.rootToken);
});

const trusted = (): Record<string, string> => ({ VAULT_ADDR: addresses.mutual, VAULT_CACERT: file('server.pem') });

test('a client certificate is shown, from the environment and from flags', async () => {
  const client = { VAULT_CLIENT_CERT: file('client.pem'), VAULT_CLIENT_KEY: file('client.key') };
  expect(await runCli(['status'], { ...trusted(), ...client })).toEqual(done);
  const flags = ['-client-cert', file('client.pem'), '-client-key', file('client.key')];
  expect(await runCli(['status', ...flags], trusted())).toEqual(done);
});

test('without one that the server knows, the server refuses', async () => {
  expect(await runCli(['status'], trusted())).toMatchObject(refused);
  const stranger = { VAULT_CLIENT_CERT: file('stranger.pem'), VAULT_CLIENT_KEY: file('stranger.key') };
  expect(await runCli(['status'], { ...trusted(), ...stranger })).toMatchObject(refused);
});

test('a client certificate without its key, or with another one, is a mistake that is named', async () => {
  const alone = await runCli(['status'], { ...trusted(), VAULT_CLIENT_CERT: file('client.pem') });
  expect(alone).toEqual({ code: 1, out: '', err: expect.stringContaining('client key') });
  const absent = { VAULT_CLIENT_CERT: file('client.pem'), VAULT_CLIENT_KEY: file('nowhere.key') };
  expect(await runCli(['status'], { ...trusted(), ...absent })).toEqual({ code: 1, out: '', err: expect.stringContaining('client key') });
  const wrong = { VAULT_CLIENT_CERT: file('client.pem'), VAULT_CLIENT_KEY: file('stranger.key') };
  expect(await runCli(['status'], { ...trusted(), ...wrong })).toMatchObject({ ...refused, err: expect.stringMatching(/key/) });
});
