/** An operator's day with the real executable, over TLS: engines, policies, users, leases, files, standard input, a terminal. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import { certify } from '../harness/certificates.ts';
import { runCli } from '../harness/cli.ts';
import { hasScript, OnTerminal } from '../harness/on-terminal.ts';
import { freePort, TestServer } from '../harness/server.ts';
import { KeyService } from '../outside/key-service.ts';

const home = mkdtempSync(join(tmpdir(), 'strongroom-day-'));
const file = (name: string): string => join(home, name);
const tokenFile = file('.vault-token');

let server: TestServer | undefined;
let service: KeyService | undefined;
let rootToken = '';
let around: Record<string, string>;
/** Everything that any command has said on standard error. */
let errors = '';

beforeAll(async () => {
  certify(home, 'server');
  const port = await freePort();
  mkdirSync(file('audit'));
  around = { HOME: home, VAULT_ADDR: `https://127.0.0.1:${port}`, VAULT_CACERT: file('server.pem') };
  service = await KeyService.start();
  const path = file('api-keys.mjs');
  await buildPlugin(fileURLToPath(new URL('../../examples/api-keys/index.ts', import.meta.url)), path);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  server = await TestServer.start({
    config: {
      listeners: [{ type: 'tcp', address: `127.0.0.1:${port}`, tls: { cert_file: file('server.pem'), key_file: file('server.key') } }],
      seal: { type: 'shamir' },
      initialize: { auto: false },
      audit_devices: { directory: file('audit') },
      plugins: [{ name: 'api-keys', path, version: '1.0.0', sha256, isolation: 'thread' }],
      mounts: [
        { path: 'secret/', type: 'kv', options: { version: 2 } },
        { path: 'keys/', type: 'api-keys', hosts: [service.url] },
      ],
    },
  });
});
afterAll(async () => {
  await server?.destroy();
  await service?.close();
  rmSync(home, { recursive: true });
});

interface With {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function strongroom(args: readonly string[], { stdin, env }: With = {}): Promise<{ code: number | null; out: string; err: string }> {
  const outcome = await runCli(args, { ...around, ...env }, stdin);
  errors += outcome.err;
  return outcome;
}

/** Runs a command that succeeds without a word on standard error, and gives what it printed. */
async function done(line: string, given: With = {}): Promise<string> {
  const { code, out, err } = await strongroom(line.split(' '), given);
  expect([line, code, err]).toEqual([line, 0, '']);
  return out;
}

test('before there is a server that works, errors say what to do', async () => {
  expect(await strongroom(['read', 'secret/data/x'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('unseal it by "strongroom operator unseal"'),
  });
  expect(await strongroom(['status'], { env: { VAULT_CACERT: '' } })).toMatchObject({
    code: 1,
    err: expect.stringContaining('set VAULT_CACERT (or -ca-cert)'),
  });
  expect(await strongroom(['read', 'x'], { env: { VAULT_ADDR: 'http://127.0.0.1:1' } })).toMatchObject({
    code: 2,
    err: expect.stringContaining('set VAULT_ADDR'),
  });
  const plain = { VAULT_ADDR: around['VAULT_ADDR']!.replace('https', 'http') };
  expect(await strongroom(['read', 'x'], { env: plain })).toMatchObject({ code: 2, err: expect.stringContaining('https://') });
  const renamed = { VAULT_ADDR: around['VAULT_ADDR']!.replace('127.0.0.1', 'localhost') };
  expect((await strongroom(['status'], { env: renamed })).err).toContain('VAULT_TLS_SERVER_NAME');
});

test('morning: initialize, unseal from standard input, log in by the root token', async () => {
  const made = JSON.parse(await done('operator init -n=1 -t=1 -format=json')) as { unseal_keys_b64: string[]; root_token: string };
  expect((await strongroom(['status'])).code).toBe(2);
  await done('operator unseal -', { stdin: `${made.unseal_keys_b64[0]}\n` });
  expect((await strongroom(['token', 'lookup'])).err).toContain('No token was sent: set VAULT_TOKEN, or log in');
  expect(await done('login -', { stdin: `${made.root_token}\n` })).toMatch(
    /already stored.*token_duration +∞\n.*token_policies +\["root"\]/s,
  );
  expect([readFileSync(tokenFile, 'utf8'), statSync(tokenFile).mode & 0o777]).toEqual([made.root_token, 0o600]);
  expect(await done('token lookup -field=display_name')).toBe('root');
  rootToken = made.root_token;
});

test('engines: enable, tune, write from files and standard input, read back in every format, move', async () => {
  expect(await done('secrets enable -path=first -description=mine kv')).toBe('Success! Enabled the kv secrets engine at: first/\n');
  await done('secrets tune -default-lease-ttl=90m -max-lease-ttl=3h first');
  writeFileSync(file('pem'), '-----BEGIN\nline\n-----END\n');
  await done(`write first/a pem=@${file('pem')} note=- tag=x tag=y`, { stdin: 'typed\n' });
  expect(await done('read first/a')).toBe(
    'Key                 Value\n---                 -----\nrefresh_interval    1h30m\nnote                typed\n\npem                 -----BEGIN\nline\n-----END\n\ntag                 [x y]\n',
  );
  expect(await done('read -field=pem first/a')).toBe('-----BEGIN\nline\n-----END\n');
  await done('write first/n -', { stdin: '{"n":12345678901234567890,"f":1.50}' });
  expect(await done('read -format=json first/n')).toContain('"data": {\n    "f": 1.50,\n    "n": 12345678901234567890\n  }');
  expect(await done('read -format=yaml first/n')).toContain('data:\n  f: 1.50\n  "n": 12345678901234567890\n');
  expect(await done('read -format=raw first/n')).toContain('"n":12345678901234567890');
  expect(await done('list first/')).toBe('Keys\n----\na\nn\n');
  expect(await done('secrets move first second')).toContain('Success! Finished moving secrets engine first/ to second/');
  expect(await done('secrets list')).toMatch(/\nsecond\/ +kv +kv_\w+ +mine\n/);
  expect(await strongroom(['read', 'first/a'])).toMatchObject({ code: 2, out: '' });
  expect(await done('delete second/a')).toBe('Success! Data deleted (if it existed) at: second/a\n');
  expect(await strongroom(['read', 'second/a'])).toEqual({ code: 2, out: '', err: 'No value found at second/a\n' });
  expect(await done('path-help sys/mounts/second')).toContain('Matching Route: sys/mounts/{path+}');
  await done('kv put secret/team/db password=pw');
  await done('patch secret/data/team/db -', { stdin: '{"data":{"user":"u"}}' });
  expect(await done('kv get -field=user secret/team/db')).toBe('u');
});

test('noon: a policy from a file that was laid out, a user who may do that and no more', async () => {
  writeFileSync(file('team.hcl'), 'path "secret/data/team/*"{\ncapabilities=["read"] # only\n}\n');
  await done(`policy fmt ${file('team.hcl')}`);
  expect(readFileSync(file('team.hcl'), 'utf8')).toBe('path "secret/data/team/*" {\n  capabilities = ["read"] # only\n}\n');
  expect(await done(`policy write team ${file('team.hcl')}`)).toBe('Success! Uploaded policy: team\n');
  expect(await done('policy read team')).toContain('# only');
  expect(await done('policy list')).toBe('default\nteam\nroot\n');
  expect(await done('auth enable -path=people userpass')).toContain('userpass auth method at: people/');
  await done('auth tune -user-lockout-threshold=50 people');
  await done('write auth/people/users/amy password=- policies=team', { stdin: 'opensesame' });
  expect(await done('auth help people')).toContain('login/{username}');
  const login = ['login', '-method=userpass', '-path=people', '-token-only', 'username=amy', 'password=-'];
  const { out: amy } = await strongroom(login, { stdin: 'opensesame' });
  expect(readFileSync(tokenFile, 'utf8')).toBe(rootToken);
  expect(await done('read -field=data secret/data/team/db', { env: { VAULT_TOKEN: amy } })).toContain('"password": "pw"');
  const denied = await strongroom(['write', 'secret/data/team/db', 'password=stolen'], { env: { VAULT_TOKEN: amy } });
  expect(denied).toMatchObject({ code: 2, out: '', err: expect.stringContaining('do not allow this at secret/data/team/db') });
  const wrong = await strongroom(login, { stdin: 'opensesam' });
  expect(wrong).toMatchObject({ code: 2, out: '', err: expect.stringContaining('invalid username or password') });
  const wrapped = await done('token create -wrap-ttl=60 -policy=team -field=wrapping_token');
  expect(JSON.parse(await done('unwrap -format=json -field=token_policies -', { stdin: wrapped }))).toEqual(['default', 'team']);
});

test('afternoon: leases, audit devices, and what is taken down again', async () => {
  await done(`write keys/config url=${service?.url} token=-`, { stdin: 'service-token' });
  await done('write keys/roles/app ttl=1h');
  const id = await done('read -field=lease_id keys/creds/app');
  expect(await done(`lease lookup ${id}`)).toMatch(/\nrenewable +true\nttl +(1h|59m59s|59m\d+s)\n/);
  expect(await done(`lease renew -increment=30m ${id}`)).toMatch(/lease_duration +30m\n/);
  expect(await done(`lease revoke -sync ${id}`)).toBe(`Success! Revoked lease: ${id}\n`);
  expect(await strongroom(['lease', 'lookup', id])).toMatchObject({ code: 2, err: expect.stringContaining('invalid lease') });
  await done('read keys/creds/app');
  expect(await done('lease revoke -prefix -sync keys/')).toBe('Success! Revoked any leases with prefix: keys\n');
  expect(await done('audit list')).toContain('file/    file');
  const second = file('audit/second.log');
  await done(`audit enable -path=second file file_path=${second}`);
  await done('token lookup');
  expect(existsSync(second)).toBe(true);
  await done('audit disable second');
  await done('secrets disable second');
  await done('auth disable people');
  await done('policy delete team');
  expect(await done('secrets list -format=json')).not.toContain('second/');
  expect(await done('audit verify ' + join(server?.directory ?? '', 'audit.log'))).toContain('are whole and in order');
});

describe.skipIf(!hasScript())('on a terminal', () => {
  test('login asks for the token, keeps it, and never shows what was typed', async () => {
    rmSync(tokenFile);
    const terminal = new OnTerminal(['login', '-no-print'], around);
    await terminal.type('Token (will be hidden): ', `${rootToken}\r`);
    expect([await terminal.ended, readFileSync(tokenFile, 'utf8')]).toEqual([0, rootToken]);
    expect(terminal.shown).not.toContain(rootToken);
  });

  test('a field ends in a line break for whoever reads', async () => {
    const terminal = new OnTerminal(['read', '-field=password', 'cubbyhole/none'], around);
    expect([await terminal.ended, terminal.shown]).toEqual([2, 'No value found at cubbyhole/none\r\n']);
  });
});

test('no error of the day has shown a secret', () => {
  expect(errors.length).toBeGreaterThan(500);
  for (const secret of [rootToken, 'opensesam', 'stolen']) expect(errors).not.toContain(secret);
});
