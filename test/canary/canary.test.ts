/**
 * Marked values, paths, tokens, metadata and rules go through a real server. Invariants: nothing marked stands in clear in the data
 * directory; no value or token in the audit, the log, an error, the process's arguments or environment.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestServer } from '../harness/server.ts';
import { everyFile, foundIn } from './marks.ts';

const mark = (kind: string): string => `canary${kind}7f3a9c`;
const secrets = {
  value: mark('value'),
  number: '73577357735773577357',
  broken: mark('broken'),
  metadata: mark('metadata'),
  token: mark('token'),
  wrong: mark('wrong'),
  password: mark('password'),
  guess: mark('guess'),
  wrapped: mark('wrapped'),
  own: mark('own'),
};
const names = { path: mark('path'), mount: mark('mount'), policy: mark('policy'), rules: mark('rules'), user: mark('user') };

let server: TestServer;
const answers: string[] = [];
/** Tokens that the server made: wrapping tokens, used and unused, what stands in their place as JWTs, batch tokens, and accessors. */
const generated: Record<string, string> = {};
let unexpected: readonly number[] = [];

async function send(method: string, path: string, body?: unknown, token?: string): Promise<number> {
  const headers: Record<string, string> = method === 'PATCH' ? { 'Content-Type': 'application/merge-patch+json' } : {};
  const answer = await server.send({
    method,
    path,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(token === undefined ? {} : { token }),
  });
  if (answer.status >= 400) answers.push(answer.text);
  return answer.status;
}

async function wrapped(method: string, path: string, body: unknown, jwt = false): Promise<string> {
  const headers = { 'X-Vault-Wrap-TTL': '1h', ...(jwt ? { 'X-Vault-Wrap-Format': 'jwt' } : {}) };
  const { json } = await server.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
  const token = json.wrap_info.token as string;
  generated[`wrapping ${Object.keys(generated).length}`] = token;
  const claims = jwt ? (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { readonly jti: string }) : undefined;
  if (claims !== undefined) generated['in the JWT'] = claims.jti;
  return token;
}

/** A batch token and the accessor of a service token, made and used. */
async function tokens(): Promise<readonly number[]> {
  const { json: batch } = await server.send({ method: 'POST', path: 'auth/token/create', body: { type: 'batch', policies: ['default'] } });
  const { json: service } = await server.send({ method: 'POST', path: 'auth/token/create', body: { policies: ['default'] } });
  generated['batch'] = batch.auth.client_token as string;
  generated['accessor'] = service.auth.accessor as string;
  return [
    await send('GET', 'auth/token/lookup-self', undefined, generated['batch']),
    await send('POST', 'auth/token/lookup', { token: generated['batch'] }),
    await send('POST', 'auth/token/lookup-accessor', { accessor: generated['accessor'] }),
    await send('LIST', 'auth/token/accessors'),
    await send('POST', 'auth/token/tidy'),
  ];
}

beforeAll(async () => {
  server = await TestServer.start({ config: { log: { level: 'trace', format: 'json' } } });
  const { value, number, broken, metadata, token, wrong, password, guess, wrapped: kept, own } = secrets;
  const { path, mount, policy, rules, user } = names;
  const statuses = [
    await send('POST', `secret/data/${path}`, `{"data":{"a":"${value}","n":${number},"deep":{"k":["${value}"]}}}`),
    await send('GET', `secret/data/${path}`),
    await send('GET', `secret/data/${path}`),
    await send('PATCH', `secret/data/${path}`, { data: { b: value } }),
    await send('POST', `secret/metadata/${path}`, { custom_metadata: { owner: metadata } }),
    await send('GET', `secret/metadata/${path}`),
    await send('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: '2' } }),
    await send('PUT', `sys/policies/acl/${policy}`, { policy: `path "secret/data/${rules}" { capabilities = ["read"] }` }),
    await send('POST', 'auth/token/create', { id: token, policies: [policy], meta: { owner: metadata } }),
    await send('POST', 'auth/token/lookup', { token }),
    await send('GET', 'auth/token/lookup-self', undefined, token),
    await send('POST', `auth/userpass/users/${user}`, { password }),
    await send('POST', `auth/userpass/users/${user}/password`, { password }),
    await send('POST', `auth/userpass/login/${user}`, { password }),
    await send('PUT', 'sys/rotate'),
    await send('POST', 'cubbyhole/mine', { own }),
    await send('GET', 'cubbyhole/mine'),
    await send('POST', 'sys/wrapping/unwrap', undefined, await wrapped('POST', 'sys/wrapping/wrap', { kept })),
    await send('POST', 'sys/wrapping/unwrap', { token: await wrapped('POST', 'sys/wrapping/wrap', { kept }) }),
    await send('POST', 'sys/wrapping/rewrap', { token: await wrapped('POST', 'sys/wrapping/wrap', { kept }) }),
    await send('POST', 'sys/wrapping/lookup', { token: await wrapped('GET', `secret/data/${path}`, undefined) }),
    await send('GET', 'cubbyhole/response', undefined, await wrapped('POST', 'auth/token/create', { meta: { owner: metadata } })),
    await send('POST', 'sys/wrapping/unwrap', { token: await wrapped('POST', 'sys/wrapping/wrap', { kept }, true) }),
    await send('POST', 'sys/unseal', { key: broken }),
    ...(await tokens()),
  ];
  const refusals = [
    await send('GET', `secret/data/${path}`, undefined, wrong),
    await send('GET', `secret/data/${path}`, undefined, token),
    await send('POST', `secret/data/${path}`, `{"data":{"a":"${broken}"`),
    await send('POST', `secret/data/${path}`, `{"data":{"a":"${value}"},"options":{"cas":"${broken}"}}`),
    await send('POST', `secret/data/${path}`, { data: value }),
    await send('PUT', `sys/policies/acl/${policy}`, { policy: `path "${broken}" { nonsense = "${broken}" ` }),
    await send('POST', 'auth/token/create', { id: token, ttl: broken }),
    await send('POST', 'auth/token/lookup', { token: wrong }),
    await send('POST', 'auth/token/revoke', { token: generated['batch'] }),
    await send('POST', 'auth/token/revoke-orphan', { token: wrong }),
    await send('POST', 'sys/wrapping/unwrap', { token: wrong }),
    await send('POST', 'sys/wrapping/unwrap', undefined, Object.values(generated)[0]),
    await send('POST', 'sys/wrapping/unwrap', { token: Object.values(generated)[1] }),
    await send('POST', `auth/userpass/login/${user}`, { password: guess }),
    await send('POST', `auth/userpass/login/${user}-2`, { password: guess }),
    await send('POST', `auth/userpass/login/${user}`, { password: [guess] }),
    await send('POST', `auth/userpass/login/${user}`, { password: guess.repeat(100) }),
    await send('POST', `auth/userpass/users/${user}`, { password, token_type: guess }),
    await send('POST', `auth/userpass/users/${user}`, { password, token_ttl: guess }),
  ];
  unexpected = [...statuses.filter((status) => status >= 400), ...refusals.filter((status) => status < 400 || status >= 500)];
});

afterAll(() => server.destroy());

test('every request was answered as expected', () => {
  expect(unexpected).toEqual([]);
});

test('nothing that was stored stands in clear in the data directory, nor in the name of a file', () => {
  const files = everyFile(join(server.directory, 'data'));
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) {
    const found = foundIn(`${file}\n${readFileSync(file, 'latin1')}`, { ...secrets, ...names, ...generated, root: server.rootToken });
    expect([file, found]).toEqual([file, []]);
  }
});

test('the audit has paths in clear, but no value and no token', () => {
  const text = readFileSync(join(server.directory, 'audit.log'), 'utf8');
  expect(foundIn(text, { path: names.path })).toEqual(['path']);
  expect(foundIn(text, { ...secrets, ...generated, root: server.rootToken })).toEqual([]);
});

test('neither the log nor an error has a value or a token', () => {
  const log = server.output.replace(/export VAULT_TOKEN='[^']+'/, '');
  expect(log).toContain('listening');
  expect(answers.length).toBeGreaterThan(5);
  expect(foundIn(log, { ...secrets, ...generated, root: server.rootToken })).toEqual([]);
  // A policy's own text is quoted to its author alone, in the answer.
  expect(foundIn(answers.join('\n'), { ...secrets, ...generated, root: server.rootToken })).toEqual([]);
});

test('the process has no secret among its arguments and in its environment', () => {
  const key = readFileSync(join(server.directory, 'seal.key'), 'utf8').trim();
  for (const file of ['cmdline', 'environ']) {
    const text = readFileSync(`/proc/${server.pid}/${file}`, 'utf8');
    expect(foundIn(text, { ...secrets, ...names, ...generated, root: server.rootToken, key })).toEqual([]);
  }
});
