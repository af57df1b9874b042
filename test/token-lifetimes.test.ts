/** Tokens over time, on a clock that the test moves, in a whole server without HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Unsealed } from '../core/request/host.ts';
import { Transaction } from '../core/barrier/transaction.ts';
import { type HostAnswer, startHost, type TestHost } from './harness/host.ts';

let now = Date.UTC(2030, 0, 1);
let host: TestHost;
beforeAll(async () => {
  host = await startHost({ wallClock: () => now });
});
afterAll(() => host.server.stop());

interface Auth {
  readonly client_token: string;
  readonly accessor: string;
}

async function create(body: object, token = host.rootToken): Promise<Auth> {
  const { json, text } = await host.send('POST', 'auth/token/create', body, token);
  if (json?.auth === undefined) throw new Error(text);
  return json.auth as Auth;
}

const look = (token: string): Promise<HostAnswer> => host.send('GET', 'auth/token/lookup-self', undefined, token);
const pass = (seconds: number): void => void (now += seconds * 1000);

function unsealed(): Unsealed {
  if (host.server.unsealed === undefined) throw new Error('sealed');
  return host.server.unsealed;
}

/** Names below a directory of the store. */
const names = (directory: string): Promise<readonly string[]> => new Transaction(unsealed()).list(directory, '', 1000);

test('a token is valid to the last millisecond before its end, and not after', async () => {
  const { client_token: token } = await create({ ttl: 60 });
  now += 59_999;
  expect((await look(token)).json.data.ttl).toBe(0);
  now += 1;
  expect(await look(token)).toMatchObject({ status: 403, json: { errors: ['permission denied'] } });
});

test('a child ends with its parent, however long it may live itself', async () => {
  await host.send('PUT', 'sys/policies/acl/maker', { policy: 'path "auth/token/*" { capabilities = ["update"] }' });
  const parent = await create({ ttl: 100, policies: ['maker'] });
  const child = await create({ ttl: '10h' }, parent.client_token);
  const orphan = await create({ ttl: '10h', no_parent: true });
  pass(100);
  expect([(await look(child.client_token)).status, (await look(orphan.client_token)).status]).toEqual([403, 200]);
});

test('a renewal near the end of the maximum gives what is left, and past it nothing', async () => {
  const { client_token: token } = await create({ ttl: 100, explicit_max_ttl: 150 });
  const renew = (): Promise<HostAnswer> => host.send('POST', 'auth/token/renew-self', { increment: 100 }, token);
  pass(90);
  expect((await renew()).json.auth.lease_duration).toBe(60);
  pass(59);
  expect((await renew()).json.auth.lease_duration).toBe(1);
  pass(1);
  expect((await renew()).status).toBe(403);
});

test('a periodic token lives as long as it is renewed in time', async () => {
  const { client_token: token } = await create({ period: '24h' });
  for (let day = 0; day < 60; day++) {
    pass(86_000);
    expect((await host.send('POST', 'auth/token/renew-self', {}, token)).json.auth.lease_duration).toBe(86_400);
  }
  pass(86_400);
  expect((await look(token)).status).toBe(403);
});

test('what expired stays expired when the clock is set back, over a sealing too', async () => {
  const { client_token: token } = await create({ ttl: 600 });
  pass(601);
  expect((await look(token)).status).toBe(403);
  now -= 500_000;
  expect((await look(token)).status).toBe(403);
  pass(700);
  await host.server.housekeeping?.sweep();
  const { client_token: other } = await create({ ttl: 200 });
  pass(300);
  await host.server.housekeeping?.sweep();
  host.server.confirm();
  await host.server.seal();
  now -= 1_000_000;
  await host.server.start();
  expect([(await look(token)).status, (await look(other)).status]).toEqual([403, 403]);
  now += 1_000_000;
});

test('expired tokens and the children of revoked ones leave nothing in the store', async () => {
  const held = (await names('core/token/id/')).length;
  const parents = await Promise.all(Array.from({ length: 20 }, () => create({ ttl: 50, policies: ['maker'] })));
  for (const parent of parents) await create({ ttl: 5000 }, parent.client_token);
  const revoked = await create({ ttl: 90_000, policies: ['maker'] });
  for (let n = 0; n < 20; n++) await create({ ttl: 9000 }, revoked.client_token);
  expect((await names('core/token/id/')).length).toBe(held + 61);
  await host.send('POST', 'auth/token/revoke', { token: revoked.client_token });
  pass(51);
  await host.server.housekeeping?.sweep();
  expect((await names('core/token/id/')).length).toBeLessThanOrEqual(held);
  expect(await names('core/token/sweep/')).toEqual([]);
  expect(await names('core/token/child/')).toEqual([]);
});

test('of a hundred parallel uses exactly as many win as the token has, and it leaves nothing', async () => {
  const { client_token: token, accessor } = await create({ num_uses: 13 });
  const answers = await Promise.all(Array.from({ length: 100 }, () => look(token)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(13);
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(87);
  expect((await host.send('POST', 'auth/token/lookup-accessor', { accessor })).status).toBe(400);
});

test('a use is taken although the request is refused, and is not given back', async () => {
  const { client_token: token } = await create({ num_uses: 2, policies: ['default'] });
  expect((await host.send('GET', 'secret/data/none', undefined, token)).status).toBe(403);
  expect((await look(token)).json.data.num_uses).toBe(0);
  expect((await look(token)).status).toBe(403);
});

test('nothing is answered for a token once the call that revoked it has returned', async () => {
  for (let round = 0; round < 20; round++) {
    const parent = await create({ policies: ['maker'] });
    const child = await create({ policies: ['maker'] }, parent.client_token);
    await host.send('PUT', 'sys/policies/acl/maker', {
      policy: 'path "auth/token/*" { capabilities = ["update"] }\npath "secret/*" { capabilities = ["read"] }',
    });
    let revoked = false;
    const late: number[] = [];
    // Each of them waits for the engine in its thread: most are still under way when the revocation returns.
    const readers = Array.from({ length: 8 }, async (_, n) => {
      const { status } = await host.send('GET', `secret/data/round-${round}/${n}`, undefined, child.client_token);
      if (revoked) late.push(status);
    });
    await host.send('POST', 'auth/token/revoke-accessor', { accessor: parent.accessor });
    revoked = true;
    await Promise.all(readers);
    late.push((await look(child.client_token)).status);
    expect(new Set(late)).toEqual(new Set([403]));
  }
});

test('a refusal for a missing right is in the audit before it is answered', async () => {
  const { client_token: token } = await create({ policies: ['default'] });
  host.sink.lines.length = 0;
  expect((await host.send('GET', 'secret/data/denied', undefined, token)).status).toBe(403);
  const entries = host.sink.lines.map(
    (line) => JSON.parse(line) as { type: string; auth: { policy_results: { allowed: boolean } }; error?: string },
  );
  expect(entries.map(({ type }) => type)).toEqual(['request', 'response']);
  expect(entries[0]?.error).toContain('permission denied');
});
