/** What answers say of entities, groups and their aliases. */
import type { Json } from '@strongroom/sdk-plugin';
import type { EntityAlias, EntityRecord } from '../identity/entity.ts';
import type { GroupRecord } from '../identity/group.ts';
import { memberEntities } from '../identity/group-members.ts';
import { neighbours } from '../identity/group-nesting.ts';
import type { HostContext } from '../request/host-route.ts';
import { rfc3339 } from '../request/time-text.ts';
import { authMountOf } from './identity-input.ts';

type Data = Readonly<Record<string, Json>>;

function times({ createdAt, updatedAt }: { readonly createdAt: number; readonly updatedAt: number }): Data {
  return { creation_time: rfc3339(createdAt), last_update_time: rfc3339(updatedAt) };
}

function orNull(pairs: Readonly<Record<string, string>>): Json {
  return Object.keys(pairs).length === 0 ? null : pairs;
}

/** The mount of an alias; empty when there is none any more. */
async function mountData(ctx: HostContext, accessor: string): Promise<Data> {
  const mount = await authMountOf(ctx, accessor);
  return { mount_accessor: accessor, mount_path: mount?.path ?? '', mount_type: mount?.type ?? '' };
}

/** What lists say of an alias. */
export async function aliasOutline(ctx: HostContext, canonicalId: string, alias: EntityAlias): Promise<Data> {
  return {
    canonical_id: canonicalId,
    custom_metadata: orNull(alias.customMetadata),
    id: alias.id,
    local: false,
    metadata: orNull(alias.metadata),
    name: alias.name,
    ...(await mountData(ctx, alias.accessor)),
  };
}

/** An alias of an entity. */
export async function aliasData(ctx: HostContext, canonicalId: string, alias: EntityAlias): Promise<Data> {
  const merged = alias.mergedFrom.length === 0 ? null : alias.mergedFrom;
  return { ...(await aliasOutline(ctx, canonicalId, alias)), ...times(alias), merged_from_canonical_ids: merged, namespace_id: 'root' };
}

/** An entity. */
export async function entityData(ctx: HostContext, entity: EntityRecord): Promise<Data> {
  const identity = await ctx.unsealed.identities.of(ctx.tx, entity.id);
  const direct = (identity?.direct ?? []).map(({ id }) => id);
  const inherited = (identity?.inherited ?? []).map(({ id }) => id);
  return {
    aliases: await Promise.all(entity.aliases.map((alias) => aliasData(ctx, entity.id, alias))),
    ...times(entity),
    direct_group_ids: direct,
    disabled: entity.disabled,
    group_ids: [...direct, ...inherited],
    id: entity.id,
    inherited_group_ids: inherited,
    merged_entity_ids: entity.merged.length === 0 ? null : entity.merged,
    metadata: orNull(entity.metadata),
    name: entity.name,
    namespace_id: 'root',
    policies: entity.policies,
  };
}

/** The alias of a group; undefined when it has none. */
export async function groupAliasData(ctx: HostContext, { id: groupId, alias }: GroupRecord): Promise<Data | undefined> {
  if (alias === undefined) return undefined;
  const { id, name, accessor } = alias;
  const facts = { canonical_id: groupId, id, metadata: null, merged_from_canonical_ids: null, name, namespace_id: 'root' };
  return { ...facts, ...times(alias), ...(await mountData(ctx, accessor)) };
}

/** A group. */
export async function groupData(ctx: HostContext, group: GroupRecord): Promise<Data> {
  const [entities, groups, parents] = await Promise.all([
    memberEntities(ctx.tx, group),
    neighbours(ctx.tx, 'children', group.id),
    neighbours(ctx.tx, 'parents', group.id),
  ]);
  return {
    alias: (await groupAliasData(ctx, group)) ?? {},
    ...times(group),
    id: group.id,
    member_entity_ids: entities,
    member_group_ids: groups,
    metadata: orNull(group.metadata),
    name: group.name,
    namespace_id: 'root',
    parent_group_ids: parents,
    policies: group.policies,
    type: group.type,
  };
}
