/** What every auth method must do, as tests: a method's own test file calls this with one identity that it knows and ways to fail as it. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { AuthMethodDefinition } from '../auth-method.ts';
import { PluginError } from '../errors.ts';
import type { Login } from '../login.ts';
import { TestMount } from './test-mount.ts';

/** A login as a client sends it. */
export interface LoginTry {
  /** Below the mount. */
  readonly path: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** A method, and one identity that it lets in. */
export interface AuthMethodUnderTest {
  readonly method: AuthMethodDefinition;
  /** Makes the identity, with these policies; again to change them. */
  readonly allow: (mount: TestMount, policies: readonly string[]) => Promise<void>;
  /** Removes it. */
  readonly remove: (mount: TestMount) => Promise<void>;
  readonly right: LoginTry;
  /** Of the same identity, with wrong credentials. */
  readonly wrong: LoginTry;
  /** Of an identity that doesn't exist. */
  readonly unknown: LoginTry;
}

async function refusal(promise: Promise<unknown>): Promise<readonly [string, string]> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PluginError) return [error.code, error.message];
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Registers the suite. */
export function authMethodContract(name: string, under: AuthMethodUnderTest): void {
  describe(`the contract of an auth method: ${name}`, () => {
    let mount: TestMount;
    const logIn = ({ path, input }: LoginTry): Promise<Login> => mount.logIn(path, input);
    beforeEach(async () => {
      mount = new TestMount(under.method, { path: `auth/${name}/`, options: {} });
      await under.allow(mount, ['dev']);
    });

    test('has a login that needs no token and says who is trying before any of its code runs', () => {
      const logins = Object.values(under.method.routes).flatMap((route) => [route.update, route.create].flatMap((found) => found ?? []));
      expect(logins.filter(({ alias }) => alias !== undefined).length).toBeGreaterThan(0);
      for (const { path, input } of [under.right, under.wrong, under.unknown]) {
        const { access, alias } = mount.loginOf(path, input);
        expect([access, alias === '']).toEqual(['public', false]);
      }
      expect(mount.loginOf(under.right.path, under.right.input).alias).toBe(mount.loginOf(under.wrong.path, under.wrong.input).alias);
    });

    test('says who logged in and with which policies, and neither makes a token nor keeps anything', async () => {
      const before = [...mount.entries];
      const login = await logIn(under.right);
      expect(login.alias).not.toBe('');
      expect(login.displayName).not.toBe('');
      expect(login.policies).toEqual(['dev']);
      expect(JSON.stringify(login)).not.toMatch(/token"|hvs\./);
      expect([...mount.entries]).toEqual(before);
    });

    test('refuses wrong credentials and unknown identities alike, after the same work', async () => {
      const cost = async (tried: LoginTry): Promise<readonly unknown[]> => {
        const { computed } = mount.passwords;
        return [...(await refusal(logIn(tried))), mount.passwords.computed - computed];
      };
      const [wrong, unknown] = [await cost(under.wrong), await cost(under.unknown)];
      expect(wrong).toEqual(unknown);
      expect(wrong[0]).toBe('credentials');
    });

    test('never repeats what was sent in a refusal', async () => {
      for (const tried of [under.wrong, under.unknown]) {
        const [, message] = await refusal(logIn(tried));
        const sent = Object.values(tried.input).filter((value) => typeof value === 'string');
        expect(sent.filter((value) => message.includes(value))).toEqual([]);
      }
    });

    test('lets a token be renewed while nothing has changed', async () => {
      const login = await logIn(under.right);
      expect(await mount.renew(login)).toEqual(login);
    });

    test('refuses a renewal when the identity is gone', async () => {
      const login = await logIn(under.right);
      await under.remove(mount);
      expect((await refusal(mount.renew(login)))[0]).toBe('invalid');
      expect((await refusal(logIn(under.right)))[0]).toBe('credentials');
    });

    test('never renews to policies that the identity has no more', async () => {
      const login = await logIn(under.right);
      await under.allow(mount, ['ops']);
      const renewed = await mount.renew(login).catch((error: unknown) => error);
      if (!(renewed instanceof PluginError)) expect((renewed as Login).policies).toEqual(['ops']);
      expect((await logIn(under.right)).policies).toEqual(['ops']);
    });
  });
}
