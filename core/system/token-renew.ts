/** Renewals of tokens. */
import { StrongroomError } from '../errors.ts';
import { type Granted, grantTtl } from '../identity/lifetime.ts';
import { type StoredToken, tokenType, type TokenRecord } from '../identity/token.ts';
import { readTokenRole } from '../identity/token-role.ts';
import { readTokenMount } from '../mounts/token-mount.ts';
import { authBlock } from '../request/auth-block.ts';
import type { HostContext, HostReply } from '../request/host-route.ts';
import { mountTtl, renewLogin } from '../request/login.ts';

/**
 * Extends a token. Its period, its explicit maximum and the system's bound it, all counted from its creation. A token that a login made is
 * renewed only while its auth method says so; one that a role made, while there is the role.
 * @param shown its text; '' where the caller did not bring it  @param increment seconds; 0: as at its creation
 */
export async function renewToken(ctx: HostContext, shown: string, token: StoredToken, increment: number): Promise<HostReply> {
  const { record } = token;
  if (tokenType(record) === 'batch') throw new StrongroomError('invalid', 'batch tokens cannot be renewed');
  if (!record.renewable || record.expiresAt === undefined) throw new StrongroomError('invalid', 'lease is not renewable');
  const { login, entityId } = record;
  if (entityId !== undefined) await refuseWithoutEntity(ctx, entityId);
  const { record: next, granted } =
    login === undefined
      ? await extended(ctx, record, increment)
      : await renewLogin(ctx.unsealed, ctx.host.ttl, ctx.tx, token, login, increment);
  const renewed: TokenRecord = { ...next, expiresAt: granted.expiresAt, lastRenewedAt: ctx.unsealed.clock.now() };
  ctx.unsealed.tokens.update(ctx.tx, token, renewed);
  return { auth: await authBlock(ctx.unsealed, ctx.tx, shown, renewed, granted.ttl), warnings: granted.warnings };
}

/** A token is good for nothing without its entity, and is not kept for a time when there might be one again. */
async function refuseWithoutEntity({ unsealed, tx }: HostContext, entityId: string): Promise<void> {
  if ((await unsealed.identities.of(tx, entityId))?.entity.disabled !== false)
    throw new StrongroomError('invalid', 'the entity of the token is gone or disabled, not renewing');
}

async function extended(
  ctx: HostContext,
  record: TokenRecord,
  increment: number,
): Promise<{ readonly record: TokenRecord; readonly granted: Granted }> {
  const period = await periodNow(ctx, record);
  const granted = grantTtl(
    { ttl: increment || record.issueTtl, explicitMaxTtl: record.explicitMaxTtl, period },
    mountTtl(await readTokenMount(ctx.tx), ctx.host.ttl),
    record.createdAt,
    ctx.unsealed.clock.now(),
  );
  return { record: { ...record, period }, granted };
}

/** The role's period as it is today; the explicit maximum is a promise made at the creation, which no change of the role lifts. */
async function periodNow({ tx }: HostContext, { role: name, period }: TokenRecord): Promise<number> {
  if (name === undefined) return period;
  const role = await readTokenRole(tx, name);
  if (role === undefined) throw new StrongroomError('invalid', `original token role "${name}" could not be found, not renewing`);
  return role.period;
}
