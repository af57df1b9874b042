/** What look-ups say of a token. */
import type { Json } from '@strongroom/sdk-plugin';
import { secondsLeft } from '../identity/lifetime.ts';
import { type StoredToken, tokenType } from '../identity/token.ts';
import { readTokenRole } from '../identity/token-role.ts';
import type { HostContext, HostReply } from '../request/host-route.ts';
import { rfc3339 } from '../request/time-text.ts';

/** @param id the token's text; '' where the caller did not bring it */
export async function lookupData(ctx: HostContext, id: string, { record }: StoredToken): Promise<HostReply> {
  const { lastRenewedAt, role, entityId } = record;
  const identity = entityId === undefined ? undefined : await ctx.unsealed.identities.of(ctx.tx, entityId);
  const period = (role === undefined ? 0 : ((await readTokenRole(ctx.tx, role))?.period ?? 0)) || record.period;
  const renewal: Readonly<Record<string, Json>> =
    lastRenewedAt === undefined ? {} : { last_renewal: rfc3339(lastRenewedAt), last_renewal_time: Math.floor(lastRenewedAt / 1000) };
  return {
    data: {
      accessor: record.accessor,
      creation_time: Math.floor(record.createdAt / 1000),
      creation_ttl: record.issueTtl,
      display_name: record.displayName,
      entity_id: identity?.entity.id ?? record.entityId ?? '',
      expire_time: record.expiresAt === undefined ? null : rfc3339(record.expiresAt),
      explicit_max_ttl: record.explicitMaxTtl,
      id,
      ...(identity === undefined || identity.policies.length === 0 ? {} : { identity_policies: identity.policies }),
      issue_time: rfc3339(record.createdAt),
      ...renewal,
      meta: record.meta,
      num_uses: Math.max(0, record.usesLeft),
      orphan: record.orphan,
      path: record.path,
      ...(period > 0 ? { period } : {}),
      policies: record.policies,
      renewable: record.renewable,
      ...(role === undefined ? {} : { role }),
      ttl: secondsLeft(record.expiresAt, ctx.unsealed.clock.now()),
      type: tokenType(record),
      ...(record.boundCidrs.length > 0 ? { bound_cidrs: record.boundCidrs } : {}),
    },
  };
}
