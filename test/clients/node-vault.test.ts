/** The npm package node-vault, unchanged: every command of its own table for what this server has. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Check, Context, type Made, refused } from './node-vault/context.ts';
import { operatorChecks } from './node-vault/operator-checks.ts';
import { tokenChecks } from './node-vault/token-checks.ts';

const checks: Readonly<Record<string, Check>> = { ...operatorChecks, ...tokenChecks };
let c: Context;
beforeAll(async () => {
  c = await Context.start();
});
afterAll(() => c.on.close());

test.each(Object.keys(checks))('%s', async (command) => {
  expect.hasAssertions();
  await checks[command]!(c.client(c.rootToken), c);
});

test('no command of its table for what is here is without a check', () => {
  const table = (c.client() as unknown as { commands: Record<string, { path: string }> }).commands;
  const here = Object.entries(table).filter(([, { path }]) => /^\/(sys\/|auth\/token\/|auth\/.*userpass|.*\/destroy\/)/.test(path));
  expect(Object.keys(checks).toSorted()).toEqual(here.map(([name]) => name).toSorted());
});

test('what is without a command: reads, lists both ways, patches, deletes, help', async () => {
  const vault = c.client(c.rootToken);
  await vault.write('secret/data/plain/one', { data: { a: 1, b: 2 } });
  await vault.update('secret/data/plain/one', { data: { b: 3 } });
  expect(await vault.read('secret/data/plain/one')).toMatchObject({ data: { data: { a: 1, b: 3 } } });
  expect(await vault.list('secret/metadata/plain')).toMatchObject({ data: { keys: ['one'] } });
  const getting = c.client(c.rootToken, { noCustomHTTPVerbs: true, namespace: 'root' });
  expect(await getting.list('secret/metadata/plain')).toMatchObject({ data: { keys: ['one'] } });
  expect(await vault.help('sys/mounts')).toHaveProperty('help');
  await vault.delete('secret/data/plain/one');
  await refused(vault.read('secret/data/plain/one'), 404);
});

test('it renews tokens and leases by itself', async () => {
  const vault = c.client((await c.token()).client_token);
  const { lease_id } = await c.issue();
  const holder = c.client(c.rootToken);
  const renewed = new Promise((resolve) => (vault as unknown as NodeJS.EventEmitter).once('token:renewed', resolve));
  const released = new Promise((resolve) => (holder as unknown as NodeJS.EventEmitter).once('lease:renewed', resolve));
  await vault.startTokenRenewal({ ttl: 1, increment: 600 });
  holder.startLeaseRenewal(lease_id, 1, { increment: 700 });
  expect(await renewed).toMatchObject({ auth: { lease_duration: 600 } });
  expect(await released).toMatchObject({ leaseId: lease_id, result: { lease_duration: 700 } });
  for (const each of [vault, holder]) each.stopAllRenewals();
});

/** Two habits of the package that look like refusals of the server's making. */
test('it changes over to the token that it makes, and headers that clients are given are shared with all of them', async () => {
  const vault = c.client(c.rootToken);
  const { auth } = (await vault.tokenCreate({ policies: ['default'] })) as { auth: Made };
  expect(vault.token).toBe(auth.client_token);
  await refused(vault.tokenRevoke({ token: auth.client_token }), 403, 'permission denied');
  // The first request writes its token into the one object, and from then on it is the token of every request.
  const headers = {};
  const [a, b] = [c.client(c.rootToken, {}, { headers }), c.client((await c.token()).client_token, {}, { headers })];
  await b.tokenLookupSelf();
  await refused(a.tokenRevoke({ token: auth.client_token }), 403, 'permission denied');
  await c.client(c.rootToken).tokenRevoke({ token: auth.client_token });
});
