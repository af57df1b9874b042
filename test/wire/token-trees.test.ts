/** Revoking trees of tokens, or a token without its children; the list of accessors; tidying; and races and kills in between. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scale } from '../harness/scale.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let powerless: string;
beforeAll(async () => {
  server = await startWireServer();
  powerless = await tokenWith(server, 'user', 'path "auth/token/*" { capabilities = ["create", "read", "update", "list"] }');
});
afterAll(() => server.destroy());

const call = callTo(() => server);

interface Auth {
  readonly client_token: string;
  readonly accessor: string;
}

async function create(token = server.rootToken, fields: object = {}): Promise<Auth> {
  const { json, status, text } = await call('POST', 'auth/token/create', { policies: ['user'], ...fields }, token);
  if (status !== 200) throw new Error(text);
  return json.auth as Auth;
}

const statusOf = async (token: string): Promise<number> => (await call('GET', 'auth/token/lookup-self', undefined, token)).status;

async function accessors(): Promise<readonly string[]> {
  return ((await call('LIST', 'auth/token/accessors')).json as { data: { keys: readonly string[] } }).data.keys;
}

test('accessors of all tokens are listed, whole or in pages, with sudo', async () => {
  const made = await Promise.all(Array.from({ length: 12 }, () => create()));
  const all = await accessors();
  expect(all).toEqual(expect.arrayContaining(made.map(({ accessor }) => accessor)));
  expect(all).toEqual(all.toSorted());
  const paged: string[] = [];
  for (let after = ''; ; after = paged.at(-1) ?? '') {
    const { status, json } = await call('GET', `auth/token/accessors/?list=true&limit=5&after=${after}`);
    if (status === 404) break;
    const { keys } = (json as { data: { keys: string[] } }).data;
    expect(keys.length).toBeLessThanOrEqual(5);
    paged.push(...keys);
  }
  expect(paged).toEqual(all);
  expect((await call('LIST', 'auth/token/accessors?limit=many')).status).toBe(400);
  expect((await call('LIST', 'auth/token/accessors', undefined, powerless)).status).toBe(403);
});

test('a token that is revoked without its children leaves them as orphans, and theirs as they were', async () => {
  const parent = await create();
  const child = await create(parent.client_token);
  const grandchild = await create(child.client_token);
  expect((await call('PUT', 'auth/token/revoke-orphan', { token: parent.client_token })).status).toBe(204);
  const look = async (token: string): Promise<object> =>
    (await call('GET', 'auth/token/lookup-self', undefined, token)).json.data as object;
  expect(await statusOf(parent.client_token)).toBe(403);
  expect((await call('POST', 'auth/token/lookup-accessor', { accessor: parent.accessor })).status).toBe(400);
  expect(await look(child.client_token)).toMatchObject({ orphan: true });
  expect(await look(grandchild.client_token)).toMatchObject({ orphan: false });
  expect((await call('POST', 'auth/token/revoke', { token: child.client_token })).status).toBe(204);
  expect(await statusOf(grandchild.client_token)).toBe(403);
});

test('whoever may not revoke alone is told so, and what is not there is 400', async () => {
  const { client_token: token } = await create();
  expect(await call('POST', 'auth/token/revoke-orphan', { token }, powerless)).toMatchObject({
    status: 400,
    json: { errors: ['root or sudo privileges required to revoke and orphan'] },
  });
  expect(await call('POST', 'auth/token/revoke-orphan', { token: 'hvs.unknown' })).toMatchObject({
    status: 400,
    json: { errors: ['token to revoke not found'] },
  });
  expect((await call('POST', 'auth/token/revoke-orphan', {})).status).toBe(400);
  expect(await statusOf(token)).toBe(200);
});

test('create-orphan needs no sudo, as no_parent does', async () => {
  const { status, json } = await call('POST', 'auth/token/create-orphan', { policies: ['user'] }, powerless);
  expect([status, json.auth.orphan]).toEqual([200, true]);
  expect((await call('PUT', 'auth/token/create-orphan', { policies: ['other'] }, powerless)).status).toBe(400);
  expect((await call('POST', 'auth/token/create', { no_parent: true }, powerless)).status).toBe(400);
});

test('tidying is begun once at a time, and reports in the log', async () => {
  const answers = await Promise.all([call('POST', 'auth/token/tidy'), call('PUT', 'auth/token/tidy')]);
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  expect(answers[0].json.warnings[0]).toContain('Tidy operation successfully started');
  await expect.poll(() => server.output, { timeout: 20_000 }).toMatch(/"treesLeft":0,"msg":"tokens are tidy"/);
  const nobody = await tokenWith(server, 'nobody', '# nothing');
  expect((await call('POST', 'auth/token/tidy', undefined, nobody)).status).toBe(403);
});

test('of 200 that use the last use of a token at once, one wins', async () => {
  const { client_token: token } = await create(server.rootToken, { num_uses: 1 });
  const connections = Array.from({ length: 200 }, () => server.connect());
  const answers = await Promise.all(connections.map((c) => c.send({ method: 'GET', path: 'auth/token/lookup-self', token })));
  for (const connection of connections) connection.close();
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(199);
});

test('no child, service or batch, lives that was being made while its parent was revoked', async () => {
  for (let round = 0; round < 3; round++) {
    const parent = await create();
    const connections = Array.from({ length: 100 }, () => server.connect());
    const making = connections.map((c, n) =>
      c.send({ method: 'POST', path: 'auth/token/create', token: parent.client_token, body: n % 3 === 0 ? { type: 'batch' } : {} }),
    );
    await Promise.race(making);
    expect((await call('POST', 'auth/token/revoke', { token: parent.client_token })).status).toBe(204);
    const answers = await Promise.all(making);
    for (const connection of connections) connection.close();
    const made = answers.filter(({ status }) => status === 200).map(({ json }) => (json as { auth: Auth }).auth.client_token);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(answers.map(({ status }) => status))).toSatisfy((seen: Set<number>) => [...seen].every((s) => s === 200 || s === 403));
    expect(new Set(await Promise.all(made.map(statusOf)))).toEqual(new Set([403]));
  }
});

test('killed while a large tree is removed, a server goes on removing it, and answers for none of it', async () => {
  const size = 2000 * scale;
  const trunk = await create();
  const branches = await Promise.all(Array.from({ length: 20 }, () => create(trunk.client_token)));
  const connections = Array.from({ length: 20 }, () => server.connect());
  const leaves: string[] = [];
  await Promise.all(
    connections.map(async (connection, n) => {
      for (let made = 0; made < size / 20; made++) {
        const answer = await connection.send({ method: 'POST', path: 'auth/token/create', token: branches[n]!.client_token, body: {} });
        leaves.push((answer.json as { auth: Auth }).auth.client_token);
      }
    }),
  );
  for (const connection of connections) connection.close();
  const kept = await create();
  const before = await accessors();
  expect((await call('POST', 'auth/token/revoke-accessor', { accessor: trunk.accessor })).status).toBe(204);
  for (let left = before.length; left >= before.length - 1; left = (await accessors()).length)
    expect(await statusOf(leaves[left % leaves.length]!)).toBe(403);
  await server.kill();
  await server.restart();
  for (const leaf of leaves.filter((_, n) => n % 20 === 0)) expect(await statusOf(leaf)).toBe(403);
  expect(await statusOf(kept.client_token)).toBe(200);
  await expect.poll(async () => (await accessors()).length, { timeout: 60_000 }).toBeLessThanOrEqual(before.length - size - 21);
  expect(await accessors()).toContain(kept.accessor);
});
