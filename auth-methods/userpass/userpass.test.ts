import { PluginError } from '@strongroom/sdk-plugin';
import { TestMount } from '@strongroom/sdk-plugin/testing';
import { authMethodContract } from '@strongroom/sdk-plugin/testing/auth-method-contract';
import { engineContract } from '@strongroom/sdk-plugin/testing/engine-contract';
import { beforeEach, describe, expect, test } from 'vitest';
import userpass from './index.ts';
import { passwordMax, usernameMax } from './user.ts';

authMethodContract('userpass', {
  method: userpass,
  allow: async (mount, policies) => {
    await mount.call('update', 'users/alice', { password: 'correct horse', token_policies: policies });
  },
  remove: async (mount) => {
    await mount.call('delete', 'users/alice');
  },
  right: { path: 'login/alice', input: { password: 'correct horse' } },
  wrong: { path: 'login/alice', input: { password: 'battery staple' } },
  unknown: { path: 'login/bob', input: { password: 'battery staple' } },
});

engineContract(userpass, {
  examples: [
    {
      verb: 'update',
      path: 'users/Alice',
      input: { password: 'p', token_policies: 'dev', token_bound_cidrs: '10.0.0.1', token_type: 'default' },
    },
    { verb: 'read', path: 'users/alice' },
    { verb: 'list', path: 'users/', data: { keys: ['alice'] } },
    { verb: 'update', path: 'login/alice', input: { password: 'q' }, refused: 'credentials' },
    { verb: 'update', path: 'login/alice', input: { password: 'p' } },
    { verb: 'update', path: 'users/alice/password', input: { password: 'q' } },
    { verb: 'update', path: 'users/alice/policies', input: { token_policies: ['ops'] } },
    { verb: 'update', path: 'login/ALICE', input: { password: 'q' } },
    { verb: 'delete', path: 'users/alice' },
  ],
});

let mount: TestMount;
beforeEach(() => {
  mount = new TestMount(userpass, { path: 'auth/userpass/', options: {} });
});

const write = (name: string, input: object): Promise<unknown> => mount.call('update', `users/${name}`, { ...input });
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof PluginError ? `${error.code}: ${error.message}` : error),
  );

const unset = {
  token_bound_cidrs: [],
  token_explicit_max_ttl: 0,
  token_max_ttl: 0,
  token_no_default_policy: false,
  token_num_uses: 0,
  token_period: 0,
  token_policies: [],
  token_ttl: 0,
  token_type: 'default',
};

describe('a user', () => {
  test('is written with a password and read back without it', async () => {
    expect(mount.exists('users/alice')).toBe(false);
    expect(await write('alice', { password: 'p' })).toBeUndefined();
    expect(mount.exists('users/alice')).toBe(true);
    expect(await mount.data('read', 'users/alice')).toEqual(unset);
    const stored = [...mount.entries.values()].map((value) => Buffer.from(value).toString()).join('');
    expect(stored).toContain('$argon2id$');
    expect(stored).not.toContain('"p"');
  });

  test('keeps every setting that a later write leaves out, its password too', async () => {
    const settings = {
      token_policies: ['Dev', 'ops', 'dev'],
      token_ttl: 60,
      token_max_ttl: 120,
      token_explicit_max_ttl: 180,
      token_period: 30,
      token_num_uses: 7,
      token_bound_cidrs: ['10.0.0.0/8'],
      token_no_default_policy: true,
      token_type: 'service',
    };
    await write('alice', { password: 'p', ...settings });
    await write('alice', { token_ttl: 90 });
    expect(await mount.data('read', 'users/alice')).toEqual({ ...settings, token_policies: ['dev', 'ops'], token_ttl: 90 });
    expect(await mount.logIn('login/alice', { password: 'p' })).toEqual({
      alias: 'alice',
      displayName: 'alice',
      metadata: { username: 'alice' },
      policies: ['dev', 'ops'],
      ttl: 90,
      maxTtl: 120,
      explicitMaxTtl: 180,
      period: 30,
      numUses: 7,
      boundCidrs: ['10.0.0.0/8'],
      noDefaultPolicy: true,
      tokenType: 'service',
    });
  });

  test('takes the old names of settings and shows them until the new ones are used', async () => {
    await write('alice', { password: 'p', policies: ['dev'], ttl: 60, max_ttl: 120 });
    const old = { policies: ['dev'], ttl: 60, max_ttl: 120 };
    expect(await mount.data('read', 'users/alice')).toEqual({
      ...unset,
      token_policies: ['dev'],
      token_ttl: 60,
      token_max_ttl: 120,
      ...old,
    });
    await write('alice', { token_policies: ['ops'], token_ttl: 50, token_max_ttl: 100 });
    expect(await mount.data('read', 'users/alice')).toEqual({ ...unset, token_policies: ['ops'], token_ttl: 50, token_max_ttl: 100 });
  });

  test('has one name, whatever its case', async () => {
    await write('Alice', { password: 'p' });
    await write('aLICE', { token_ttl: 60 });
    expect([...mount.entries.keys()]).toEqual(['user/alice']);
    expect(await mount.logIn('login/ALICE', { password: 'p' })).toMatchObject({ alias: 'alice', ttl: 60 });
  });

  test.each(['a', '_a-b.c@d_', 'a'.repeat(usernameMax), '0'])('may be called %s', async (name) => {
    expect(await write(name, { password: 'p' })).toBeUndefined();
  });

  test.each([
    ['a'.repeat(usernameMax + 1), `invalid: field username: at most ${usernameMax} characters`],
    ...['-a', 'a-', '.a', 'a.', '@a', 'a b', 'a*', 'a+b', 'é', 'a\u212ab'].map((name): [string, string] => [
      name,
      'invalid: field username: must be letters, digits, _ . @ and -, beginning and ending with a letter, digit or _',
    ]),
  ])('may not be called %s', async (name, expected) => {
    const outcome = await refusal(write(name, { password: 'p' }));
    // The Kelvin sign is a k in lower case: it is that name, not another one that looks like it.
    if (name.includes('\u212a')) expect([...mount.entries.keys()]).toEqual(['user/akb']);
    else expect(outcome).toBe(expected);
  });

  test.each([
    [{}, 'invalid: missing password'],
    [{ password: '' }, 'invalid: field password: must not be empty'],
    [{ password: 'a\ud800' }, 'invalid: field password: must be well-formed Unicode'],
    [{ password: 'p', token_policies: ['root'] }, 'invalid: field token_policies: auth methods cannot create root tokens'],
    [{ password: 'p', policies: ['ROOT'] }, 'invalid: field token_policies: auth methods cannot create root tokens'],
    [{ password: 'p', token_policies: ['a/b'] }, 'invalid: field token_policies: a name must have 1 to 256 characters and no slash'],
    [
      { password: 'p', token_policies: ['x'.repeat(257)] },
      'invalid: field token_policies: a name must have 1 to 256 characters and no slash',
    ],
    [
      { password: 'p', token_policies: Array.from({ length: 257 }, (_, n) => `p${n}`) },
      'invalid: field token_policies: at most 256 policies',
    ],
    [{ password: 'p', token_ttl: 61, token_max_ttl: 60 }, 'invalid: field token_ttl: 61 s is greater than token_max_ttl, 60 s'],
  ])('is refused with %j', async (input, expected) => {
    expect(await refusal(write('alice', input))).toBe(expected);
    expect(mount.entries.size).toBe(0);
  });

  test('is listed in order, by pages, and deleted whether it is there or not', async () => {
    expect(await mount.call('list', 'users/')).toBeUndefined();
    for (const name of ['carol', 'alice', 'bob']) await write(name, { password: 'p' });
    expect(await mount.data('list', 'users/')).toEqual({ keys: ['alice', 'bob', 'carol'] });
    expect(await mount.data('list', 'users/', { after: 'alice', limit: 1 })).toEqual({ keys: ['bob'] });
    await mount.call('delete', 'users/bob');
    await mount.call('delete', 'users/bob');
    expect(await mount.data('list', 'users/')).toEqual({ keys: ['alice', 'carol'] });
    expect(await mount.call('read', 'users/bob')).toBeUndefined();
  });

  test("gets another password, or other policies, by paths of their own; somebody who isn't there gets none", async () => {
    await write('alice', { password: 'p', token_ttl: 60 });
    await mount.call('update', 'users/alice/password', { password: 'q' });
    await mount.call('update', 'users/Alice/policies', { token_policies: ['dev'] });
    expect(await refusal(mount.logIn('login/alice', { password: 'p' }))).toBe('credentials: invalid username or password');
    expect(await mount.logIn('login/alice', { password: 'q' })).toMatchObject({ policies: ['dev'], ttl: 60 });
    await mount.call('update', 'users/alice/policies', { policies: ['ops'] });
    expect(await mount.data('read', 'users/alice')).toMatchObject({ policies: ['ops'], token_policies: ['ops'] });
    for (const path of ['password', 'policies'])
      expect(await refusal(mount.call('update', `users/bob/${path}`, { password: 'p' }))).toBe('invalid: username does not exist');
    expect(await refusal(mount.call('update', 'users/alice/password', { password: '' }))).toMatch('must not be empty');
  });
});

describe('a login', () => {
  test('without a password is no try', async () => {
    for (const input of [{}, { password: '' }]) expect(await refusal(mount.logIn('login/alice', input))).toBe('invalid: missing password');
    expect(mount.passwords.computed).toBe(0);
  });

  test('with a name that nobody can have is like any unknown one', async () => {
    expect(await refusal(mount.logIn('login/a*b', { password: 'p' }))).toBe('credentials: invalid username or password');
    expect(mount.passwords.computed).toBe(1);
  });

  test('with the longest password there may be works', async () => {
    const password = 'é'.repeat(passwordMax);
    await write('alice', { password });
    expect(await mount.logIn('login/alice', { password })).toMatchObject({ alias: 'alice' });
  });
});

test('a renewal is refused when the policies have changed, and takes over other limits', async () => {
  await write('alice', { password: 'p', token_policies: ['dev'], token_ttl: 60 });
  const login = await mount.logIn('login/alice', { password: 'p' });
  await write('alice', { token_ttl: 90 });
  expect(await mount.renew(login)).toMatchObject({ ttl: 90, policies: ['dev'] });
  await write('alice', { token_policies: ['dev', 'ops'] });
  expect(await refusal(mount.renew(login))).toBe('invalid: policies have changed, not renewing');
});
