/** Logins: who is trying, the token that the host makes of what the auth method said, and the check before it is renewed. */
import { StrongroomError } from '../errors.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { type Granted, grantTtl, type TtlBounds } from '../identity/lifetime.ts';
import type { CountedTry } from '../identity/lockout.ts';
import { followLogin } from '../identity/group-members.ts';
import { entityInGroups } from '../identity/login-entity.ts';
import type { StoredToken, TokenLogin, TokenRecord, TokenType } from '../identity/token.ts';
import { chosenType } from '../identity/token-role.ts';
import { lockoutOf, type Mount, readMounts, tokenTypeOfMount } from '../mounts/mount-table.ts';
import type { PathParams } from '@strongroom/sdk-plugin/hosting';
import { RequestPasswords } from '../runner/passwords.ts';
import type { MadeKeys } from '../runner/plugin-crypto.ts';
import { authBlock } from './auth-block.ts';
import { checkLogin, type CheckedLogin, loginTextMax } from './check-login.ts';
import type { Head } from './head.ts';
import type { AuthBlock } from './host-route.ts';
import type { SystemTtl, Unsealed } from './host.ts';
import { inBoundCidrs } from './identify.ts';
import { callLoginRenewal, type EngineTarget } from './room-call.ts';

/** What a request keeps over its restarts, so that a login is one try and one password check however often it starts again. */
export interface KeptOverRestarts {
  readonly passwords: RequestPasswords;
  readonly keys: MadeKeys;
  readonly counted: CountedTry;
  /** What the host's handler has done outside. */
  effect?: Promise<unknown>;
}

/** A new request's. */
export function keptOverRestarts(unsealed: Unsealed): KeptOverRestarts {
  return { passwords: new RequestPasswords(unsealed.jobs), keys: new Map(), counted: { failed: false } };
}

/** Who is trying: the template of a login operation, filled. @throws StrongroomError `invalid` for a name longer than any */
function aliasOf(template: string, params: PathParams, input: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(params, name) ? params[name] : input[name];
    if (typeof value !== 'string') return '';
    if (value.length > loginTextMax) throw new StrongroomError('invalid', `field ${name}: at most ${loginTextMax} characters`);
    return value;
  });
}

/** The bounds of what is issued at a mount: its own, and the system's where it has none. */
export function mountTtl({ config }: Mount, system: SystemTtl): TtlBounds {
  const maxTtl = config.maxLeaseTtl || system.maxTtl;
  return { maxTtl, defaultTtl: Math.min(maxTtl, config.defaultLeaseTtl || system.defaultTtl) };
}

/** The lifetime of a login's token. @param increment what a renewal asks for; 0: nothing @throws StrongroomError `invalid` past a maximum */
function grant(mount: Mount, system: SystemTtl, login: CheckedLogin, increment: number, issuedAt: number, now: number): Granted {
  const bounds = mountTtl(mount, system);
  const maxTtl = login.maxTtl > 0 ? Math.min(login.maxTtl, bounds.maxTtl) : bounds.maxTtl;
  const wish = { ttl: increment || login.ttl, explicitMaxTtl: login.explicitMaxTtl, period: login.period };
  return grantTtl(wish, { maxTtl, defaultTtl: Math.min(maxTtl, bounds.defaultTtl) }, issuedAt, now);
}

function tokenPolicies({ policies, noDefaultPolicy }: CheckedLogin): readonly string[] {
  return [...new Set(noDefaultPolicy ? policies : [...policies, 'default'])].sort();
}

function tokenLogin(mount: Mount, login: CheckedLogin): TokenLogin {
  const { alias, displayName, policies, groups, noDefaultPolicy, data } = login;
  return { mountId: mount.id, alias, displayName, policies, groups, noDefaultPolicy, data };
}

/** What the mount says, and the login where it may. @throws StrongroomError `invalid` for a batch token that would have a limit it can't keep */
function typeOfLogin(mount: Mount, login: CheckedLogin): TokenType {
  const type = chosenType(tokenTypeOfMount(mount), login.tokenType);
  if (type === 'batch' && login.numUses > 0)
    throw new StrongroomError(
      'invalid',
      'batch tokens cannot have "num_uses" set, as this login wants; the token_type of its mount or role is batch',
    );
  return type;
}

/** `userpass-bob`: the mount's path below `auth/`, and who it is. */
function displayNameOf(mount: Mount, login: CheckedLogin): string {
  return `${mount.path.slice('auth/'.length).replaceAll('/', '-')}${login.displayName}`.replace(/-$/, '');
}

/**
 * Runs an operation; one that is a login, as a try that the lockout counts.
 * @throws StrongroomError `denied` while whoever tries is locked out; whatever the operation throws
 */
export function countedByLockout<T>(
  unsealed: Unsealed,
  { mount, operation, params }: EngineTarget,
  { counted }: KeptOverRestarts,
  input: Readonly<Record<string, unknown>>,
  run: () => Promise<T>,
): Promise<T> {
  if (operation.alias === undefined) return run();
  if (mount.class !== 'auth') throw new StrongroomError('internal', 'the plugin declares a login, and is no auth method');
  const trier = { mountId: mount.id, alias: aliasOf(operation.alias, params, input) };
  return unsealed.lockout.guard(trier, lockoutOf(mount), counted, run);
}

/** The token of an operation's answer; none when it says of no login. @throws StrongroomError as for `issueLogin` */
export async function tokenOfLogin(
  unsealed: Unsealed,
  system: SystemTtl,
  { mount, operation }: EngineTarget,
  facts: { readonly head: Head; readonly tx: Transaction },
  reply: { readonly login?: unknown } | undefined,
): Promise<{ readonly auth: AuthBlock | undefined; readonly warnings: readonly string[] }> {
  if (reply?.login === undefined) return { auth: undefined, warnings: [] };
  if (operation.alias === undefined) throw new StrongroomError('internal', 'the plugin answered a login where it declares none');
  return issueLogin(unsealed, system, mount, facts, reply.login);
}

/** Whose login it is; nobody's where the method names no alias. */
async function identified(tx: Transaction, mount: Mount, login: CheckedLogin, now: number): Promise<{ readonly entityId?: string }> {
  const { alias, metadata, groups } = login;
  if (alias === '') return {};
  return { entityId: (await entityInGroups(tx, now, { accessor: mount.accessor, alias, metadata, groups })).id };
}

/**
 * Makes the token of a login, inside its transaction.
 * @throws StrongroomError `denied` from an address that the login is not bound to; `invalid`, `internal` for what no login may say
 */
async function issueLogin(
  unsealed: Unsealed,
  system: SystemTtl,
  mount: Mount,
  { head, tx }: { readonly head: Head; readonly tx: Transaction },
  said: unknown,
): Promise<{ readonly auth: AuthBlock; readonly warnings: readonly string[] }> {
  const login = checkLogin(said);
  const now = unsealed.clock.now();
  const { ttl, expiresAt, warnings } = grant(mount, system, login, 0, now, now);
  const facts = {
    ...(await identified(tx, mount, login, now)),
    policies: tokenPolicies(login),
    path: head.path,
    displayName: displayNameOf(mount, login),
    meta: Object.keys(login.metadata).length === 0 ? null : login.metadata,
    createdAt: now,
    issueTtl: ttl,
    boundCidrs: login.boundCidrs,
  };
  const { tokens } = unsealed;
  const made =
    typeOfLogin(mount, login) === 'batch'
      ? tokens.createBatch({ ...facts, loginMountId: mount.id }, undefined)
      : await tokens.create(
          tx,
          {
            ...facts,
            expiresAt,
            explicitMaxTtl: login.explicitMaxTtl,
            period: login.period,
            renewable: login.renewable,
            orphan: true,
            usesLeft: login.numUses,
            login: tokenLogin(mount, login),
          },
          undefined,
        );
  if (!inBoundCidrs(made.record, head.incoming.remoteAddress)) throw new StrongroomError('denied', 'permission denied');
  return { auth: await authBlock(unsealed, tx, made.token, made.record, ttl), warnings };
}

/**
 * Asks the auth method whether a token may still be renewed, and gives its record as it is from then on.
 * @throws StrongroomError whatever the method refuses with; `invalid` past the maximum
 */
export async function renewLogin(
  unsealed: Unsealed,
  system: SystemTtl,
  tx: Transaction,
  { record }: StoredToken,
  made: TokenLogin,
  increment: number,
): Promise<{ readonly record: TokenRecord; readonly granted: Granted }> {
  const mount = (await readMounts(tx)).mounts.find(({ id }) => id === made.mountId);
  if (mount === undefined) throw new StrongroomError('invalid', 'the auth method that made the token is gone, not renewing');
  const { alias, displayName, policies, data } = made;
  const said = await callLoginRenewal(unsealed, mount, tx, { alias, displayName, policies, metadata: record.meta ?? {}, data });
  const login = checkLogin(said);
  const now = unsealed.clock.now();
  // A token of before there were entities stays without one.
  const identity = record.entityId === undefined ? undefined : await unsealed.identities.of(tx, record.entityId);
  if (identity !== undefined) await followLogin(tx, identity.entity.id, mount.accessor, login.groups);
  // The explicit maximum is a promise made at the login: a renewal can't lift it.
  const explicitMaxTtl = record.explicitMaxTtl || login.explicitMaxTtl;
  const granted = grant(mount, system, { ...login, explicitMaxTtl }, increment, record.createdAt, now);
  return {
    granted,
    record: {
      ...record,
      policies: tokenPolicies(login),
      explicitMaxTtl,
      period: login.period,
      boundCidrs: login.boundCidrs,
      login: tokenLogin(mount, login),
    },
  };
}
