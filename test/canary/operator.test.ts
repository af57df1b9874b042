/**
 * What an operator's tasks make and take: shares of init, rekey and its verification, one-time passwords and root tokens of
 * generate-root, backups, token roles, old secrets, wrapped answers, headers. Invariant: none of it stands in clear on disk, in a backup,
 * the audit, the log, its live stream, the metrics, the list of requests under way, or the text of an error.
 */
import { readFileSync } from 'node:fs';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeBackup } from '../harness/backup-client.ts';
import type { RawAnswer } from '../harness/client.ts';
import { TestServer } from '../harness/server.ts';
import { everyFile, foundIn } from './marks.ts';

/** Marked by the test, and what the server has made. */
const secrets: Record<string, string> = {
  old: 'canaryold51c0de',
  own: 'canaryown51c0de',
  wrapped: 'canarywrapped51c0de',
  meta: 'canarymeta51c0de',
  broken: 'canarybroken51c0de',
  header: 'canaryheader51c0de',
  form: 'canaryform51c0de',
  query: 'canaryquery51c0de',
  user: 'canaryuser51c0de',
  tool: 'canarytool51c0de',
};
const statuses: [string, number][] = [];
const errors: string[] = [];
const outputs: Record<string, string> = {};
let server: TestServer;
let archive: Buffer;

async function call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  const answer = await server.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
  statuses.push([`${method} ${path.replaceAll(/canary\w+/g, '…')}`, answer.status]);
  if (answer.status >= 400) errors.push(answer.text);
  return answer;
}

/** A share, in each of its spellings. */
function keepShares(name: string, keys: readonly string[]): void {
  for (const [index, key] of keys.entries()) {
    secrets[`${name} ${index}`] = key;
    secrets[`${name} ${index} base64`] = Buffer.from(key, 'hex').toString('base64');
  }
}

async function rekey(keys: readonly string[]): Promise<void> {
  const { json } = await call('PUT', 'sys/rekey/init', { secret_shares: 3, secret_threshold: 2, require_verification: true });
  await call('PUT', 'sys/rekey/update', { key: keys[0], nonce: json.nonce });
  await call('PUT', 'sys/rekey/update', { key: secrets['broken'], nonce: json.nonce });
  const done = (await call('PUT', 'sys/rekey/update', { key: keys[1], nonce: json.nonce })).json;
  keepShares('new share', done.keys as string[]);
  for (const key of (done.keys as string[]).slice(0, 2)) await call('PUT', 'sys/rekey/verify', { key, nonce: done.verification_nonce });
}

async function generateRoot(keys: readonly string[]): Promise<void> {
  const begun = (await call('PUT', 'sys/generate-root/attempt', {})).json;
  secrets['otp'] = begun.otp as string;
  await call('PUT', 'sys/generate-root/update', { key: keys[0], nonce: begun.nonce });
  const done = (await call('PUT', 'sys/generate-root/update', { key: keys[1], nonce: begun.nonce })).json;
  secrets['encoded'] = done.encoded_token as string;
  const decoded = await call('PUT', 'sys/decode-token', { encoded_token: done.encoded_token, otp: begun.otp });
  secrets['generated root'] = decoded.json.data.token as string;
  await call('PUT', 'sys/decode-token', { encoded_token: secrets['broken'], otp: begun.otp });
}

/** Reads the live log until the test takes it away. */
async function watch(): Promise<IncomingMessage> {
  const headers = { 'X-Vault-Token': server.rootToken };
  const stream = await new Promise<IncomingMessage>((resolve, reject) => {
    requestHttp({ port: server.port, path: '/v1/sys/monitor?log_level=trace', headers, agent: false }, resolve).once('error', reject).end();
  });
  outputs['monitor'] = '';
  stream.on('data', (chunk: Buffer) => (outputs['monitor'] += chunk.toString()));
  stream.on('error', () => {});
  return stream;
}

beforeAll(async () => {
  server = await TestServer.start({
    config: {
      seal: { type: 'shamir' },
      initialize: { auto: false },
      unauthenticated: { rekey: true, generate_root: true },
      log: { level: 'trace', format: 'json' },
    },
  });
  const made = (await call('PUT', 'sys/init', { secret_shares: 3, secret_threshold: 2 })).json;
  const keys = made.keys as string[];
  keepShares('share', keys);
  server.rootToken = made.root_token as string;
  secrets['root'] = server.rootToken;
  await call('PUT', 'sys/unseal', { key: secrets['broken'] });
  for (const key of keys.slice(0, 2)) await call('PUT', 'sys/unseal', { key });
  const stream = await watch();
  await call('POST', 'sys/mounts/old', { type: 'kv' });
  await call('POST', 'old/x', { value: secrets['old'] });
  await call('GET', 'old/x');
  await call('POST', 'cubbyhole/x', { value: secrets['own'] });
  const wrapped = await call('POST', 'sys/wrapping/wrap', { value: secrets['wrapped'] }, { 'X-Vault-Wrap-TTL': '1h' });
  secrets['wrapping token'] = wrapped.json.wrap_info.token as string;
  await call('POST', 'auth/token/roles/r', { allowed_policies: 'default', token_type: 'batch', renewable: false });
  const batch = await call('POST', 'auth/token/create/r', { meta: { owner: secrets['meta'] } });
  secrets['batch token'] = batch.json.auth.client_token as string;
  await call('POST', 'sys/tools/hash', { input: Buffer.from(secrets['tool'] ?? '').toString('base64') });
  secrets['random'] = (await call('POST', 'sys/tools/random/32')).json.data.random_bytes as string;
  await call('POST', `sys/policies/password/p`, { policy: 'length = 20\nrule "charset" { charset = "abcdefgh" }' });
  secrets['generated password'] = (await call('GET', 'sys/policies/password/p/generate')).json.data.password as string;
  await call('GET', 'secret/data/x', undefined, {
    'X-Forwarded-For': secrets['header'] ?? '',
    'User-Agent': secrets['header'] ?? '',
    Cookie: secrets['header'] ?? '',
    'X-Vault-Namespace': secrets['header'] ?? '',
  });
  await call('POST', 'old/form', `value=${secrets['form']}`, { 'Content-Type': 'application/x-www-form-urlencoded' });
  await call('POST', 'old/form', `value=${secrets['broken']}%`, { 'Content-Type': 'application/x-www-form-urlencoded' });
  await call('GET', `secret/data/x?version=${secrets['query']}`);
  await call('POST', 'auth/userpass/login/nobody', { password: secrets['user'] });
  await rekey(keys);
  const fresh = [secrets['new share 0'] ?? '', secrets['new share 1'] ?? ''];
  await generateRoot(fresh);
  const taken = await takeBackup({ port: server.port, token: server.rootToken });
  archive = taken.bytes;
  outputs['requests under way'] = (await call('GET', 'sys/in-flight-req')).text;
  outputs['metrics'] = (await call('GET', 'sys/metrics?format=prometheus')).text;
  outputs['settings'] = (await call('GET', 'sys/config/state/sanitized')).text;
  await call('PUT', 'sys/seal');
  // One of before and one of after the rekey: together they open nothing.
  for (const key of [keys[0], fresh[0]]) await call('PUT', 'sys/unseal', { key });
  for (const key of fresh) await call('PUT', 'sys/unseal', { key });
  await call('GET', 'old/x');
  stream.destroy();
});
afterAll(() => server.destroy());

test('what was to succeed did, and what was to be refused was', () => {
  expect(statuses.filter(([, status]) => status >= 500)).toEqual([]);
  expect(statuses.filter(([, status]) => status >= 400).map(([what, status]) => `${status} ${what}`)).toEqual([
    '400 PUT sys/unseal',
    '404 GET secret/data/x',
    '400 POST old/form',
    '400 GET secret/data/x?version=…',
    '400 POST auth/userpass/login/nobody',
    '400 PUT sys/rekey/update',
    '400 PUT sys/decode-token',
    '400 PUT sys/unseal',
  ]);
  expect(Object.keys(secrets).length).toBeGreaterThan(25);
  expect(Object.values(secrets).every((value) => value.length >= 12)).toBe(true);
});

test('nothing of it stands in clear in the data directory', () => {
  const files = everyFile(join(server.directory, 'data'));
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) expect([file, foundIn(readFileSync(file, 'latin1'), secrets)]).toEqual([file, []]);
});

test('nor in a backup', () => {
  expect(archive.length).toBeGreaterThan(1000);
  expect(foundIn(archive.toString('latin1'), secrets)).toEqual([]);
  expect(foundIn(gunzipSync(archive).toString('latin1'), secrets)).toEqual([]);
});

test('nor in the audit, the log, its live stream, the metrics, the requests under way or an error', () => {
  outputs['audit'] = readFileSync(join(server.directory, 'audit.log'), 'utf8');
  outputs['log'] = server.output;
  outputs['errors'] = errors.join('\n');
  for (const [name, text] of Object.entries(outputs)) {
    expect([name, text.length > 0]).toEqual([name, true]);
    expect([name, foundIn(text, secrets)]).toEqual([name, []]);
  }
});
