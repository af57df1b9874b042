/** `auth/token/create…`: tokens made by tokens, by a role or without one. */
import { StrongroomError } from '../errors.ts';
import { isListed } from '../identity/glob.ts';
import { type Granted, grantTtl, type TtlBounds, type TtlWish } from '../identity/lifetime.ts';
import { entityOfLogin } from '../identity/login-entity.ts';
import { isRoot, type StoredToken, tokenType, type TokenType } from '../identity/token.ts';
import { chosenType, readTokenRole, type TokenRole } from '../identity/token-role.ts';
import type { NewToken } from '../identity/token-store.ts';
import { readTokenMount } from '../mounts/token-mount.ts';
import { authBlock } from '../request/auth-block.ts';
import type { HostContext, HostReply } from '../request/host-route.ts';
import { mountTtl } from '../request/login.ts';
import type { CreateInput } from './token-create-input.ts';
import { newTokenPolicies } from './token-policies.ts';
import { roleNamed } from './token-role-routes.ts';

/** Where the request came to. */
export interface CreatePath {
  /** `create-orphan`: without a parent, and without the right that `no_parent` needs. */
  readonly orphan?: boolean;
  /** As the path names it. */
  readonly role?: string;
}

/** Who makes the token, and by what right. */
interface Maker {
  readonly parent: StoredToken;
  /** Root, or sudo on this very path. */
  readonly trusted: boolean;
  readonly role: TokenRole | undefined;
}

/** Makes a token. @throws StrongroomError `invalid` for what Vault refuses, with its words */
export async function createToken(ctx: HostContext, input: CreateInput, path: CreatePath): Promise<HostReply> {
  const maker = await makerOf(ctx, path.role);
  const { parent, trusted, role } = maker;
  const type = typeOf(input, role);
  checkRights(maker, input);
  const id = chosenId(maker, input.id);
  const asked = { asked: input.policies ?? [], noDefault: input.no_default_policy === true };
  const policies = newTokenPolicies({ ...asked, parent: parent.record, role, trusted });
  const root = policies.includes('root');
  if (type === 'batch' && root) throw new StrongroomError('invalid', 'batch tokens cannot be root tokens');
  const { wish, warnings } = ttlWish(input, role, type);
  const now = ctx.unsealed.clock.now();
  const bounds = mountTtl(await readTokenMount(ctx.tx), ctx.host.ttl);
  const granted = lifetime(bounds, parent, root, wish, now);
  const orphan = role === undefined ? path.orphan === true || input.no_parent === true : role.orphan;
  const endless = granted === undefined;
  const entityId = (await aliasEntity(ctx, role, input.entity_alias)) ?? (orphan ? undefined : parent.record.entityId);
  const facts = {
    policies,
    path: pathOf(path, role),
    displayName: displayNameOf(input.display_name),
    meta: input.meta === undefined || Object.keys(input.meta).length === 0 ? null : { ...input.meta },
    createdAt: now,
    issueTtl: granted?.ttl ?? 0,
    boundCidrs: role !== undefined && role.boundCidrs.length > 0 ? role.boundCidrs : (input.bound_cidrs ?? []),
    ...(role === undefined ? {} : { role: role.name }),
    ...(entityId === undefined ? {} : { entityId }),
  };
  const above = orphan ? undefined : parent;
  const { tokens } = ctx.unsealed;
  const made: NewToken =
    type === 'batch'
      ? tokens.createBatch(facts, above)
      : await tokens.create(
          ctx.tx,
          {
            ...facts,
            ...(endless ? {} : { expiresAt: granted.expiresAt }),
            explicitMaxTtl: wish.explicitMaxTtl,
            period: wish.period,
            renewable: !endless && input.renewable !== false && role?.renewable !== false,
            orphan,
            usesLeft: usesOf(input.num_uses ?? 0, role),
          },
          above,
          id,
        );
  const told = [...warnings, ...(granted?.warnings ?? []), ...(await missingPolicies(ctx, policies))];
  return { auth: await authBlock(ctx.unsealed, ctx.tx, made.token, made.record, granted?.ttl ?? 0), warnings: told };
}

async function makerOf(ctx: HostContext, roleName: string | undefined): Promise<Maker> {
  const parent = ctx.caller;
  if (parent === undefined) throw new StrongroomError('denied', 'permission denied');
  if (tokenType(parent.record) === 'batch') throw new StrongroomError('invalid', 'batch tokens cannot create more tokens');
  if (parent.record.usesLeft !== 0) throw new StrongroomError('invalid', 'restricted use token cannot generate child tokens');
  const role = roleName === undefined ? undefined : await readTokenRole(ctx.tx, roleNamed(roleName));
  if (roleName !== undefined && role === undefined) throw new StrongroomError('invalid', `unknown role ${roleNamed(roleName)}`);
  return { parent, trusted: ctx.sudo || isRoot(parent.record), role };
}

/** What a token of the type can't have is refused, not left out. */
function typeOf(input: CreateInput, role: TokenRole | undefined): TokenType {
  const asked = input.type === undefined || input.type === '' ? undefined : (input.type as TokenType);
  const type = role === undefined ? (asked ?? 'service') : chosenType(role.tokenType, asked);
  if (type === 'service') return type;
  const bad = (['explicit_max_ttl', 'num_uses', 'period'] as const).find((name) => (input[name] ?? 0) > 0);
  if (bad !== undefined) throw new StrongroomError('invalid', `batch tokens cannot have "${bad}" set`);
  if ((input.id ?? '') !== '') throw new StrongroomError('invalid', 'batch tokens cannot have "id" set');
  if ((role?.numUses ?? 0) > 0) throw new StrongroomError('invalid', 'batch tokens cannot have "num_uses" set, as this role does');
  return type;
}

function checkRights({ trusted, role }: Maker, input: CreateInput): void {
  if (trusted) return;
  if (input.no_parent === true && role === undefined)
    throw new StrongroomError('invalid', 'root or sudo privileges required to create orphan token');
  if ((input.period ?? 0) > 0) throw new StrongroomError('invalid', 'root or sudo privileges required to create periodic token');
}

/** The entity that is asked for; a token of none is that of its parent. @throws StrongroomError `invalid` where the role does not allow the alias */
async function aliasEntity(ctx: HostContext, role: TokenRole | undefined, alias = ''): Promise<string | undefined> {
  if (alias === '') return undefined;
  if (role === undefined) throw new StrongroomError('invalid', "'entity_alias' is only allowed in combination with token role");
  if (!isListed(alias.toLowerCase(), role.allowedEntityAliases, role.allowedEntityAliases))
    throw new StrongroomError('invalid', "invalid 'entity_alias' value");
  const { accessor } = await readTokenMount(ctx.tx);
  return (await entityOfLogin(ctx.tx, ctx.unsealed.clock.now(), { accessor, alias })).id;
}

function chosenId({ trusted }: Maker, id = ''): string | undefined {
  if (id === '') return undefined;
  if (!trusted) throw new StrongroomError('invalid', 'root or sudo privileges required to specify token id');
  for (const prefix of ['hvs.', 's.'])
    if (id.startsWith(prefix)) throw new StrongroomError('invalid', `custom token ID cannot have the '${prefix}' prefix`);
  if (id.includes('.')) throw new StrongroomError('invalid', "custom token ID cannot have the '.' in the value");
  // It has to survive as a header.
  if (!/^[\x21-\x7e]+$/.test(id)) throw new StrongroomError('invalid', 'field id: must be printable ASCII without spaces');
  return id;
}

/** What the request and its role want together: the lesser of what both name. */
function ttlWish(input: CreateInput, role: TokenRole | undefined, type: TokenType): { wish: TtlWish; warnings: readonly string[] } {
  const warnings: string[] = [];
  const lesser = (asked: number, ofRole: number, what: string): number => {
    if (asked === 0 || ofRole === 0) return asked || ofRole;
    const least = Math.min(asked, ofRole);
    warnings.push(`${what} specified both during creation call and in role; using the lesser value of ${least} seconds`);
    return least;
  };
  const wish = {
    ttl: input.ttl ?? input.lease ?? 0,
    explicitMaxTtl: lesser(input.explicit_max_ttl ?? 0, role?.explicitMaxTtl ?? 0, 'Explicit max TTL'),
    // Nothing renews a batch token, so that it can have no period.
    period: type === 'batch' ? 0 : lesser(input.period ?? 0, role?.period ?? 0, 'Period'),
  };
  return { wish, warnings };
}

/** Only a root token may live for ever (undefined), and only if its parent does. */
function lifetime(bounds: TtlBounds, parent: StoredToken, root: boolean, wish: TtlWish, now: number): Granted | undefined {
  if (!root || wish.ttl > 0 || wish.period > 0) return grantTtl(wish, bounds, now, now);
  if (wish.explicitMaxTtl > 0) return grantTtl({ ...wish, ttl: wish.explicitMaxTtl }, bounds, now, now);
  if (parent.endsAt !== undefined) throw new StrongroomError('invalid', 'expiring root tokens cannot create non-expiring root tokens');
  return undefined;
}

function usesOf(asked: number, role: TokenRole | undefined): number {
  const ofRole = role?.numUses ?? 0;
  return asked === 0 || ofRole === 0 ? asked || ofRole : Math.min(asked, ofRole);
}

function pathOf({ orphan }: CreatePath, role: TokenRole | undefined): string {
  if (role === undefined) return orphan === true ? 'auth/token/create-orphan' : 'auth/token/create';
  return `auth/token/create/${role.name}${role.pathSuffix === '' ? '' : `/${role.pathSuffix}`}`;
}

function displayNameOf(name = ''): string {
  return name === '' ? 'token' : `token-${name}`.replace(/[^A-Za-z0-9-]/g, '-').replace(/-$/, '');
}

async function missingPolicies(ctx: HostContext, policies: readonly string[]): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const name of policies) {
    if (name !== 'root' && (await ctx.unsealed.policies.read(ctx.tx, name)) === undefined) warnings.push(`Policy "${name}" does not exist`);
  }
  return warnings;
}
