/** `identity/group-alias…`: the names of external groups at auth methods. */
import type { Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import type { GroupRecord } from '../identity/group.ts';
import { findGroupByAlias, findGroupByAliasAt, groupDirectories, readGroup } from '../identity/group-entries.ts';
import { setGroupAlias } from '../identity/group-store.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { groupAliasData } from './identity-data.ts';
import { aliasPlace, text } from './identity-input.ts';
import { pageInput } from './token-page.ts';

const groupAliasInput = { id: text, name: text, mount_accessor: text, canonical_id: text };
type AliasInput = s.InferFields<typeof groupAliasInput>;

async function byId({ tx }: HostContext, aliasId: string): Promise<GroupRecord> {
  const found = await findGroupByAlias(tx, aliasId);
  if (found === undefined) throw new StrongroomError('invalid', 'no group alias has this id');
  return found;
}

/** Without an id the alias of this name and mount is meant, if there is one. */
async function register(ctx: HostContext, input: AliasInput): Promise<HostReply> {
  const { id = '', name = '', mount_accessor: accessor = '', canonical_id: groupId = '' } = input;
  if (id !== '') return change(ctx, await byId(ctx, id), input);
  const place = await aliasPlace(ctx, name, accessor);
  const found = await findGroupByAliasAt(ctx.tx, place.accessor, place.name);
  if (found !== undefined) return change(ctx, found, input);
  const group = await readGroup(ctx.tx, groupId);
  if (group === undefined) throw new StrongroomError('invalid', 'field canonical_id: no group has this id');
  if (group.alias !== undefined)
    throw new StrongroomError('invalid', 'the group has an alias already: change that one by its id, or delete it');
  return placed(ctx, group, place);
}

/** What the input leaves out stays. */
async function change(ctx: HostContext, group: GroupRecord, input: AliasInput): Promise<HostReply> {
  const owner = input.canonical_id || group.id;
  if (owner !== group.id) throw new StrongroomError('invalid', 'field canonical_id: the alias is that of another group');
  const place = await aliasPlace(ctx, input.name || (group.alias?.name ?? ''), input.mount_accessor || (group.alias?.accessor ?? ''));
  return placed(ctx, group, place);
}

async function placed(
  { tx, unsealed }: HostContext,
  group: GroupRecord,
  place: { readonly name: string; readonly accessor: string },
): Promise<HostReply> {
  const alias = await setGroupAlias(tx, unsealed.clock.now(), group, place);
  return { data: { canonical_id: group.id, id: alias?.id ?? '' } };
}

async function remove({ tx, unsealed }: HostContext, aliasId: string): Promise<HostReply> {
  const group = await findGroupByAlias(tx, aliasId);
  if (group !== undefined) await setGroupAlias(tx, unsealed.clock.now(), group, undefined);
  return { urgent: true };
}

async function list(ctx: HostContext, { after = '', limit = 0 }: s.InferFields<typeof pageInput>): Promise<HostReply | undefined> {
  const keys = await ctx.tx.list(groupDirectories.alias, after, limit || Number.POSITIVE_INFINITY);
  if (keys.length === 0) return undefined;
  const info: Record<string, Json> = {};
  for (const id of keys) {
    const group = await findGroupByAlias(ctx.tx, id);
    const data = group === undefined ? undefined : await groupAliasData(ctx, group);
    if (data !== undefined) info[id] = data;
  }
  return { data: { keys, key_info: info } };
}

/** The routes. */
export const groupAliasRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('identity/group-alias', {
    summary: 'Give an external group its name at an auth method, or change it',
    update: { input: groupAliasInput, handler: (ctx, _, input) => register(ctx, input) },
  }),
  ...hostRoute('identity/group-alias/id', {
    summary: 'List aliases of groups',
    list: { input: pageInput, handler: (ctx, _, input) => list(ctx, input) },
  }),
  ...hostRoute('identity/group-alias/id/{id}', {
    summary: 'Read, change and delete the alias of a group',
    read: {
      handler: async (ctx, { id }) => {
        const group = await findGroupByAlias(ctx.tx, id);
        const data = group === undefined ? undefined : await groupAliasData(ctx, group);
        return data === undefined ? undefined : { data };
      },
    },
    update: { input: groupAliasInput, handler: async (ctx, { id }, input) => change(ctx, await byId(ctx, id), input) },
    delete: { handler: (ctx, { id }) => remove(ctx, id) },
  }),
};
