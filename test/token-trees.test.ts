/** What becomes of trees of tokens in the store, on a clock that the test moves, in a whole server without HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Transaction } from '../core/barrier/transaction.ts';
import { tidyTokens } from '../core/identity/token-tidy.ts';
import type { Unsealed } from '../core/request/host.ts';
import { type HostAnswer, startHost, type TestHost } from './harness/host.ts';

let now = Date.UTC(2032, 0, 1);
let host: TestHost;
beforeAll(async () => {
  host = await startHost({ wallClock: () => now });
  await host.send('PUT', 'sys/policies/acl/maker', { policy: 'path "auth/token/*" { capabilities = ["update"] }' });
});
afterAll(() => host.server.stop());

interface Auth {
  readonly client_token: string;
  readonly accessor: string;
}

async function create(token = host.rootToken, body: object = {}): Promise<Auth> {
  const { json, text } = await host.send('POST', 'auth/token/create', { policies: ['maker'], ...body }, token);
  if (json?.auth === undefined) throw new Error(text);
  return json.auth as Auth;
}

const look = (token: string): Promise<HostAnswer> => host.send('GET', 'auth/token/lookup-self', undefined, token);
const statuses = async (...tokens: readonly string[]): Promise<readonly number[]> =>
  (await Promise.all(tokens.map(look))).map(({ status }) => status);
const sweep = async (): Promise<void> => host.server.housekeeping?.sweep();

function unsealed(): Unsealed {
  if (host.server.unsealed === undefined) throw new Error('sealed');
  return host.server.unsealed;
}

const hashOf = (token: string): string => unsealed().tokens.hash(token);
const names = (directory: string): Promise<readonly string[]> => new Transaction(unsealed()).list(`core/token/${directory}`, '', 10_000);

async function change(work: (tx: Transaction) => void): Promise<void> {
  const tx = new Transaction(unsealed());
  work(tx);
  await tx.commit().durable;
}

test('children of a token that was revoked without them are orphans at once, and in the store when the sweep was there', async () => {
  const parent = await create();
  const children = await Promise.all(Array.from({ length: 120 }, () => create(parent.client_token)));
  const below = await create(children[0]!.client_token);
  await host.send('POST', 'auth/token/revoke-orphan', { token: parent.client_token });
  const all = children.map(({ client_token: token }) => token);
  for (const swept of [false, true]) {
    expect(new Set(await statuses(...all, below.client_token)), `swept: ${swept}`).toEqual(new Set([200]));
    expect((await look(all[1]!)).json.data.orphan).toBe(true);
    // A change of the record in between leaves nothing behind.
    await host.send('POST', 'auth/token/renew', { token: all[2], increment: 600 });
    await sweep();
  }
  expect(await names('released/')).toEqual([]);
  expect(await names(`child/${hashOf(parent.client_token)}/`)).toEqual([]);
  // The tree below an orphan is still its own.
  await host.send('POST', 'auth/token/revoke', { token: all[0] });
  expect(await statuses(all[0]!, below.client_token, all[1]!)).toEqual([403, 403, 200]);
});

test('a token that is let go of does not end with those above it any more, and still does before', async () => {
  const top = await create();
  const middle = await create(top.client_token, { ttl: 100 });
  const low = await create(middle.client_token);
  const batch = await create(middle.client_token, { type: 'batch' });
  expect(await statuses(low.client_token, batch.client_token)).toEqual([200, 200]);
  await host.send('POST', 'auth/token/revoke-orphan', { token: middle.client_token });
  expect(await statuses(low.client_token, batch.client_token)).toEqual([200, 403]);
  await host.send('POST', 'auth/token/revoke', { token: top.client_token });
  await sweep();
  now += 101_000;
  expect(await statuses(low.client_token, batch.client_token)).toEqual([200, 403]);
});

test.each(['revoke', 'revoke-orphan'])('after %s an id is free only once nothing leads to those that were below it', async (how) => {
  const id = `chosen-${how}`;
  const wish = { id, ttl: '1h' };
  await create(host.rootToken, wish);
  const children = await Promise.all(Array.from({ length: 3 }, () => create(id)));
  await host.send('POST', `auth/token/${how}`, { token: id });
  const again = await host.send('POST', 'auth/token/create', { policies: ['maker'], ...wish });
  if (how === 'revoke') expect(await statuses(...children.map(({ client_token }) => client_token))).toEqual([403, 403, 403]);
  // The sweep may have been there by itself.
  if (again.status === 400) expect(again.json.errors[0]).toContain('duplicate ID');
  await sweep();
  if (again.status === 400) await create(host.rootToken, wish);
  await sweep();
  expect(await statuses(id)).toEqual([200]);
  expect(await statuses(...children.map(({ client_token }) => client_token))).toEqual(children.map(() => (how === 'revoke' ? 403 : 200)));
  await host.send('POST', 'auth/token/revoke', { token: id });
});

test('a batch token ends to the millisecond, with its parent when that is earlier', async () => {
  const parent = await create(host.rootToken, { ttl: 50 });
  const { client_token: long } = await create(parent.client_token, { type: 'batch', ttl: '10h' });
  const { client_token: short } = await create(parent.client_token, { type: 'batch', ttl: 20 });
  now += 19_999;
  expect(await statuses(long, short)).toEqual([200, 200]);
  now += 1;
  expect(await statuses(long, short)).toEqual([200, 403]);
  now += 30_000;
  expect(await statuses(long, short)).toEqual([403, 403]);
});

test('a renewal within the last second of a maximum gives one second, and not a millisecond past it', async () => {
  const { client_token: token } = await create(host.rootToken, { ttl: 100, explicit_max_ttl: 100 });
  now += 99_250;
  const renewed = await host.send('POST', 'auth/token/renew-self', { increment: 600 }, token);
  expect(renewed.json.auth.lease_duration).toBe(1);
  expect(renewed.json.warnings).toEqual(['TTL of "10m0s" exceeded the effective max_ttl of "1s"; TTL value is capped accordingly']);
  now += 749;
  expect(await statuses(token)).toEqual([200]);
  now += 1;
  expect(await statuses(token)).toEqual([403]);
});

test('only a root token that never ends makes another', async () => {
  const { client_token: ending } = await create(host.rootToken, { policies: ['root'], ttl: '1h' });
  const refused = await host.send('POST', 'auth/token/create', { policies: ['root'] }, ending);
  expect([refused.status, refused.json.errors[0]]).toEqual([400, 'expiring root tokens cannot create non-expiring root tokens']);
  expect((await host.send('POST', 'auth/token/create', { policies: ['root'], ttl: 60 }, ending)).json.auth.lease_duration).toBe(60);
  const bounded = await host.send('POST', 'auth/token/create', { policies: ['root'], explicit_max_ttl: 90 }, host.rootToken);
  expect(bounded.json.auth.lease_duration).toBe(90);
});

test('the sweep of what has expired takes nothing of what is made meanwhile', async () => {
  await sweep();
  const doomed = await Promise.all(Array.from({ length: 300 }, () => create(host.rootToken, { ttl: 5 })));
  now += 6000;
  const held = (await names('id/')).length;
  const work = { ended: false };
  const made: Auth[] = [];
  const makers = Array.from({ length: 4 }, async () => {
    while (!work.ended) {
      made.push(await create());
      now += 1;
    }
  });
  await sweep();
  work.ended = true;
  await Promise.all(makers);
  expect((await names('id/')).length).toBe(held - doomed.length + made.length);
});

test('tidying adds the places that lead to a token, removes those that lead nowhere, and hands trees without a trunk to the sweep', async () => {
  await sweep();
  const parent = await create();
  const child = await create(parent.client_token);
  const lost = await create();
  const below = await create(lost.client_token);
  const [id, entry] = [hashOf(child.client_token), 'core/token'];
  const [moment = ''] = (await names('expiry/')).slice(-1);
  await change((tx) => {
    tx.delete(`${entry}/accessor/${child.accessor}`);
    tx.delete(`${entry}/child/${hashOf(parent.client_token)}/${id}`);
    tx.put(`${entry}/accessor/of-nobody`, Buffer.from('no-such-hash'));
    tx.put(`${entry}/accessor/of-another`, Buffer.from(id));
    tx.put(`${entry}/expiry/${moment}no-such-hash`, Buffer.alloc(0));
    tx.put(`${entry}/login/no-such-mount/${id}`, Buffer.alloc(0));
    tx.delete(`${entry}/id/${hashOf(lost.client_token)}`);
  });
  expect((await host.send('POST', 'auth/token/lookup-accessor', { accessor: child.accessor })).status).toBe(400);
  // What is gone has left its accessor, its place in the order of expiry and the one below its parent, beside the four above.
  expect(await tidyTokens(unsealed(), () => false)).toMatchObject({ placesAdded: 2, placesRemoved: 7, treesLeft: 1 });
  expect((await host.send('POST', 'auth/token/lookup-accessor', { accessor: child.accessor })).status).toBe(200);
  await sweep();
  expect(await names('id/')).not.toContain(hashOf(below.client_token));
  await host.send('POST', 'auth/token/revoke', { token: parent.client_token });
  await sweep();
  expect(await names('id/')).not.toContain(id);
  expect(await tidyTokens(unsealed(), () => false)).toMatchObject({ placesAdded: 0, placesRemoved: 0, treesLeft: 0 });
});
