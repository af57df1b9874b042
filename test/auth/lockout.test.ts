/** Who guesses is locked out: what is counted, how exactly under load, until when, and over a restart. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Transaction } from '../../core/barrier/transaction.ts';
import { defaultLockout, insideMax } from '../../core/identity/lockout.ts';
import { memoryDirectory } from '../../core/system/store-directory.ts';
import { Server } from '../../core/system/server.ts';
import { type HostAnswer, hostSender, KeptLines, startHost, testOptions, type TestHost } from '../harness/host.ts';

let now = Date.UTC(2031, 0, 1);
let host: TestHost;
const directory = memoryDirectory();
let users = 0;
let user: string;
let accessor: string;
beforeAll(async () => {
  host = await startHost({ wallClock: () => now, directory });
  accessor = (await host.send('GET', 'sys/auth/userpass')).json.data.accessor as string;
});
afterAll(() => host.server.stop());
beforeEach(async () => {
  user = `user-${++users}`;
  await host.send('POST', `auth/userpass/users/${user}`, { password: 'right' });
});

const logIn = (password: string, name = user, at = 'userpass'): Promise<HostAnswer> =>
  host.send('POST', `auth/${at}/login/${name}`, { password }, '');
const pass = (seconds: number): void => void (now += seconds * 1000);
const wrong = { status: 400, json: { errors: ['invalid username or password'] } };
const locked = { status: 403, json: { errors: ['permission denied'] } };
const lockedNow = async (): Promise<readonly string[]> =>
  ((await host.send('GET', 'sys/locked-users')).json.data.by_namespace[0]?.mount_accessors ?? []).flatMap(
    ({ alias_identifiers: aliases }: { alias_identifiers: string[] }) => aliases,
  ) as string[];

async function fail(times: number, name = user): Promise<void> {
  for (let time = 0; time < times; time++) expect(await logIn('wrong', name)).toMatchObject(wrong);
}

test('five wrong passwords lock a user for fifteen minutes, whatever the spelling of the name', async () => {
  await fail(3);
  await fail(2, user.toUpperCase());
  expect(await logIn('right')).toMatchObject(locked);
  pass(899);
  expect(await logIn('right')).toMatchObject(locked);
  pass(1);
  expect((await logIn('right')).status).toBe(200);
});

test('somebody who does not exist is answered and locked like somebody who does', async () => {
  await fail(5, 'nobody');
  expect(await logIn('wrong', 'nobody')).toMatchObject(locked);
  expect(await lockedNow()).toContain('nobody');
});

test('a right password, or fifteen minutes without a wrong one, begin the count anew', async () => {
  await fail(4);
  expect((await logIn('right')).status).toBe(200);
  await fail(4);
  pass(900);
  await fail(4);
  expect((await logIn('right')).status).toBe(200);
});

test('what is no try is not counted', async () => {
  for (let time = 0; time < 10; time++) expect((await logIn('')).status).toBe(400);
  expect((await logIn('right')).status).toBe(200);
});

test('a try that starts again, because the user has changed meanwhile, is one try', async () => {
  for (const policies of ['a', 'b']) {
    const trying = logIn('wrong');
    // The password check takes longer than that, the change less.
    await delay(10);
    await host.send('POST', `auth/userpass/users/${user}/policies`, { token_policies: policies });
    expect(await trying).toMatchObject(wrong);
  }
  await fail(2);
  expect((await logIn('right')).status).toBe(200);
});

test('of a hundred wrong tries at once exactly five are checked, and then nobody gets in', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => logIn('wrong')));
  const statuses = answers.map(({ status }) => status);
  expect([statuses.filter((status) => status === 400).length, statuses.filter((status) => status === 403).length]).toEqual([5, 95]);
  expect(await logIn('right')).toMatchObject(locked);
});

test('right and wrong tries at once: no right one fails before the fifth wrong one, and wrong ones lock', async () => {
  const tries = Array.from({ length: 60 }, (_, index) => (index < 4 || index >= 50 ? 'wrong' : 'right'));
  const statuses = (await Promise.all(tries.map((password) => logIn(password)))).map(({ status }) => status);
  const of = (password: string): number[] => statuses.filter((_, index) => tries[index] === password);
  for (const status of of('right')) expect([200, 403]).toContain(status);
  expect(of('right').filter((status) => status === 200).length).toBeGreaterThan(0);
  for (const status of of('wrong')) expect([400, 403]).toContain(status);
  // The last ten come after every success, so they are enough to lock.
  expect(of('wrong')).toContain(403);
});

test('of one alias so many tries may be under way, and no more', async () => {
  const lockout = host.server.unsealed?.lockout;
  if (lockout === undefined) throw new Error('sealed');
  const end = Promise.withResolvers<void>();
  let running = 0;
  const attempt = (): Promise<void> => {
    running++;
    return end.promise;
  };
  const trier = { mountId: 'none', alias: 'many' };
  const tries = Array.from({ length: insideMax }, () => lockout.guard(trier, defaultLockout, { failed: false }, attempt));
  await expect(lockout.guard(trier, defaultLockout, { failed: false }, attempt)).rejects.toMatchObject({ code: 'unavailable' });
  await expect.poll(() => running).toBe(defaultLockout.threshold);
  end.resolve();
  await Promise.all(tries);
  expect(running).toBe(insideMax);
  await lockout.guard(trier, defaultLockout, { failed: false }, attempt);
});

test('a lock is listed, and ended by its accessor and alias', async () => {
  await fail(5);
  const { json } = await host.send('GET', `sys/locked-users?mount_accessor=${accessor}`);
  expect(json.data.by_namespace[0]).toMatchObject({ namespace_id: 'root', namespace_path: '' });
  expect(json.data.by_namespace[0].mount_accessors[0]).toMatchObject({ mount_accessor: accessor });
  expect(await lockedNow()).toContain(user);
  expect((await host.send('GET', 'sys/locked-users?mount_accessor=none')).json.data).toEqual({ by_namespace: [], total: 0 });
  expect((await host.send('POST', `sys/locked-users/none/unlock/${user}`)).status).toBe(400);
  expect((await host.send('POST', `sys/locked-users/${accessor}/unlock/${user}`)).status).toBe(204);
  expect((await host.send('POST', `sys/locked-users/${accessor}/unlock/${user}`)).status).toBe(204);
  expect(await lockedNow()).not.toContain(user);
  expect((await logIn('right')).status).toBe(200);
});

test('a mount can be tuned to other bounds, or to none', async () => {
  const at = `tuned-${users}`;
  const config = { user_lockout_config: { lockout_threshold: '2', lockout_duration: '1m', lockout_counter_reset_duration: '10s' } };
  expect((await host.send('POST', `sys/auth/${at}`, { type: 'userpass', config })).status).toBe(204);
  await host.send('POST', `auth/${at}/users/${user}`, { password: 'right' });
  expect((await host.send('GET', `sys/auth/${at}/tune`)).json.data).toMatchObject({
    user_lockout_threshold: 2,
    user_lockout_duration: 60,
    user_lockout_counter_reset_duration: 10,
    user_lockout_disable: false,
  });
  await logIn('wrong', user, at);
  pass(10);
  await logIn('wrong', user, at);
  expect((await logIn('right', user, at)).status).toBe(200);
  await logIn('wrong', user, at);
  await logIn('wrong', user, at);
  expect((await logIn('right', user, at)).status).toBe(403);
  pass(60);
  await host.send('POST', `sys/auth/${at}/tune`, { user_lockout_config: { lockout_disable: true } });
  for (let time = 0; time < 8; time++) expect((await logIn('wrong', user, at)).status).toBe(400);
  expect((await logIn('right', user, at)).status).toBe(200);
});

test.each([
  [{ lockout_threshold: '0' }, 'lockout_threshold: must be from 1 to 1000000'],
  [{ lockout_threshold: '-1' }, 'lockout_threshold'],
  [{ lockout_threshold: 1_000_001 }, 'lockout_threshold'],
  [{ lockout_duration: '0' }, 'lockout_duration: must be at least one second'],
  [{ lockout_counter_reset_duration: 'soon' }, 'lockout_counter_reset_duration: expected seconds'],
])('tuning to %j is refused', async (config, message) => {
  const { status, json } = await host.send('POST', 'sys/auth/userpass/tune', { user_lockout_config: config });
  expect([status, json.errors[0]]).toEqual([400, expect.stringContaining(message)]);
});

test('an engine has no lockout to tune', async () => {
  const { status } = await host.send('POST', 'sys/mounts/secret/tune', { user_lockout_config: { lockout_disable: true } });
  expect(status).toBe(400);
});

test('what counts no more is swept away', async () => {
  await fail(2);
  pass(1800);
  await host.server.housekeeping?.sweep();
  if (host.server.unsealed === undefined) throw new Error('sealed');
  const tx = new Transaction(host.server.unsealed);
  expect([await tx.list('core/lockout/try/'), await tx.list('core/lockout/end/')]).toEqual([[], []]);
});

test('failures and locks survive a restart', async () => {
  const other = `${user}-other`;
  await host.send('POST', `auth/userpass/users/${other}`, { password: 'right' });
  await fail(5);
  await fail(4, other);
  await host.server.stop();
  const server = new Server(testOptions(new KeptLines(), { wallClock: () => now, directory }));
  await server.start();
  host = { ...host, server, send: hostSender(server, host.rootToken) };
  expect(await logIn('right')).toMatchObject(locked);
  await fail(1, other);
  expect(await logIn('right', other)).toMatchObject(locked);
});
