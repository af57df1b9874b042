/** Two hundred at once, on connections of their own, for what only one can have: exactly one gets it, and the others are told with a 4xx. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawAnswer, RawRequest } from '../harness/client.ts';
import { scale } from '../harness/scale.ts';
import type { TestServer } from '../harness/server.ts';
import { expectStatus, startWireServer, tokenWith } from './wire-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.destroy());

const racers = 200;

async function atOnce(request: (racer: number) => RawRequest, of = server): Promise<readonly RawAnswer[]> {
  const connections = Array.from({ length: racers }, () => of.connect());
  const answers = await Promise.all(
    connections.map((connection, racer) => connection.send({ token: of.rootToken || undefined, ...request(racer) })),
  );
  for (const connection of connections) connection.close();
  return answers;
}

/** The number of the one that won. @throws Error when there is none, or another one, or a loser got anything but a 4xx */
function winnerOf(answers: readonly RawAnswer[]): number {
  const won = answers.flatMap(({ status }, racer) => (status < 300 ? [racer] : []));
  expect(won).toHaveLength(1);
  expect(
    answers.filter(({ status }) => status >= 300 && (status < 400 || status >= 500)).map(({ status, text }) => `${status} ${text}`),
  ).toEqual([]);
  return won[0] ?? -1;
}

test('a first version by cas 0, of one secret and of many', async () => {
  for (let round = 0; round < 2 * scale; round++) {
    const path = `secret/data/cas-${round}`;
    const answers = await atOnce((racer) => ({ method: 'POST', path, body: { data: { racer }, options: { cas: 0 } } }));
    const winner = winnerOf(answers);
    const { data, metadata } = (await server.send({ method: 'GET', path })).json.data;
    expect([data, metadata.version]).toEqual([{ racer: winner }, 1]);
  }
});

test('the next version by its number', async () => {
  const path = 'secret/data/next';
  await expectStatus(server, { method: 'POST', path, body: { data: { racer: -1 } } }, 200);
  const winner = winnerOf(await atOnce((racer) => ({ method: 'PUT', path, body: { data: { racer }, options: { cas: 1 } } })));
  const { data, metadata } = (await server.send({ method: 'GET', path })).json.data;
  expect([data, metadata.version]).toEqual([{ racer: winner }, 2]);
});

test('a secret of version 1, for those who may create and not update', async () => {
  await expectStatus(server, { method: 'POST', path: 'sys/mounts/old', body: { type: 'kv' } }, 204);
  const token = await tokenWith(server, 'creator', 'path "old/*" { capabilities = ["create"] }');
  for (let round = 0; round < 2 * scale; round++) {
    const path = `old/created-${round}`;
    const winner = winnerOf(await atOnce((racer) => ({ method: racer % 2 === 0 ? 'POST' : 'PUT', path, token, body: { racer } })));
    expect((await server.send({ method: 'GET', path })).json.data).toEqual({ racer: winner });
  }
});

test('what a token keeps for itself, for one that may create and not update', async () => {
  const token = await tokenWith(server, 'keeper', 'path "cubbyhole/once" { capabilities = ["create", "read"] }', {
    no_default_policy: true,
  });
  const winner = winnerOf(await atOnce((racer) => ({ method: 'POST', path: 'cubbyhole/once', token, body: { racer } })));
  expect((await server.send({ method: 'GET', path: 'cubbyhole/once', token })).json.data).toEqual({ racer: winner });
});

test('one path for mounts that move, from many paths and by many names', async () => {
  const from = ['m0', 'm1', 'm2', 'm3'];
  for (const path of from) {
    await expectStatus(server, { method: 'POST', path: `sys/mounts/${path}`, body: { type: 'kv-v2' } }, 204);
    await expectStatus(server, { method: 'POST', path: `${path}/data/x`, body: { data: { path } } }, 200);
  }
  const winner = winnerOf(
    await atOnce((racer) => ({ method: 'POST', path: 'sys/remount', body: { from: from[racer % from.length], to: 'prize' } })),
  );
  const moved = from[winner % from.length];
  expect((await server.send({ method: 'GET', path: 'prize/data/x' })).json.data.data).toEqual({ path: moved });
  for (const path of from)
    expect([path, (await server.send({ method: 'GET', path: `${path}/data/x` })).status]).toEqual([path, path === moved ? 404 : 200]);
});

test('one path for new mounts, and for new auth methods', async () => {
  expect(winnerOf(await atOnce(() => ({ method: 'POST', path: 'sys/mounts/new', body: { type: 'kv-v2' } })))).toBeGreaterThanOrEqual(0);
  expect(winnerOf(await atOnce(() => ({ method: 'POST', path: 'sys/auth/new', body: { type: 'userpass' } })))).toBeGreaterThanOrEqual(0);
});

test('the name that a token is to have', async () => {
  const id = 'a-name-that-only-one-can-have';
  const winner = winnerOf(
    await atOnce((racer) => ({
      method: 'POST',
      path: 'auth/token/create',
      body: { id, policies: ['default'], meta: { racer: `${racer}` } },
    })),
  );
  expect((await server.send({ method: 'GET', path: 'auth/token/lookup-self', token: id })).json.data.meta).toEqual({ racer: `${winner}` });
});

test('of the last shares at once one unseals, and no answer says that more are needed', async () => {
  const of = await startWireServer({ config: { seal: { type: 'shamir' }, initialize: { auto: false } } });
  const { json } = await of.send({ method: 'PUT', path: 'sys/init', token: undefined, body: { secret_shares: 3, secret_threshold: 2 } });
  const keys = json.keys as readonly string[];
  of.rootToken = json.root_token as string;
  for (let round = 0; round < 2; round++) {
    await expectStatus(of, { method: 'PUT', path: 'sys/unseal', body: { key: keys[0] } }, 200);
    const from = of.output.length;
    const answers = await atOnce((racer) => ({ method: 'PUT', path: 'sys/unseal', body: { key: keys[1 + (racer % 2)] } }), of);
    expect(new Set(answers.map(({ status, json: state }) => `${status} sealed ${state.sealed} progress ${state.progress}`))).toEqual(
      new Set(['200 sealed false progress 0']),
    );
    expect((await of.send({ method: 'GET', path: 'sys/seal-status' })).json).toMatchObject({ sealed: false, progress: 0 });
    await expectStatus(of, { method: 'PUT', path: 'sys/seal' }, 204);
    // By the line about the end, those about its beginning have come as well.
    await expect.poll(() => of.output.slice(from), { timeout: 20_000 }).toContain('"msg":"sealed"');
    expect(of.output.slice(from).match(/"msg":"unsealed"/g)).toHaveLength(1);
  }
  await of.destroy();
});
